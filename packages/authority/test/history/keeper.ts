import type { SessionId } from '@rta/core';
import {
  type Authority,
  type AuthorityOptions,
  createAuthority,
  type RestoreInput,
  type Session,
  type Signal,
  type Spending,
} from '../../src/index.ts';

/** A node's authority, and what is kept for its next start: what histories are run against. */
export interface Kept {
  /** The authority at work: another one after every restart. */
  readonly authority: Authority;
  /** Notes what a store would be given: signals as they are applied, sessions as they are seen, and that one ended. */
  keep(
    what: { readonly signal: Signal } | { readonly session: Session } | { readonly ended: SessionId },
  ): void;
  /**
   * Starts anew, from what was kept.
   *
   * @param shuffle puts the sessions in another order.
   */
  restore(
    nowMs: number,
    policyRevision: string,
    shuffle: <T>(all: readonly T[]) => readonly T[],
  ): void | Promise<void>;
}

/**
 * Keeps everything in memory, and too much of it: sessions that were cut off, whose time is up or whose parent ended
 * are still there after a restart, as after a crash.
 */
export function keepInMemory(options: Omit<AuthorityOptions, 'policyRevision'>): Kept {
  const signals: Signal[] = [];
  const sessions = new Map<SessionId, Session>();
  const spendings = new Map<SessionId, Spending>();
  let authority = createAuthority({ ...options, policyRevision: 'r1' });
  return {
    get authority() {
      return authority;
    },
    keep(what) {
      if ('signal' in what) signals.push(what.signal);
      else if ('session' in what) sessions.set(what.session.id, what.session);
      else sessions.delete(what.ended);
    },
    restore(nowMs, policyRevision, shuffle) {
      for (const session of authority.sessions(nowMs)) sessions.set(session.id, session);
      for (const [id, spending] of authority.takeSpending()) spendings.set(id, spending);
      authority = createAuthority({ ...options, policyRevision });
      for (const signal of shuffle(signals)) authority.apply(signal, nowMs);
      const records = [...sessions.values()].map(
        (session): RestoreInput => ({ ...session, spending: spendings.get(session.id) }),
      );
      authority.restore(shuffle(records), nowMs);
    },
  };
}
