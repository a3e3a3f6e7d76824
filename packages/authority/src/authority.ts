import type { SessionId } from '@rta/core';
import type { Actor, Subject } from './context.ts';
import type { Grant, GrantedAction } from './grant/grant.ts';
import type { Budget, Cause, Mint, Session, SessionEffect, SessionIdentity } from './session.ts';
import type { Signal, SubjectSelector } from './subjects/signal.ts';
import type { SessionHistory } from './tree/session-tree.ts';
import type { Spending } from './tree/spending.ts';

/** What a new session is opened from: an IdP's token that was validated, and an agent's key. */
export interface OpenInput {
  /** Fresh random id. */
  readonly id: SessionId;
  readonly subject: Subject;
  readonly actor: Actor;
  /** Ed25519 public key, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** `x5t#S256` of the client certificate, 32 bytes, where one was shown: the session is bound to it for good. */
  readonly certificateThumbprint?: Uint8Array | undefined;
  readonly grant: Grant;
  readonly expiresAtMs: number;
  readonly budget?: Budget | undefined;
}

/** What a session hands to another agent. */
export interface DelegateInput {
  readonly id: SessionId;
  readonly actor: Actor;
  readonly publicKey: Uint8Array;
  /** What is asked for, within what the parent has; all of that by default. */
  readonly grant?: Grant | undefined;
  readonly expiresAtMs: number;
  /** Lets it go on while the agent of the parent is away. */
  readonly detached?: boolean | undefined;
  readonly budget?: Budget | undefined;
}

/** A session as it was kept, to go on with after a restart. */
export interface RestoreInput extends SessionIdentity, SessionHistory {}

/** Where a session is bound, and by what. Possession of its key was proven there. */
export interface BindInput {
  readonly connection: string;
  /** `x5t#S256` of the client certificate that this connection shows; undefined where it shows none. */
  readonly certificateThumbprint?: Uint8Array | undefined;
  /** When the proof was made, where it answers no challenge of this connection: it could come late. */
  readonly provenAtMs?: number | undefined;
}

/** Whether a token may be used here and now, before any policy is asked. */
export type Check =
  | { readonly ok: true; readonly session: Session }
  | {
      readonly ok: false;
      readonly cause:
        | 'session-unknown'
        | 'session-ended'
        | 'session-suspended'
        | 'not-bound'
        | 'stale-token'
        | 'token-invalid';
      /** The session that the token names; undefined where there is none. An ended one has no rights and no token. */
      readonly session?: Session;
      /** Why the session ended, with cause `session-ended`. */
      readonly endedBy?: Cause;
    };

/** Keys and policies that the authority works with; both are facts to it, not services. */
export interface AuthorityOptions {
  /** Signs the token of a new context. */
  readonly mint: Mint;
  /** Whether RealTimeAuth signed these bytes; asked only for tokens that are not current. */
  readonly isAuthentic: (token: Uint8Array) => boolean;
  readonly policyRevision: string;
  /** Suspends sessions at this risk level and above it; by default none: then it is for policies to say. */
  readonly suspendAtRisk?: 'MEDIUM' | 'HIGH' | undefined;
  /** Questions per second of one agent over all its sessions here; no limit by default. */
  readonly agentRequestsPerSecond?: number | undefined;
}

/**
 * All live sessions of a node, the trees that they form, and what is known of their subjects.
 *
 * Sans-I/O: time comes in as an argument, and what must be done comes out as effects. What happens is in force when
 * the call returns, for however large a tree: from that moment old tokens are refused. Who must be told of it comes out
 * of {@link Authority.settle}, a few sessions at a time.
 */
