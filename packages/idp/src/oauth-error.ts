import { isRtaError } from '@rta/core';
import type { NonceIssuer } from './dpop-nonce.ts';
import { IDP_ERRORS, type IdpErrorCode } from './errors.ts';

/** Values of `error` that the exchange answers with. */
export type OAuthErrorCode =
  | 'invalid_request'
  | 'unsupported_grant_type'
  | 'invalid_scope'
  | 'invalid_target'
  | 'invalid_authorization_details'
  | 'invalid_dpop_proof'
  | 'use_dpop_nonce'
  | 'temporarily_unavailable'
  | 'server_error';

/** An error as the token endpoint answers it: status, headers, and the two members of the JSON body. */
export interface OAuthError {
  readonly error: OAuthErrorCode;
  readonly error_description: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * A subject token that is not accepted is `invalid_request`, not `invalid_grant`: RFC 8693 §2.2.2 demands it.
 */
const OAUTH_ERROR: Readonly<Record<IdpErrorCode, OAuthErrorCode>> = {
  RTA_IDP_CLOSED: 'temporarily_unavailable',
  RTA_IDP_UNAVAILABLE: 'temporarily_unavailable',
  RTA_IDP_BUSY: 'temporarily_unavailable',
  RTA_IDP_RESPONSE: 'temporarily_unavailable',
  RTA_IDP_METADATA: 'temporarily_unavailable',
  RTA_IDP_CLIENT_AUTH: 'temporarily_unavailable',
  RTA_IDP_SINGLE_USE: 'temporarily_unavailable',
  RTA_IDP_TOKEN_TYPE: 'invalid_request',
  RTA_IDP_TOKEN_MALFORMED: 'invalid_request',
  RTA_IDP_TOKEN_KIND: 'invalid_request',
  RTA_IDP_ISSUER_UNKNOWN: 'invalid_request',
  RTA_IDP_TOKEN_ALGORITHM: 'invalid_request',
  RTA_IDP_TOKEN_KEY: 'invalid_request',
  RTA_IDP_TOKEN_SIGNATURE: 'invalid_request',
  RTA_IDP_TOKEN_CLAIMS: 'invalid_request',
  RTA_IDP_TOKEN_AUDIENCE: 'invalid_request',
  RTA_IDP_TOKEN_EXPIRED: 'invalid_request',
  RTA_IDP_TOKEN_NOT_YET_VALID: 'invalid_request',
  RTA_IDP_TOKEN_INACTIVE: 'invalid_request',
  RTA_IDP_TOKEN_CONFLICT: 'invalid_request',
  RTA_IDP_TOKEN_BOUND: 'invalid_request',
  RTA_IDP_TOKEN_ACTOR: 'invalid_request',
  RTA_IDP_AGENT: 'invalid_request',
  RTA_IDP_PARAMETER: 'invalid_request',
  RTA_IDP_GRANT_TYPE: 'unsupported_grant_type',
  RTA_IDP_SCOPE: 'invalid_scope',
  RTA_IDP_TARGET: 'invalid_target',
  RTA_IDP_AUTHORIZATION_DETAILS: 'invalid_authorization_details',
  RTA_IDP_DPOP_MISSING: 'invalid_dpop_proof',
  RTA_IDP_DPOP_MALFORMED: 'invalid_dpop_proof',
  RTA_IDP_DPOP_KEY: 'invalid_dpop_proof',
  RTA_IDP_DPOP_ALGORITHM: 'invalid_dpop_proof',
  RTA_IDP_DPOP_SIGNATURE: 'invalid_dpop_proof',
  RTA_IDP_DPOP_TARGET: 'invalid_dpop_proof',
  RTA_IDP_DPOP_TOKEN: 'invalid_dpop_proof',
  RTA_IDP_DPOP_STALE: 'invalid_dpop_proof',
  RTA_IDP_DPOP_REPLAY: 'invalid_dpop_proof',
  RTA_IDP_DPOP_NONCE_MISSING: 'use_dpop_nonce',
  RTA_IDP_DPOP_NONCE: 'use_dpop_nonce',
};

/**
 * What to answer a client for an error of this package. The description is the code and its summary, never the
 * message: nothing of the request, of the token or of this server's inside gets out (invariant I10). Any other error
 * is a `server_error` that says nothing.
 *
 * @param nonces - a new nonce goes along in `DPoP-Nonce` where the client needs one (RFC 9449 §8).
 * @see RFC 6749 §5.2, RFC 8693 §2.2.2, RFC 9396 §5, RFC 9449 §5
 */
export function oauthErrorOf(error: unknown, nonces: Pick<NonceIssuer, 'issue'>): OAuthError {
  const headers = { 'cache-control': 'no-store' };
  if (!isRtaError(error) || !isIdpErrorCode(error.code)) {
    return { error: 'server_error', error_description: 'internal error', status: 500, headers };
  }
  const { summary, httpStatus } = IDP_ERRORS[error.code];
  const oauth = OAUTH_ERROR[error.code];
  return {
    error: oauth,
    error_description: `${error.code}: ${summary}`,
    status: httpStatus,
    headers: oauth === 'use_dpop_nonce' ? { ...headers, 'dpop-nonce': nonces.issue() } : headers,
  };
}

function isIdpErrorCode(code: string): code is IdpErrorCode {
  return Object.hasOwn(IDP_ERRORS, code);
}
