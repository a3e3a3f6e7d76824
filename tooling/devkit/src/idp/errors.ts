import { type ErrorTable, errorFactory } from '@rta/core';

/** Error codes of the development IdP and of the browser that signs in at it. */
export const DEV_IDP_ERRORS = {
  RTA_DEVIDP_FULL: {
    summary: 'the development IdP holds as many records as it may',
    remedy: 'start a fresh one: it keeps its state in memory',
    retryable: true,
    httpStatus: 503,
  },
  RTA_DEVIDP_FORM: {
    summary: 'the form cannot be read',
    remedy: 'post application/x-www-form-urlencoded fields, as the page does',
    retryable: false,
    httpStatus: 400,
  },
  RTA_DEVIDP_CREDENTIALS: {
    summary: 'the IdP refused the name or the password',
    remedy: 'pass the email address and the password of one of its users',
    retryable: false,
  },
  RTA_DEVIDP_SIGN_IN: {
    summary: 'the sign-in did not end with tokens',
    remedy: 'see the details and the cause for what the IdP answered',
    retryable: false,
  },
  RTA_DEVIDP_NO_RECEIVER: {
    summary: 'no receiver of security events is set',
    remedy: 'call `deliverTo` before sending events',
    retryable: false,
  },
  RTA_DEVIDP_PUSH: {
    summary: 'the receiver of security events gave no answer',
    remedy: 'check its address, that it runs, and that `ca` names the authority of its certificate',
    retryable: true,
  },
} as const satisfies ErrorTable;

/** Codes that the development IdP throws. */
export type DevIdpErrorCode = keyof typeof DEV_IDP_ERRORS;

/** Makes errors of the development IdP. */
export const devIdpError = errorFactory(DEV_IDP_ERRORS);
