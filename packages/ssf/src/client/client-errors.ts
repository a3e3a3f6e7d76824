import { type ErrorTable, errorFactory, isRtaError, type RtaError } from '@rta/core';

/** Error codes of the receiver as a client: discovery, access tokens, management of streams, polling. */
export const SSF_CLIENT_ERRORS = {
  RTA_SSF_METADATA: {
    summary: "the transmitter's metadata cannot be used",
    remedy: 'see `details.member`; `issuer` must be the configured one to the character (SSF 1.0 §7.2.4)',
    retryable: false,
  },
  RTA_SSF_NOT_OFFERED: {
    summary: 'the transmitter does not offer this operation',
    remedy: 'its metadata names no endpoint for it; do by hand what is needed, or ask its operator',
    retryable: false,
  },
  RTA_SSF_TOKEN_REFUSED: {
    summary: 'the authorization server gives this client no access token',
    remedy: 'check client id, secret and scope, and look at `details.error`',
    retryable: false,
  },
  RTA_SSF_TOKEN_UNAVAILABLE: {
    summary: 'the authorization server gives no access token now',
    remedy: 'look at the cause; it will be asked again',
    retryable: true,
  },
  RTA_SSF_STREAM_REFUSED: {
    summary: 'the transmitter finds fault with the request',
    remedy: 'compare the wanted delivery and events with what its metadata offers',
    retryable: false,
  },
  RTA_SSF_STREAM_UNAUTHENTICATED: {
    summary: 'the transmitter does not take the access token, not even a new one',
    remedy: 'check at the transmitter for which audience and issuer it takes tokens',
    retryable: false,
  },
  RTA_SSF_STREAM_FORBIDDEN: {
    summary: 'this client may not do that to the stream',
    remedy: 'grant it the scopes ssf.read and ssf.manage at the transmitter',
    retryable: false,
  },
  RTA_SSF_STREAM_UNKNOWN: {
    summary: 'the transmitter has no such stream of this client',
    remedy: 'it may have deleted the stream; it is created anew where it is kept by the stream keeper',
    retryable: false,
  },
  RTA_SSF_STREAM_CONFLICT: {
    summary: 'the transmitter allows no further stream to this client',
    remedy: 'use the stream that is there, or delete it first',
    retryable: false,
  },
  RTA_SSF_STREAM_THROTTLED: {
    summary: 'the transmitter wants fewer requests',
    remedy: 'wait for `details.retryAfterMs`, where it says so',
    retryable: true,
  },
  RTA_SSF_STREAM_UNAVAILABLE: {
    summary: 'the transmitter cannot answer now',
    remedy: 'look at `details.status`; it will be asked again',
    retryable: true,
  },
  RTA_SSF_STREAM_ANSWER: {
    summary: 'the answer of the transmitter is not what SSF 1.0 says',
    remedy: 'see the message for what is wrong, and tell the operator of the transmitter',
    retryable: false,
  },
  RTA_SSF_STREAM_ISSUER: {
    summary: 'the stream belongs to another issuer, and is not used',
    remedy: '`iss` of the stream must be the issuer that was asked (SSF 1.0 §8.1.1.1)',
    retryable: false,
  },
  RTA_SSF_STREAM_AUDIENCE: {
    summary: 'the stream is not meant for this receiver, and is not used',
    remedy: 'compare `aud` of the stream with the audience that is expected',
    retryable: false,
  },
  RTA_SSF_STREAM_CLAIMED: {
    summary: 'another node is creating the stream at this moment',
    remedy: 'wait: the stream is looked up again in a moment',
    retryable: true,
  },
  RTA_SSF_STREAM_UNVERIFIED: {
    summary: 'the verification event that was asked for did not arrive in time',
    remedy: 'events do not get through: check the delivery of the stream at the transmitter',
    retryable: true,
  },
  RTA_SSF_POLL_ANSWER: {
    summary: 'the answer to a poll is not what RFC 8936 says',
    remedy: 'see the message; the transmitter is polled again, more slowly',
    retryable: true,
  },
} as const satisfies ErrorTable;

/** Codes of {@link SSF_CLIENT_ERRORS}. */
export type SsfClientErrorCode = keyof typeof SSF_CLIENT_ERRORS;

export const ssfClientError = errorFactory(SSF_CLIENT_ERRORS);

/** Whether an error is one of the receiver as a client. */
export function isSsfClientError(error: unknown): error is RtaError<SsfClientErrorCode> {
  return isRtaError(error) && Object.hasOwn(SSF_CLIENT_ERRORS, error.code);
}
