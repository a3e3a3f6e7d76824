import type { RtaError } from '@rta/core';
import type { SsfErrorCode } from '../errors.ts';

/** The answer to a push, for whatever HTTP server is in use. */
export interface PushResponse {
  readonly status: 202 | 400 | 401 | 413 | 415 | 429 | 503;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON text; null for an empty body. */
  readonly body: string | null;
}

/** Error codes of the IANA registry for Security Event Tokens. @see RFC 8935 §2.4, §7.1; SSF 1.0 §8.1.4.1 */
export type SetErrorCode =
  | 'invalid_request'
  | 'invalid_key'
  | 'invalid_issuer'
  | 'invalid_audience'
  | 'authentication_failed'
  | 'access_denied'
  | 'invalid_state';

/** What is wrong with one token, as `setErrs` of a poll request or of an answer to several tokens has it. */
export interface SetError {
  readonly err: SetErrorCode;
  readonly description: string;
}

type Answer =
  | { readonly status: 400 | 401; readonly err: SetErrorCode }
  | { readonly status: 413 | 415 | 429 | 503 };

const ANSWERS: Readonly<Partial<Record<SsfErrorCode, Answer>>> = {
  RTA_SSF_TOO_LARGE: { status: 413 },
  RTA_SSF_MEDIA_TYPE: { status: 415 },
  RTA_SSF_UNAUTHENTICATED: { status: 401, err: 'authentication_failed' },
  RTA_SSF_MALFORMED: { status: 400, err: 'invalid_request' },
  RTA_SSF_TYPE: { status: 400, err: 'invalid_request' },
  RTA_SSF_ISSUER: { status: 400, err: 'invalid_issuer' },
  RTA_SSF_ALGORITHM: { status: 400, err: 'invalid_key' },
  RTA_SSF_KEY: { status: 400, err: 'invalid_key' },
  RTA_SSF_SIGNATURE: { status: 400, err: 'invalid_key' },
  RTA_SSF_AUDIENCE: { status: 400, err: 'invalid_audience' },
  RTA_SSF_CLAIMS: { status: 400, err: 'invalid_request' },
  RTA_SSF_TIME: { status: 400, err: 'invalid_request' },
  RTA_SSF_SUBJECT: { status: 400, err: 'invalid_request' },
  RTA_SSF_EVENT: { status: 400, err: 'invalid_request' },
  RTA_SSF_STATE: { status: 400, err: 'invalid_state' },
  RTA_SSF_KEYS_UNAVAILABLE: { status: 503 },
  RTA_SSF_NOT_ACCEPTED: { status: 503 },
  RTA_SSF_BUSY: { status: 429 },
  RTA_SSF_CLOSED: { status: 503 },
};

/** The code by which a transmitter is told what is wrong with its token; undefined where it may send it again. */
export function setErrorCode(error: RtaError<SsfErrorCode>): SetErrorCode | undefined {
  const answer = ANSWERS[error.code];
  if (answer !== undefined && 'err' in answer) return answer.err;
  return error.retryable ? undefined : 'invalid_request';
}

/** When to come again after a failure that may pass: soon, since a revocation waits. */
const RETRY_AFTER_SECONDS = '5';

/** Some events are safe with us, and others are wrong. @see draft-deshpande-secevent-http-multi-set-push */
export function acknowledgeEach(
  ack: readonly string[],
  setErrs: Readonly<Record<string, SetError>>,
): PushResponse {
  const hasErrors = Object.keys(setErrs).length > 0;
  return {
    status: 202,
    headers: {
      'Content-Type': 'application/json',
      ...(hasErrors ? { 'Content-Language': 'en' } : {}),
    },
    body: JSON.stringify({ ack, ...(hasErrors ? { setErrs } : {}) }),
  };
}

/** The event is safe with us. @see RFC 8935 §2.2 */
export function acknowledge(): PushResponse {
  return { status: 202, headers: {}, body: null };
}

/**
 * The event was not taken. A fault of the token is told as RFC 8935 §2.3 demands, by the error's message, which
 * holds nothing of the token; its cause and details stay here.
 */
export function refuse(error: RtaError<SsfErrorCode>): PushResponse {
  const answer = ANSWERS[error.code] ?? { status: 503 };
  if (!('err' in answer)) {
    const headers: PushResponse['headers'] = error.retryable ? { 'Retry-After': RETRY_AFTER_SECONDS } : {};
    return { status: answer.status, headers, body: null };
  }
  return {
    status: answer.status,
    headers: {
      'Content-Type': 'application/json',
      'Content-Language': 'en',
      // RFC 9110 §15.5.2
      ...(answer.status === 401 ? { 'WWW-Authenticate': 'Bearer realm="security events"' } : {}),
    },
    body: JSON.stringify({ err: answer.err, description: error.message }),
  };
}
