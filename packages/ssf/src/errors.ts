import { type ErrorTable, errorFactory, isRtaError, type RtaError } from '@rta/core';

/**
 * Error codes of `@rta/ssf`. Those with status 400 are faults of the Security Event Token itself: the transmitter
 * is told and does not send it again (RFC 8935 §2.3, §2.4).
 */
export const SSF_ERRORS = {
  RTA_SSF_TOO_LARGE: {
    summary: 'the Security Event Token is larger than this receiver reads',
    remedy: 'send a smaller one; put long explanations elsewhere',
    retryable: false,
    httpStatus: 413,
  },
  RTA_SSF_MEDIA_TYPE: {
    summary: 'the content type is not application/secevent+jwt',
    remedy: 'push each Security Event Token as RFC 8935 §2.1 says',
    retryable: false,
    httpStatus: 415,
  },
  RTA_SSF_UNAUTHENTICATED: {
    summary: 'the Authorization header is not the one that was agreed with this transmitter',
    remedy:
      "compare `authorization_header` of the stream's delivery with `authorizationHeader` of this transmitter",
    retryable: false,
    httpStatus: 401,
  },
  RTA_SSF_MALFORMED: {
    summary: 'the body is not a compact JWS whose header and payload are I-JSON objects',
    remedy: 'see the message; duplicate member names and deep nesting are refused as well',
    retryable: false,
    httpStatus: 400,
  },
  RTA_SSF_TYPE: {
    summary: 'the header of the token does not say that it is a Security Event Token',
    remedy: 'set `typ` to secevent+jwt, and no `crit` (SSF 1.0 §4.1.1)',
    retryable: false,
    httpStatus: 400,
  },
  RTA_SSF_ISSUER: {
    summary: 'the issuer is not one of the registered transmitters',
    remedy: 'register the transmitter under exactly this `iss`, trailing slash included',
    retryable: false,
    httpStatus: 400,
  },
  RTA_SSF_ALGORITHM: {
    summary: 'the signature algorithm is not one that this transmitter may use',
    remedy: 'sign with RS256 or ES256, or name another algorithm in `algorithms` of this transmitter',
    retryable: false,
    httpStatus: 400,
  },
  RTA_SSF_KEY: {
    summary: "the transmitter's key set has no usable key for this token",
    remedy: 'publish the key before signing with it, name it in `kid`, and use RSA keys of 2048 bits or more',
    retryable: false,
    httpStatus: 400,
  },
  RTA_SSF_SIGNATURE: {
    summary: 'the signature does not verify',
    remedy: 'check that the transmitter signs with the key that it publishes under this `kid`',
    retryable: false,
    httpStatus: 400,
  },
  RTA_SSF_AUDIENCE: {
    summary: 'the token is meant for another receiver',
    remedy: '`aud` must hold a value of `audience` of this transmitter',
    retryable: false,
    httpStatus: 400,
  },
  RTA_SSF_CLAIMS: {
    summary: 'the claims are not those of a Security Event Token',
    remedy: 'see the message for the claim (RFC 8417 §2.2, SSF 1.0 §4.1)',
    retryable: false,
    httpStatus: 400,
  },
  RTA_SSF_TIME: {
    summary: 'the token was issued too long ago, or in the future',
    remedy: 'check the clocks of both sides; raise `setAgeMs` for a transmitter that holds events for longer',
    retryable: false,
    httpStatus: 400,
  },
  RTA_SSF_SUBJECT: {
    summary: 'the subject is not shaped as its format demands',
    remedy: 'see RFC 9493 §3 for the members of each format, and SSF 1.0 §3.3 for complex subjects',
    retryable: false,
    httpStatus: 400,
  },
  RTA_SSF_EVENT: {
    summary: 'the event is not shaped as its type demands',
    remedy: 'see the message for the member, and CAEP 1.0 §3 for its values',
    retryable: false,
    httpStatus: 400,
  },
  RTA_SSF_STATE: {
    summary: 'the verification event answers no request of this receiver',
    remedy: 'echo the `state` of the request, and name the stream as its opaque subject (SSF 1.0 §8.1.4.1)',
    retryable: false,
    httpStatus: 400,
  },
  RTA_SSF_KEYS_UNAVAILABLE: {
    summary: "the transmitter's key set cannot be read now",
    remedy: 'check that `jwksUri` answers with 200 and a JSON Web Key Set from where this receiver runs',
    retryable: true,
    httpStatus: 503,
  },
  RTA_SSF_NOT_ACCEPTED: {
    summary: 'the event could not be made durable',
    remedy: 'look at the cause; the transmitter will send the event again',
    retryable: true,
    httpStatus: 503,
  },
  RTA_SSF_BUSY: {
    summary: 'too many tokens are being received at once',
    remedy: 'send again after the time in Retry-After, and fewer at once',
    retryable: true,
    httpStatus: 429,
  },
  RTA_SSF_CLOSED: {
    summary: 'the receiver is closed',
    remedy: 'send again: another node, or this one after its restart, will take it',
    retryable: true,
    httpStatus: 503,
  },
  RTA_SSF_FRAME: {
    summary: 'what arrived is no frame of rta-ssf/1',
    remedy: 'see the message, and docs/spec/ssf-quic.md §2 for what a frame is',
    retryable: false,
    httpStatus: 400,
  },
} as const satisfies ErrorTable;

/** Codes that `@rta/ssf` uses. */
export type SsfErrorCode = keyof typeof SSF_ERRORS;

export const ssfError = errorFactory(SSF_ERRORS);

/** Whether an error is one of this package's. */
export function isSsfError(error: unknown): error is RtaError<SsfErrorCode> {
  return isRtaError(error) && Object.hasOwn(SSF_ERRORS, error.code);
}
