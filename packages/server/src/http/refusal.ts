import { STATUS_CODES } from 'node:http';
import { AUTHORITY_ERRORS } from '@rta/authority';
import { type ErrorTable, isRtaError, type RtaError } from '@rta/core';
import { DPOP_ALGORITHMS, IDP_ERRORS, type NonceIssuer, oauthErrorOf } from '@rta/idp';
import type { Context } from 'hono';
import { reportFault } from '../diagnostics.ts';
import { SERVER_ERRORS } from '../errors.ts';

/** How a request of an administrator or a backend is refused, whatever the shape of the answer. */
export interface Refusal {
  readonly status: number;
  /** Code of the error; undefined where the node failed. */
  readonly code: string;
  /** What the error table says, never what the message says: nothing of the request gets out (invariant I10). */
  readonly summary: string;
  readonly headers: Readonly<Record<string, string>>;
}

const TABLE: ErrorTable = { ...AUTHORITY_ERRORS, ...IDP_ERRORS, ...SERVER_ERRORS };

/** @see RFC 6750 §3, RFC 9449 §7.1, §9, RFC 9470 §3 */
function refusalAnswer(error: unknown, nonces: NonceIssuer): Refusal {
  if (!isRtaError(error)) {
    reportFault('http', error);
    return refusal('RTA_SERVER_INTERNAL', 500);
  }
  if (error.code.startsWith('RTA_IDP_DPOP_')) {
    const { error: kind } = oauthErrorOf(error, nonces);
    return refusal(error.code, 401, challenge('DPoP', { algs: DPOP_ALGORITHMS.join(' '), error: kind }));
  }
  switch (error.code) {
    case 'RTA_SERVER_ADMIN_TOKEN': {
      // RFC 6750 §3.1: who brought no token at all is told nothing but how to.
      const kind = error.cause === undefined ? {} : { error: 'invalid_token' };
      const schemes = [
        challenge('Bearer', kind),
        challenge('DPoP', { algs: DPOP_ALGORITHMS.join(' '), ...kind }),
      ];
      return refusal(error.code, 401, schemes.join(', '));
    }
    case 'RTA_SERVER_ADMIN_SCOPE':
      return refusal(error.code, 403, challenge('Bearer', { error: 'insufficient_scope' }));
    case 'RTA_SERVER_ADMIN_STEP_UP':
      return refusal(error.code, 401, challenge('Bearer', stepUpOf(error)));
    default:
      // Errors of ports (store, broker) say which they are; what their messages say is for the operator.
      if (error.httpStatus === 500) reportFault('http', error);
      return refusal(error.code, error.httpStatus);
  }
}

/** An answer as RFC 9457 has it. */
export function problemAnswer(context: Context, error: unknown, nonces: NonceIssuer): Response {
  const { status, code, summary, headers } = refusalAnswer(error, nonces);
  const members = isRtaError(error, 'RTA_SERVER_ADMIN_REQUEST') ? error.details['members'] : undefined;
  return context.body(
    JSON.stringify({
      title: STATUS_CODES[status] ?? 'Error',
      status,
      detail: summary,
      code,
      ...(members === undefined ? {} : { members }),
    }),
    status as 400,
    { 'Content-Type': 'application/problem+json', ...headers },
  );
}

/** An answer as RFC 6749 §5.2 and RFC 6750 §3.1 have it. */
export function oauthAnswer(context: Context, error: unknown, nonces: NonceIssuer): Response {
  const { status, code, summary, headers } = refusalAnswer(error, nonces);
  return context.json(
    { error: oauthKind(error, status, nonces), error_description: `${code}: ${summary}` },
    status as 400,
    { ...headers },
  );
}

function oauthKind(error: unknown, status: number, nonces: NonceIssuer): string {
  if (isRtaError(error)) {
    if (error.code.startsWith('RTA_IDP_DPOP_')) return oauthErrorOf(error, nonces).error;
    if (error.code === 'RTA_SERVER_ADMIN_STEP_UP') return 'insufficient_user_authentication';
    if (error.code === 'RTA_SERVER_ADMIN_SCOPE') return 'insufficient_scope';
  }
  if (status === 401) return 'invalid_token';
  if (status === 403) return 'access_denied';
  if (status === 503) return 'temporarily_unavailable';
  return status < 500 ? 'invalid_request' : 'server_error';
}

function refusal(code: string, status: number, authenticate?: string): Refusal {
  const spec = Object.hasOwn(TABLE, code) ? TABLE[code as `RTA_${string}`] : undefined;
  return {
    status,
    code,
    summary: spec?.summary ?? 'something that the node works with failed',
    headers: authenticate === undefined ? {} : { 'WWW-Authenticate': authenticate },
  };
}

function stepUpOf({ details }: RtaError): Readonly<Record<string, string>> {
  const { acrValues, maxAgeS } = details;
  return {
    error: 'insufficient_user_authentication',
    ...(Array.isArray(acrValues) ? { acr_values: acrValues.join(' ') } : {}),
    ...(typeof maxAgeS === 'number' ? { max_age: String(maxAgeS) } : {}),
  };
}

/** A challenge whose values are quoted; what no quoted string may hold (RFC 9110 §5.6.4) is left out. */
function challenge(scheme: string, parameters: Readonly<Record<string, string>>): string {
  const parts = Object.entries(parameters).map(
    ([name, value]) => `${name}="${value.replaceAll(/[^\x20-\x7e]|["\\]/g, '')}"`,
  );
  return parts.length === 0 ? scheme : `${scheme} ${parts.join(', ')}`;
}
