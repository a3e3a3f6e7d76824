import type { Clock } from '@rta/core';
import type { Messages } from '@rta/protocol';
import { createAgentSession, type LinkedSession } from './create-agent-session.ts';
import { SDK_LIMITS } from './limits.ts';
import type { KeyedSession, LiveConnection } from './live-connection.ts';
import { serverCodeOf } from './refusal.ts';
import { createSessionLink, type MovableLink } from './session-link.ts';

/** The live sessions of a client, by id. */
export interface ClientSessions {
  readonly size: number;
  find(session: string): LinkedSession | undefined;
  /** Makes the object of a session that the server bound to a connection; the same one where it is there already. */
  add(bound: Messages['bound'], keyed: KeyedSession, at: LiveConnection): LinkedSession;
  forget(session: string): void;
  /**
   * Binds every session to another connection, a few at a time. Each goes there as soon as it is bound.
   *
   * @throws whatever one of them was refused with; what has moved by then has moved.
   */
  moveAll(to: LiveConnection): Promise<void>;
  /**
   * After a move that failed, binds those that have moved, or may have, to the connection where they were before. Those
   * that cannot be, end.
   */
  moveBack(to: LiveConnection): Promise<void>;
  /** The connection is gone. */
  closeAll(reason: string): void;
}

interface Entry {
  readonly keyed: KeyedSession;
  readonly linked: LinkedSession;
  readonly link: MovableLink;
}

/** Makes an empty table. */
export function createClientSessions(options: {
  readonly clock: Pick<Clock, 'now' | 'after'>;
  readonly pass: <Result>(errand: () => Promise<Result>) => Promise<Result>;
  readonly settled: () => Promise<void>;
}): ClientSessions {
  const entries = new Map<string, Entry>();
  /** Those that the server has bound to the other end of a move, or may have. */
  const astray = new Set<Entry>();

  const forget = (session: string): void => void entries.delete(session);

  const rebound = (entry: Entry, bound: Messages['bound'], to: LiveConnection): LinkedSession => {
    entry.link.moveTo(to);
    entry.linked.onBound(bound);
    return entry.linked;
  };

  const end = ({ linked, keyed: { session } }: Entry): void => {
    const { generation } = linked.session;
    linked.onRevoked({ session, generation, cause: { kind: 'ended', change: session } });
    forget(session);
  };

  const move = async (entry: Entry, to: LiveConnection): Promise<void> => {
    if (entry.linked.session.signal.aborted) return;
    try {
      await to.bind(entry.keyed, (bound) => rebound(entry, bound, to));
    } catch (error) {
      if (serverCodeOf(error) !== 'RTA_AUTHORITY_SESSION_ENDED') throw error;
      // The push that says why may be on its way; the end itself does not wait for it.
      end(entry);
    }
  };

  const inBatches = async (all: readonly Entry[], work: (entry: Entry) => Promise<void>): Promise<void> => {
    for (let at = 0; at < all.length; at += SDK_LIMITS.bindsInFlight) {
      const outcomes = await Promise.allSettled(all.slice(at, at + SDK_LIMITS.bindsInFlight).map(work));
      // Only when all of the batch have their answers is it known which of them have moved.
      for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
    }
  };

  return {
    get size() {
      return entries.size;
    },
    find: (session) => entries.get(session)?.linked,
    add(bound, keyed, at) {
      const known = entries.get(bound.session);
      if (known !== undefined) return rebound(known, bound, at);
      const link = createSessionLink({
        at,
        clock: options.clock,
        settled: options.settled,
        pass: options.pass,
        forget: () => forget(bound.session),
      });
      const linked = createAgentSession(bound, link);
      entries.set(bound.session, { keyed, linked, link });
      return linked;
    },
    forget,
    async moveAll(to) {
      await inBatches([...entries.values()], async (entry) => {
        astray.add(entry);
        try {
          await move(entry, to);
        } catch (error) {
          if (serverCodeOf(error) !== undefined) astray.delete(entry);
          throw error;
        }
      });
      astray.clear();
    },
    async moveBack(to) {
      await inBatches([...astray], async (entry) => {
        try {
          await move(entry, to);
        } catch {
          // It may be bound to the connection that was given up, where nobody hears of its revocation.
          entry.linked.onClosed('the session could not be bound again after a move that failed');
        }
      });
      astray.clear();
    },
    closeAll(reason) {
      for (const { linked } of entries.values()) linked.onClosed(reason);
      entries.clear();
    },
  };
}
