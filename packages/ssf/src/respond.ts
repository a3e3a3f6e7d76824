import type { RtaError } from '@rta/core';
import type { SsfErrorCode } from './errors.ts';

/** The answer to a push, for whatever HTTP server is in use. */
export interface PushResponse {
  readonly status: 202 | 400 | 401 | 413 | 415 | 429 | 503;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON text; null for an empty body. */
  readonly body: string | null;
}

/** Error codes of the IANA registry for Security Event Tokens. @see RFC 8935 §2.4, §7.1; SSF 1.0 §8.1.4.1 */
type SetErrorCode =
  | 'invalid_request'
  | 'invalid_key'
  | 'invalid_issuer'
  | 'invalid_audience'
  | 'authentication_failed'
  | 'invalid_state';

type Answer =
  | { readonly status: 400 | 401; readonly err: SetErrorCode }
  | { readonly status: 413 | 415 | 429 | 503 };

const ANSWERS: Readonly<Record<SsfErrorCode, Answer>> = {
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

/** When to come again after a failure that may pass: soon, since a revocation waits. */
const RETRY_AFTER_SECONDS = '5';

/** The event is safe with us. @see RFC 8935 §2.2 */
export function acknowledge(): PushResponse {
  return { status: 202, headers: {}, body: null };
}

/**
 * The event was not taken. A fault of the token is told as RFC 8935 §2.3 demands, by the error's message, which
 * holds nothing of the token; its cause and details stay here.
 */
export function refuse(error: RtaError<SsfErrorCode>): PushResponse {
  const answer = ANSWERS[error.code];
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
