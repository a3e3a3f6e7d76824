import type { SessionId } from '@rta/core';
import { AUTHORITY_LIMITS } from '../limits.ts';
import type { Cause, Session } from '../session.ts';

/** A session that is over, and why. */
export interface EndedSession {
  /** Who it was. Its rights, its key and its token are gone. */
  readonly session: Session;
  readonly cause: Cause;
}

/** Remembers the last sessions that ended, so that their agents hear why. The oldest are forgotten first. */
export interface EndedSessions {
  get(id: SessionId): EndedSession | undefined;
  add(session: Session, cause: Cause): void;
}

const NO_BYTES = new Uint8Array(0);
const NO_RIGHTS = { scope: [] };

/** What may be kept of a session that is over: who it was. */
export function restOf(session: Session): Session {
  return {
    ...session,
    state: 'ended',
    publicKey: NO_BYTES,
    certificateThumbprint: undefined,
    ownGrant: NO_RIGHTS,
    grant: NO_RIGHTS,
    attributes: {},
    evidence: {},
    suspensions: [],
    contextHash: NO_BYTES,
    token: NO_BYTES,
  };
}

/** Makes an empty memory of ended sessions. */
export function createEndedSessions(): EndedSessions {
  const ended = new Map<SessionId, EndedSession>();
  return {
    get: (id) => ended.get(id),
    add(session, cause) {
      ended.set(session.id, { session: restOf(session), cause });
      if (ended.size <= AUTHORITY_LIMITS.maxEndedSessions) return;
      for (const oldest of ended.keys()) {
        ended.delete(oldest);
        return;
      }
    },
  };
}
