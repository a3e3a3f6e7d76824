import { type ErrorTable, errorFactory, isRtaError, type RtaError } from '@rta/core';

/** Error codes of requests to other parties, made by {@link createGuardedFetch}. */
export const SSF_HTTP_ERRORS = {
  RTA_SSF_URL_REFUSED: {
    summary: 'the URL is not one that this side sends requests to',
    remedy: 'use https, without user name and password; http only for the loopback interface in development',
    retryable: false,
  },
  RTA_SSF_ADDRESS_REFUSED: {
    summary: 'the host has no public address',
    remedy:
      'a host that another party names must be public; name it in the configuration, or allow private addresses',
    retryable: false,
  },
  RTA_SSF_REDIRECT: {
    summary: 'the answer is a redirect',
    remedy: 'have the other side name the final URL: a redirect could take a token or a secret elsewhere',
    retryable: false,
  },
  RTA_SSF_ANSWER_TOO_LARGE: {
    summary: 'the answer is larger than this side reads',
    remedy: 'see docs/limits.md for what is read, and ask the other side why it says more',
    retryable: false,
  },
  RTA_SSF_UNREACHABLE: {
    summary: 'the request got no answer',
    remedy:
      'look at `details.reason` and the cause: the name, the network, the certificate, or the time it takes',
    retryable: true,
  },
} as const satisfies ErrorTable;

/** Codes of {@link SSF_HTTP_ERRORS}. */
export type SsfHttpErrorCode = keyof typeof SSF_HTTP_ERRORS;

export const ssfHttpError = errorFactory(SSF_HTTP_ERRORS);

/** Whether an error is one of a request to another party. */
export function isSsfHttpError(error: unknown): error is RtaError<SsfHttpErrorCode> {
  return isRtaError(error) && Object.hasOwn(SSF_HTTP_ERRORS, error.code);
}
