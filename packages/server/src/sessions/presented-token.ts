import { type Authority, authorityError, type Check, type Session } from '@rta/authority';
import type { Clock } from '@rta/core';
import { peekSessionId } from '@rta/token';
import { type Origin, whoOf } from '../audit/audit-record.ts';
import type { AuditTrail } from '../audit/audit-trail.ts';
import { serverError } from '../errors.ts';

/**
 * The session whose current token was presented, on its own connection.
 *
 * @param evenSuspended whether a suspended session may ask for it: it gives rights up, and takes none.
 */
export type PresentToken = (token: Uint8Array, origin: Origin, evenSuspended?: boolean) => Session;

/**
 * Counts what is asked for with a token, besides decisions, as decisions are counted.
 *
 * @throws RtaError `RTA_SERVER_RATE`, which is written down.
 */
export type CountRequest = (session: Session, origin: Origin) => void;

/** Makes the count of a node. */
export function createRequestCount(options: {
  readonly authority: Pick<Authority, 'takeTurn'>;
  readonly audit: AuditTrail;
  readonly clock: Clock;
}): CountRequest {
  const { authority, audit, clock } = options;
  return (session, origin) => {
    if (authority.takeTurn(session.id, clock.now())) return;
    const cause = 'budget-exhausted';
    audit.record({ kind: 'refusal', outcome: 'refused', cause, ...origin, ...whoOf(session) });
    throw serverError('RTA_SERVER_RATE');
  };
}

/**
 * Makes the gate of everything that is asked with a token, besides decisions.
 *
 * It throws RtaError `RTA_SERVER_TOKEN_REFUSED` for a token that is not good here and now and
 * `RTA_AUTHORITY_SESSION_SUSPENDED`, which are written down, and `RTA_SERVER_VIEW_STALE` where the node cannot know.
 */
export function createTokenGate(options: {
  readonly authority: Pick<Authority, 'check'>;
  readonly audit: AuditTrail;
  readonly clock: Clock;
  readonly isFresh: () => boolean;
}): PresentToken {
  const { authority, audit, clock, isFresh } = options;
  return (token, origin, evenSuspended = false) => {
    if (!isFresh()) throw serverError('RTA_SERVER_VIEW_STALE');
    const check: Check = authority.check(peekSessionId(token), token, origin.connection, clock.now());
    if (check.ok) return check.session;
    const isSuspended = check.cause === 'session-suspended';
    if (isSuspended && evenSuspended && check.session !== undefined) return check.session;
    audit.record({
      kind: 'refusal',
      outcome: 'refused',
      cause: check.cause,
      ...origin,
      ...(check.session === undefined ? {} : whoOf(check.session)),
    });
    throw isSuspended
      ? authorityError('RTA_AUTHORITY_SESSION_SUSPENDED')
      : serverError('RTA_SERVER_TOKEN_REFUSED', `the token is refused: ${check.cause}`);
  };
}
