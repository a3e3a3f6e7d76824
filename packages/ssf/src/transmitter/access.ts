import { isRtaError } from '@rta/core';
import { isTransmitterError, type SsfTransmitterErrorCode, transmitterError } from './transmitter-errors.ts';

/** Who asks, and what for. */
export interface StreamAccess {
  /** Name of the receiver: streams belong to one. */
  readonly receiver: string;
  readonly scopes: readonly string[];
}

/** Scopes of the management API. @see CAEP interoperability profile §2.7.3 */
export const STREAM_SCOPE = { read: 'ssf.read', manage: 'ssf.manage' } as const;

/**
 * Says who sends a request: by its header `Authorization`, never by its URL. Undefined where that is nobody known; what
 * it throws is answered with 503.
 */
export type Authorize = (request: Request) => Promise<StreamAccess | undefined>;

/**
 * Checks that a request may do what it wants to do; who may change may also read.
 *
 * @throws RtaError `RTA_SSF_STREAM_TOKEN`, `_SCOPE`, `_UNAVAILABLE`
 */
export async function checkAccess(
  request: Request,
  authorize: Authorize,
  needed: keyof typeof STREAM_SCOPE,
): Promise<StreamAccess> {
  let access: StreamAccess | undefined;
  try {
    access = await authorize(request);
  } catch (cause) {
    throw transmitterError('RTA_SSF_TRANSMITTER_UNAVAILABLE', undefined, { cause });
  }
  if (access === undefined) throw transmitterError('RTA_SSF_STREAM_TOKEN');
  const { scopes } = access;
  const isEnough =
    scopes.includes(STREAM_SCOPE.manage) || (needed === 'read' && scopes.includes(STREAM_SCOPE.read));
  if (!isEnough) throw transmitterError('RTA_SSF_STREAM_SCOPE', undefined, { details: { needed } });
  return access;
}

const OAUTH_ERROR: Partial<Readonly<Record<SsfTransmitterErrorCode, string>>> = {
  RTA_SSF_STREAM_REQUEST: 'invalid_request',
  RTA_SSF_STREAM_TOKEN: 'invalid_token',
  RTA_SSF_STREAM_SCOPE: 'insufficient_scope',
};

/**
 * The answer to a request that failed.
 *
 * @see RFC 6750 §3
 */
export function answerError(request: Request, error: unknown): Response {
  const known = isTransmitterError(error) ? error : transmitterError('RTA_SSF_TRANSMITTER_UNAVAILABLE');
  const { code, httpStatus: status, message, details } = known;
  const headers = new Headers({ 'Cache-Control': 'no-store' });
  if (status === 401 || status === 403) {
    const scope = STREAM_SCOPE[details['needed'] === 'read' ? 'read' : 'manage'];
    // Who shows nothing at all is not told of an error (RFC 6750 §3.1).
    const hasToken = request.headers.has('Authorization');
    const why = status === 403 ? `, error="insufficient_scope", scope="${scope}"` : ', error="invalid_token"';
    headers.set('WWW-Authenticate', `Bearer realm="security events"${hasToken ? why : ''}`);
  }
  const seconds = details['retryAfterSeconds'];
  if (status === 429 || status === 503) headers.set('Retry-After', String(seconds ?? 5));
  const { allow } = details;
  if (status === 405 && typeof allow === 'string') headers.set('Allow', allow);
  const body = {
    error: OAUTH_ERROR[code] ?? code.slice('RTA_SSF_'.length).toLowerCase(),
    error_description: message,
  };
  return Response.json(body, { status, headers });
}

/** Whether an error is one of the store or of another part, and not of the request. */
export function isFault(error: unknown): boolean {
  return !isTransmitterError(error) || (isRtaError(error) && error.httpStatus >= 500);
}
