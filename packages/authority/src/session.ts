import type { SessionId } from '@rta/core';
import type { Actor, Attributes, Evidence, Subject, Suspension } from './context.ts';
import type { Grant } from './grant/grant.ts';

/** Why something changed; carried to the agent, the audit log and receipts. */
export interface Cause {
  /** A kind of signal (`session-revoked`, `risk-level-change` …), `policy-change`, `parent-absent`, `narrowed`, `expired`, `ended` … */
  readonly kind: string;
  /** Id of the change. */
  readonly change: string;
  readonly reason?: string;
  readonly txn?: string;
}

/** What of a session never changes. */
export interface SessionIdentity {
  readonly id: SessionId;
  readonly parent: SessionId | undefined;
  /** 0 for the session that the user's token was exchanged for. */
  readonly depth: number;
  readonly subject: Subject;
  /** From the agent that the person trusted to the one that holds this session. */
  readonly actors: readonly Actor[];
  /** Ed25519 public key of the agent that holds the session, 32 bytes. */
  readonly publicKey: Uint8Array;
  /**
   * `x5t#S256` (RFC 8705 §3.1) of the client certificate that it was opened with: without that certificate it is bound
   * nowhere. Undefined where there was none.
   */
  readonly certificateThumbprint: Uint8Array | undefined;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  /** Whether it goes on while the agent that delegated it is away. */
  readonly detached: boolean;
  readonly budget: Budget | undefined;
}

/**
 * How much a session may ask for, over itself and everything that it delegated. A member that is absent limits
 * nothing.
 */
export interface Budget {
  /** Questions per second, with bursts of one second's worth. */
  readonly requestsPerSecond?: number;
  /** Permits in its whole life. */
  readonly totalCount?: number;
}

/** One session, as it stands. Never changed in place: what changes makes the next one. */
export interface Session extends SessionIdentity {
  /** `suspended`: nothing is permitted until what suspends it is over; then it goes on without a new exchange. */
  readonly state: 'active' | 'suspended' | 'ended';
  /** What was granted to this session itself. */
  readonly ownGrant: Grant;
  /** What it reaches now: its own grant, cut to its ancestors' and to the ceilings in force (invariant I6). */
  readonly grant: Grant;
  readonly attributes: Attributes;
  /** Where the attributes are from. */
  readonly evidence: Evidence;
  /** Why it is suspended; empty where it is not. */
  readonly suspensions: readonly Suspension[];
  readonly policyRevision: string;
  /** Goes up with every change of context. */
  readonly generation: number;
  readonly contextHash: Uint8Array;
  /** The one token that is good now; no two of a session are alike. */
  readonly token: Uint8Array;
  /** UNIX milliseconds in the token: later than in every token before it. */
  readonly issuedAtMs: number;
  /** The connection that it is bound to. */
  readonly connection: string | undefined;
  /** UNIX milliseconds of the last binding, or of its proof where that was later: older proofs are refused. */
  readonly boundAtMs: number | undefined;
}

/** What the world must be told. */
export type SessionEffect =
  /** Push the new token to the session's connection. */
  | {
      readonly kind: 'changed';
      readonly session: Session;
      /** As it stood when it was told of last, or opened: of an earlier generation. */
      readonly before: Session;
      readonly cause: Cause;
    }
  /** Its agent was told of this together with something that happened before: there is no new token. */
  | { readonly kind: 'joined'; readonly session: Session; readonly cause: Cause }
  /** Tell the session's connection that it is over. */
  | { readonly kind: 'ended'; readonly session: Session; readonly cause: Cause }
  /** The session moved here from another connection, which may no longer use it. */
  | { readonly kind: 'displaced'; readonly session: Session; readonly connection: string };

/** Makes the token of a session's new context; a pure function of its arguments and of a key. */
export type Mint = (sessionId: SessionId, contextHash: Uint8Array, issuedAtMs: number) => Uint8Array;
