import { constantTimeEqual, type SessionId } from '@rta/core';
import { type Actor, type Attributes, contextHash, type SessionContext, type Subject } from './context.ts';
import { type Grant, intersectGrants, normalizeGrant } from './grant.ts';

/** Why something changed; carried to the agent, the audit log and receipts. */
export interface Cause {
  /** A kind of signal (`session-revoked`, `risk-level-change` …), `policy-change`, `parent`, `expired`, `ended`. */
  readonly kind: string;
  /** Id of the change. */
  readonly change: string;
  readonly reason?: string;
  readonly txn?: string;
}

/** One session, as it stands. Never changed in place: {@link step} makes the next one. */
export interface Session {
  readonly id: SessionId;
  readonly parent: SessionId | undefined;
  /** 0 for the session that the user's token was exchanged for. */
  readonly depth: number;
  readonly subject: Subject;
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
  /** What was granted to this session itself. */
  readonly ownGrant: Grant;
  /** What its ancestors reach now; undefined for a session without a parent. */
  readonly inheritedGrant: Grant | undefined;
  /** What it reaches now: its own grant cut to its ancestors' (invariant I6). */
  readonly grant: Grant;
  readonly attributes: Attributes;
  readonly policyRevision: string;
  /** Goes up by one with every change of context. */
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
  readonly state: 'active' | 'ended';
}

/** What can happen to a session. */
export type SessionInput =
  | { readonly kind: 'bind'; readonly connection: string; readonly provenAtMs?: number | undefined }
  | { readonly kind: 'release'; readonly connection: string }
  | { readonly kind: 'change'; readonly to: ContextChange; readonly cause: Cause }
  | { readonly kind: 'end'; readonly cause: Cause };

/** The parts of a context that can change while a session lives. */
export interface ContextChange {
  readonly ownGrant?: Grant;
  readonly inheritedGrant?: Grant;
  readonly attributes?: Attributes;
  readonly policyRevision?: string;
}

/** What the world must be told. */
export type SessionEffect =
  /** Push the new token to the session's connection. */
  | { readonly kind: 'changed'; readonly session: Session; readonly cause: Cause }
  /** Tell the session's connection that it is over. */
  | { readonly kind: 'ended'; readonly session: Session; readonly cause: Cause }
  /** The session moved here from another connection, which may no longer use it. */
  | { readonly kind: 'displaced'; readonly session: Session; readonly connection: string };

/** Makes the token of a session's new context; a pure function of its arguments and of a key. */
export type Mint = (sessionId: SessionId, contextHash: Uint8Array, issuedAtMs: number) => Uint8Array;

/** The next state and what follows from it. */
export interface Step {
  readonly session: Session;
  readonly effects: readonly SessionEffect[];
}

/**
 * The state machine of one session: given what happens, what it becomes and what must be done about it.
 *
 * An ended session takes no input any more. A change that changes nothing leaves generation and token alone.
 */
export function step(session: Session, input: SessionInput, nowMs: number, mint: Mint): Step {
  if (session.state === 'ended') return { session, effects: [] };
  switch (input.kind) {
    case 'bind': {
      const { connection, provenAtMs = nowMs } = input;
      const bound = { ...session, connection, boundAtMs: Math.max(nowMs, provenAtMs) };
      const displaced = session.connection !== undefined && session.connection !== connection;
      return {
        session: bound,
        effects: displaced ? [{ kind: 'displaced', session: bound, connection: session.connection }] : [],
      };
    }
    case 'release':
      // A connection that was displaced meanwhile releases nothing.
      if (session.connection !== input.connection) return { session, effects: [] };
      return { session: { ...session, connection: undefined }, effects: [] };
    case 'change': {
      const { to, cause } = input;
      const regrant = to.ownGrant !== undefined || to.inheritedGrant !== undefined;
      const derived = derive(regrant ? cut({ ...session, ...to }) : { ...session, ...to });
      if (constantTimeEqual(derived.contextHash, session.contextHash))
        return { session: derived, effects: [] };
      // A context may come back, and so soon that the clock has not moved, or has been set back. Its token is new all
      // the same: what was out of date once stays out of date (invariant I4).
      const issuedAtMs = Math.max(nowMs, session.issuedAtMs + 1);
      const changed: Session = {
        ...derived,
        generation: session.generation + 1,
        issuedAtMs,
        token: mint(session.id, derived.contextHash, issuedAtMs),
      };
      return { session: changed, effects: [{ kind: 'changed', session: changed, cause }] };
    }
    case 'end': {
      const ended: Session = { ...session, state: 'ended', generation: session.generation + 1 };
      return { session: ended, effects: [{ kind: 'ended', session: ended, cause: input.cause }] };
    }
  }
}

/** What a session starts from; the rest follows. */
export type SessionSeed = Pick<
  Session,
  | 'id'
  | 'parent'
  | 'depth'
  | 'subject'
  | 'actors'
  | 'publicKey'
  | 'certificateThumbprint'
  | 'createdAtMs'
  | 'expiresAtMs'
  | 'ownGrant'
  | 'inheritedGrant'
  | 'attributes'
  | 'policyRevision'
>;

/** A new session in its first generation, bound to no connection. */
export function openSession(seed: SessionSeed, mint: Mint): Session {
  const none = new Uint8Array(0);
  const session = derive(
    cut({
      ...seed,
      grant: seed.ownGrant,
      generation: 1,
      contextHash: none,
      token: none,
      issuedAtMs: seed.createdAtMs,
      connection: undefined,
      boundAtMs: undefined,
      state: 'active',
    }),
  );
  return { ...session, token: mint(session.id, session.contextHash, session.issuedAtMs) };
}

/** Cuts the session's own grant to what its ancestors reach (invariant I6). */
function cut(session: Session): Session {
  const { ownGrant, inheritedGrant } = session;
  const grant =
    inheritedGrant === undefined ? normalizeGrant(ownGrant) : intersectGrants(ownGrant, inheritedGrant);
  return { ...session, grant };
}

/** Derives the hash from the parts of the context. */
function derive(session: Session): Session {
  return { ...session, contextHash: contextHash(sessionContext(session)) };
}

/** The context that a session's token commits to. */
export function sessionContext(session: Session): SessionContext {
  const { id, subject, actors, grant, attributes, policyRevision } = session;
  return { session: id, subject, actors, grant, attributes, policyRevision };
}
