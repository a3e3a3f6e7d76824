import { type Authority, authorityError, type Cause, type Session } from '@rta/authority';
import { type Clock, parseSessionId, type SessionId } from '@rta/core';
import { type ListedSession, type Messages, PROTOCOL_LIMITS } from '@rta/protocol';
import { type Origin, refusalOf, whoOf } from '../audit/audit-record.ts';
import type { AuditTrail } from '../audit/audit-trail.ts';
import { grantOf } from './delegation.ts';
import type { CountRequest, PresentToken } from './presented-token.ts';
import type { SessionKeeper } from './session-keeper.ts';

/** What an agent can do about the sessions that it delegated, itself or through others. */
export interface TreeControl {
  /** @throws RtaError `RTA_SERVER_TOKEN_REFUSED`, `RTA_SERVER_RATE` */
  list(message: Messages['list'], origin: Origin): Messages['listed'];
  /**
   * Takes rights away.
   *
   * @throws RtaError `RTA_SERVER_TOKEN_REFUSED`, `RTA_SERVER_RATE`; `RTA_AUTHORITY_NOT_BELOW`, `_WIDENING`, `_SESSION_ENDED`, and for
   *   grants that make no sense
   */
  narrow(message: Messages['narrow'], origin: Origin): Promise<Session>;
  /**
   * Ends a session and everything below it; kept when it resolves.
   *
   * @throws RtaError `RTA_SERVER_TOKEN_REFUSED`, `RTA_SERVER_RATE`; `RTA_AUTHORITY_NOT_BELOW`
   */
  end(message: Messages['end'], origin: Origin): Promise<SessionId>;
}

/** An answer has to fit into a frame, whatever its names are made of. */
const MAX_LIST_CHARACTERS = PROTOCOL_LIMITS.maxFrameBodyBytes / 4;

/** Makes the control of trees of a node. */
export function createTreeControl(options: {
  readonly authority: Authority;
  readonly present: PresentToken;
  readonly count: CountRequest;
  readonly keeper: SessionKeeper;
  readonly audit: AuditTrail;
  readonly clock: Clock;
  /** Something has happened: those whom it concerns are to be told. */
  readonly onChange: (cause: Cause) => void;
}): TreeControl {
  const { authority, present, count, keeper, audit, clock, onChange } = options;
  let changes = 0;

  const causeOf = (kind: 'ended' | 'narrowed', by: Session, reason: string): Cause => {
    changes += 1;
    return { kind, change: `${by.id}:${kind}:${by.generation}.${changes}`, reason };
  };

  const isBelow = (by: Session, session: Session): boolean => {
    for (let at: Session | undefined = session; at !== undefined; at = parentOf(at)) {
      if (at.parent === by.id) return true;
    }
    return false;
  };

  /** Nobody reaches beside or above their own place in the tree. */
  const below = (by: Session, id: SessionId): Session => {
    const session = authority.get(id, clock.now());
    if (session === undefined || !isBelow(by, session)) throw authorityError('RTA_AUTHORITY_NOT_BELOW');
    return session;
  };

  /**
   * What follows on a session in the list of those below: what is below itself, then its younger siblings, then those of
   * its parent … Nothing is walked over that came before: a list of many pages would cost its square.
   */
  function* following(by: Session, last: Session): Generator<Session> {
    const nowMs = clock.now();
    for (const session of authority.treeOf(last.id, nowMs)) if (session.id !== last.id) yield session;
    for (let at = last; at.id !== by.id; ) {
      const parent = parentOf(at);
      if (parent === undefined) return;
      const siblings = authority.childrenOf(parent.id, nowMs);
      const place = siblings.findIndex(({ id }) => id === at.id);
      // Where it has ended its place is after those that are older. What is as old may come twice, and is not left out.
      const left =
        place === -1
          ? siblings.filter(({ createdAtMs }) => createdAtMs >= at.createdAtMs)
          : siblings.slice(place + 1);
      for (const sibling of left) yield* authority.treeOf(sibling.id, nowMs);
      at = parent;
    }
  }

  /** Those that a list has still to name; none where nobody remembers the last one that it named. */
  const listFrom = (by: Session, after: string | undefined): Iterable<Session> => {
    if (after === undefined) return following(by, by);
    const last = authority.recall(parseSessionId(after), clock.now());
    return last === undefined || !isBelow(by, last) ? [] : following(by, last);
  };

  /** All above what lives do so too; above what has ended, perhaps not. */
  const parentOf = ({ parent }: Session): Session | undefined =>
    parent === undefined ? undefined : authority.recall(parent, clock.now());

  return {
    list({ token, after }, origin) {
      const by = present(token, origin);
      count(by, origin);
      const sessions: ListedSession[] = [];
      let characters = 0;
      for (const session of listFrom(by, after)) {
        if (session.parent === undefined) continue;
        const next = listed(session, session.parent);
        characters += JSON.stringify(next).length;
        const isFull =
          sessions.length >= PROTOCOL_LIMITS.maxListedSessions || characters > MAX_LIST_CHARACTERS;
        if (isFull && sessions.length > 0) return { sessions, more: true };
        sessions.push(next);
      }
      return { sessions, more: false };
    },

    async narrow(message, origin) {
      const by = present(message.token, origin);
      count(by, origin);
      try {
        const child = below(by, parseSessionId(message.session));
        const cause = causeOf('narrowed', by, 'narrowed by an agent above it');
        const session = authority.narrow(child.id, grantOf(message, child), cause, clock.now());
        onChange(cause);
        await keeper.keep(session);
        audit.record({ kind: 'delegation', outcome: 'ok', cause: 'narrowed', ...origin, ...whoOf(session) });
        return session;
      } catch (error) {
        audit.record({ kind: 'delegation', ...refusalOf(error), ...origin, ...whoOf(by) });
        throw error;
      }
    },

    async end({ token, session }, origin) {
      const by = present(token, origin, true);
      // A session can end itself but once: nobody has to wait for that.
      if (session !== undefined) count(by, origin);
      try {
        const ends = session === undefined ? by : below(by, parseSessionId(session));
        const reason = ends === by ? 'ended by its agent' : 'ended by an agent above it';
        const cause = causeOf('ended', by, reason);
        authority.end(ends.id, cause);
        onChange(cause);
        await keeper.forget(ends.id);
        return ends.id;
      } catch (error) {
        audit.record({ kind: 'end', ...refusalOf(error), ...origin, ...whoOf(by) });
        throw error;
      }
    },
  };
}

function listed(session: Session, parent: SessionId): ListedSession {
  const { id, state, grant, expiresAtMs, connection } = session;
  const { keyThumbprint: _key, ...agent } = session.actors.at(-1) ?? { id: '', keyThumbprint: '' };
  return {
    session: id,
    parent,
    agent,
    state: state === 'suspended' ? 'suspended' : 'active',
    scope: grant.scope,
    expiresAtMs,
    connected: connection !== undefined,
  };
}
