import {
  type Authority,
  createAuthority,
  type RestoreInput,
  type Session,
  type SessionEffect,
  type Signal,
  type Spending,
} from '@rta/authority';
import type { SessionId } from '@rta/core';

/** What a node has kept before it answers anybody. */
export type Keepsake =
  | { readonly signal: Signal }
  /** One that was opened, or narrowed. */
  | { readonly session: Session }
  | { readonly ended: SessionId };

/** A node's authority, and what is kept for its next start: what histories are run against. */
export interface Kept {
  /** The authority at work: another one after every restart. */
  readonly authority: Authority;
  /** Keeps what must not be lost once it is answered. */
  keep(what: Keepsake, nowMs: number): void;
  /** A permit was counted. It is kept soon. */
  spent(nowMs: number): void;
  /** A session has come to a connection. It is kept soon, or never. */
  bound(session: Session, nowMs: number): void;
  /** The world was told of this. It is kept soon, or never. */
  told(effects: readonly SessionEffect[], nowMs: number): void;
  /**
   * Breaks off, and starts anew from what was kept.
   *
   * @param shuffle puts what was kept in another order.
   */
  restore(
    nowMs: number,
    policyRevision: string,
    shuffle: <T>(all: readonly T[]) => readonly T[],
  ): void | Promise<void>;
  /** The history is over, and what was kept of it can go. */
  close(): void | Promise<void>;
}

/** What a history chooses for its node. */
export interface KeptOptions {
  readonly suspendAtRisk: 'MEDIUM' | 'HIGH' | undefined;
}

/** Tokens without signatures, which are another package's matter: as long, and as different from one another. */
function mint(id: SessionId, contextHash: Uint8Array, issuedAtMs: number): Uint8Array {
  const token = Buffer.alloc(96);
  token.write(id, 0, 'latin1');
  token.writeDoubleBE(issuedAtMs, 24);
  token.set(contextHash, 32);
  return token;
}

/** Makes the authority of a node in a history. */
export function startAuthority({ suspendAtRisk }: KeptOptions, policyRevision: string): Authority {
  return createAuthority({ mint, isAuthentic: () => true, suspendAtRisk, policyRevision });
}

/**
 * Keeps everything in memory, and too much of it: sessions that were cut off, whose time is up or whose parent ended
 * are still there after a restart, as after a crash.
 */
export function keepInMemory(options: KeptOptions): Kept {
  const signals: Signal[] = [];
  const sessions = new Map<SessionId, Session>();
  const spendings = new Map<SessionId, Spending>();
  let authority = startAuthority(options, 'r1');
  return {
    get authority() {
      return authority;
    },
    keep(what) {
      if ('signal' in what) signals.push(what.signal);
      else if ('session' in what) sessions.set(what.session.id, what.session);
      else sessions.delete(what.ended);
    },
    spent() {},
    bound() {},
    told() {},
    restore(nowMs, policyRevision, shuffle) {
      for (const session of authority.sessions(nowMs)) sessions.set(session.id, session);
      for (const [id, spending] of authority.takeSpending()) spendings.set(id, spending);
      authority = startAuthority(options, policyRevision);
      for (const signal of shuffle(signals)) authority.apply(signal, nowMs);
      const records = [...sessions.values()].map(
        (session): RestoreInput => ({ ...session, spending: spendings.get(session.id) }),
      );
      authority.restore(shuffle(records), nowMs);
    },
    close() {},
  };
}
