import { AUTHORITY_ERRORS, type AuthorityErrorCode } from '@rta/authority';
import { isRtaError } from '@rta/core';
import { type NonceIssuer, type OAuthError, oauthErrorOf } from '@rta/idp';
import { SERVER_ERRORS, type ServerErrorCode } from '../errors.ts';

type ExchangeErrorCode = AuthorityErrorCode | ServerErrorCode;

/** What a token request is refused with, for the codes that an exchange can meet besides those of `@rta/idp`. */
const OAUTH_ERROR: Partial<Readonly<Record<ExchangeErrorCode, OAuthError['error']>>> = {
  RTA_AUTHORITY_SIGN_IN_OLD: 'invalid_request',
  RTA_AUTHORITY_SUBJECT_CUT_OFF: 'invalid_request',
  RTA_AUTHORITY_ACCOUNT_DISABLED: 'invalid_request',
  RTA_AUTHORITY_EXPIRED: 'invalid_request',
  RTA_AUTHORITY_GRANT_EMPTY: 'invalid_scope',
  RTA_AUTHORITY_GRANT_TOO_LARGE: 'invalid_scope',
  RTA_AUTHORITY_PATTERN: 'invalid_scope',
  RTA_AUTHORITY_FULL: 'temporarily_unavailable',
  RTA_AUTHORITY_SESSION_EXISTS: 'temporarily_unavailable',
  RTA_SERVER_TARGET: 'invalid_target',
  RTA_SERVER_OVERLOAD: 'temporarily_unavailable',
  RTA_SERVER_CLOSING: 'temporarily_unavailable',
  RTA_SERVER_VIEW_STALE: 'temporarily_unavailable',
};

const TABLE = { ...AUTHORITY_ERRORS, ...SERVER_ERRORS };

/**
 * The answer to a token request that was refused. Descriptions come from the tables, never from the message, so that
 * nothing of the request gets out (invariant I10).
 *
 * @see RFC 6749 §5.2, RFC 8693 §2.2.2
 */
export function exchangeErrorOf(error: unknown, nonces: NonceIssuer): OAuthError {
  if (isRtaError(error) && isExchangeErrorCode(error.code)) {
    const oauth = OAUTH_ERROR[error.code];
    const { summary } = TABLE[error.code];
    if (oauth !== undefined) {
      return {
        error: oauth,
        error_description: `${error.code}: ${summary}`,
        status: error.httpStatus,
        headers: { 'cache-control': 'no-store' },
      };
    }
  }
  return oauthErrorOf(error, nonces);
}

function isExchangeErrorCode(code: string): code is ExchangeErrorCode {
  return Object.hasOwn(TABLE, code);
}
