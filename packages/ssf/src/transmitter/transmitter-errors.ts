import { type ErrorTable, errorFactory, isRtaError, type RtaError } from '@rta/core';

/** Error codes of the transmitter. Those with a status are what a receiver is answered. */
export const SSF_TRANSMITTER_ERRORS = {
  RTA_SSF_STREAM_REQUEST: {
    summary: 'the request is not one that the stream management API takes',
    remedy: 'see the message for the member; SSF 1.0 §8.1 has the requests, RFC 8936 §2.4 those that poll',
    retryable: false,
    httpStatus: 400,
  },
  RTA_SSF_STREAM_TOKEN: {
    summary: 'the request has no access token that is good here',
    remedy:
      'send `Authorization: Bearer` with a token for this transmitter; never in the URL (RFC 6750 §2.1)',
    retryable: false,
    httpStatus: 401,
  },
  RTA_SSF_STREAM_SCOPE: {
    summary: 'the access token does not have the scope that the request needs',
    remedy: 'ask for `ssf.read` to read, and for `ssf.manage` to change',
    retryable: false,
    httpStatus: 403,
  },
  RTA_SSF_NO_SUCH_STREAM: {
    summary: 'this receiver has no such stream',
    remedy: 'list your streams, or create one',
    retryable: false,
    httpStatus: 404,
  },
  RTA_SSF_STREAM_METHOD: {
    summary: 'the resource does not have this method',
    remedy: 'see the header Allow',
    retryable: false,
    httpStatus: 405,
  },
  RTA_SSF_STREAM_COUNT: {
    summary: 'there are as many streams as there may be',
    remedy: 'use or delete one of those that are there',
    retryable: false,
    httpStatus: 409,
  },
  RTA_SSF_STREAM_BODY: {
    summary: 'the body is larger than the stream management API reads',
    remedy: 'send fewer events, subjects or acknowledgements at once',
    retryable: false,
    httpStatus: 413,
  },
  RTA_SSF_STREAM_RATE: {
    summary: 'verifications are asked for too often',
    remedy: 'wait for `min_verification_interval` seconds',
    retryable: true,
    httpStatus: 429,
  },
  RTA_SSF_TRANSMITTER_UNAVAILABLE: {
    summary: 'the transmitter cannot answer now',
    remedy: 'try again; the operator finds the cause in the diagnostics',
    retryable: true,
    httpStatus: 503,
  },
  RTA_SSF_STREAM_FULL: {
    summary: 'the stream was disabled, since more waits in it than it may hold',
    remedy: 'the receiver enables the stream again and takes what comes; what waited is lost to it',
    retryable: false,
  },
  RTA_SSF_NOT_DELIVERED: {
    summary: 'a security event could not be delivered',
    remedy:
      'see `details` for the stream and for what its receiver answered; it is tried again unless that was 400',
    retryable: true,
  },
  RTA_SSF_NOT_EMITTED: {
    summary: 'a security event could not be kept for one of the streams that it was for',
    remedy: 'see the cause: the store, or the key that signs',
    retryable: true,
  },
} as const satisfies ErrorTable;

/** Codes of {@link SSF_TRANSMITTER_ERRORS}. */
export type SsfTransmitterErrorCode = keyof typeof SSF_TRANSMITTER_ERRORS;

export const transmitterError = errorFactory(SSF_TRANSMITTER_ERRORS);

/** Whether an error is one of the transmitter's. */
export function isTransmitterError(error: unknown): error is RtaError<SsfTransmitterErrorCode> {
  return isRtaError(error) && Object.hasOwn(SSF_TRANSMITTER_ERRORS, error.code);
}