export interface Authority {
  /** Sessions that are here, with those whose end was not told yet. */
  readonly sessionCount: number;
  readonly factCount: number;
  /** The session as it is now; undefined where there is none, it has ended, or its time is up. */
  get(id: SessionId, nowMs: number): Session | undefined;
  /**
   * The session of this id as it is now.
   *
   * @throws RtaError `RTA_AUTHORITY_SESSION_UNKNOWN`, `_SESSION_ENDED`
   */
  live(id: SessionId, nowMs: number): Session;
  /** The session as it is now, or who it was where it has ended; undefined where nobody remembers it. */
  recall(id: SessionId, nowMs: number): Session | undefined;
  /** The live sessions that a session delegated itself. */
  childrenOf(id: SessionId, nowMs: number): readonly Session[];
  /** The session and everything below it, from the top down. */
  treeOf(id: SessionId, nowMs: number): Iterable<Session>;
  /** The sessions that a signal with this selector would concern, without those below them. */
  concernedBy(selector: SubjectSelector, nowMs: number): readonly Session[];
  /**
   * Id of the signal that ended a person's sign-in or blocks their account, for what rests on it without a session; undefined where it stands, as
   * far as it is remembered.
   */
  signInCutOffOf(subject: Subject): string | undefined;
  /** All live sessions. */
  sessions(nowMs: number): Iterable<Session>;
  /**
   * Opens the session of an agent for a user.
   *
   * @throws RtaError `RTA_AUTHORITY_SUBJECT_CUT_OFF`, `_ACCOUNT_DISABLED`, `_SIGN_IN_OLD`, `_CEILING`, `_GRANT_EMPTY`, `_GRANT_TOO_LARGE`,
   *   `_GRANT_LIMITS`, `_PATTERN`, `_EXPIRED`, `_SESSION_EXISTS`, `_FULL`; `RTA_CORE_NOT_CANONICAL` for a text that is
   *   not well-formed Unicode
   */
  open(input: OpenInput, nowMs: number): Session;
  /**
   * Opens a session below another one, with at most its rights and its time. It is bound to no certificate: it belongs
   * to another agent than its parent, and to that agent's key.
   *
   * @throws as {@link Authority.open}, and `RTA_AUTHORITY_SESSION_UNKNOWN`, `_SESSION_ENDED`, `_SESSION_SUSPENDED`,
   *   `_DEPTH`, `_CYCLE`, `_MAY_ACT`, `_WIDENING`
   */
  delegate(parent: SessionId, input: DelegateInput, nowMs: number): Session;
  /**
   * Goes on with sessions that were kept, in any order. Each has a new token; none is bound. Those that have ended, by
   * their time or by what is known of their subjects, are left out, and so are those below them; and all of them, where
   * a fact could not be remembered. One that is there already stays as it is.
   */
  restore(sessions: Iterable<RestoreInput>, nowMs: number): { readonly dropped: readonly SessionId[] };
  /**
   * Binds a session to a connection.
   *
   * @throws RtaError `RTA_AUTHORITY_SESSION_UNKNOWN`, `_SESSION_ENDED`; `_CERTIFICATE` where the connection does not
   *   show the session's certificate; `_PROOF_OLD` where the session was bound after the proof was made
   */
  bind(
    id: SessionId,
    input: BindInput,
    nowMs: number,
  ): { session: Session; effects: readonly SessionEffect[] };
  /** A connection is gone; its live sessions wait for the next one. */
  release(connection: string, nowMs: number): readonly Session[];
  /** Whether this token may be used on this connection now. */
  check(id: SessionId, token: Uint8Array, connection: string, nowMs: number): Check;
  /**
   * Counts a question against the rates of the session, its ancestors and its agent.
   *
   * @returns false where it is one too many for any of them. Then nothing was counted.
   */
  takeTurn(id: SessionId, nowMs: number): boolean;
  /**
   * Counts a permit against the totals of the session and its ancestors.
   *
   * @returns false where there is no room for it. Then nothing was counted.
   */
  spend(id: SessionId, asked: GrantedAction): boolean;
  /**
   * Accounts that have changed since this was last asked. An account goes by the details of its session's own grant:
   * the two are kept together.
   */
  takeSpending(): readonly (readonly [SessionId, Spending])[];
  /**
   * Takes a signal to heart, for everything that it concerns. Doing it again changes nothing.
   *
   * Where there is no room to remember it, the sessions that it concerns end, and none is opened any more.
   *
   * @returns how many sessions it concerns, without those below them.
   */
  apply(signal: Signal, nowMs: number): number;
  /** Other policies are in force: every context changes with them. */
  setPolicyRevision(revision: string, cause: Cause): void;
  /** Makes a new token for every session: those that there are shall not be good any more. */
  remint(cause: Cause): void;
  /**
   * Replaces a session's own grant by a part of it; its subtree follows. What was spent of it stays spent.
   *
   * @throws RtaError `RTA_AUTHORITY_SESSION_UNKNOWN`, `_SESSION_ENDED`, `_GRANT_TOO_LARGE`, `_GRANT_LIMITS`, `_PATTERN`,
   *   `_WIDENING`
   */
  narrow(id: SessionId, to: Grant, cause: Cause, nowMs: number): Session;
  /**
   * Ends a session and everything below it. Doing it again changes nothing.
   *
   * @throws RtaError `RTA_AUTHORITY_SESSION_UNKNOWN`
   */
  end(id: SessionId, cause: Cause): void;
  /** Ends what has reached its time, and suspends what was delegated by agents that are away for too long. */
  expire(nowMs: number): void;
  /** Whether everybody was told of everything. */
  readonly isSettled: boolean;
  /**
   * What must be done about what happened, in the order in which it happened.
   *
   * @param maxCount sessions that are looked at; all by default.
   */
  settle(nowMs: number, maxCount?: number): readonly SessionEffect[];
}
