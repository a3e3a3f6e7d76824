import { type ErrorTable, errorFactory } from '@rta/core';

/** Error codes of `@rta/ssf-sender`. */
export const SENDER_ERRORS = {
  RTA_SENDER_REFUSED: {
    summary: 'the receiver will never accept this token',
    remedy: 'see `err` in the details (RFC 8935 §2.4); what is sent again needs a new `jti`',
    retryable: false,
  },
  RTA_SENDER_TOO_LARGE: {
    summary: 'the token is larger than receivers read',
    remedy: 'send a smaller one; put long explanations elsewhere',
    retryable: false,
  },
  RTA_SENDER_FULL: {
    summary: 'too many tokens wait for an acknowledgement',
    remedy: 'look at `health`: is the receiver reached at all? Send again once tokens were acknowledged',
    retryable: true,
  },
  RTA_SENDER_OUTBOX: {
    summary: 'the outbox did not keep the token, so it was not sent',
    remedy: 'look at the cause, and send again',
    retryable: true,
  },
  RTA_SENDER_CLOSED: {
    summary: 'the sender is closed, and the token was not acknowledged',
    remedy: 'send it again with another sender; one that has the same outbox does so by itself',
    retryable: true,
  },
  RTA_SENDER_PROTOCOL: {
    summary: 'the receiver sent something that is not rta-ssf/1',
    remedy: 'check that the endpoint is one for security events, and of a version that fits',
    retryable: true,
  },
} as const satisfies ErrorTable;

/** Codes that `@rta/ssf-sender` throws. */
export type SenderErrorCode = keyof typeof SENDER_ERRORS;

export const senderError = errorFactory(SENDER_ERRORS);
