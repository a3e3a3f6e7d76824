import { constantTimeEqual, type SessionId } from '@rta/core';
import { equalTokens } from '@rta/token';
import type { Actor, Subject } from './context.ts';
import { createEndedSessions } from './ended-sessions.ts';
import { authorityError } from './errors.ts';
import { assertGrant, type Grant, intersectGrants, isEmptyGrant } from './grant.ts';
import { AUTHORITY_LIMITS } from './limits.ts';
import {
  type Cause,
  type Mint,
  openSession,
  type Session,
  type SessionEffect,
  type SessionInput,
  type SessionSeed,
  step,
} from './session.ts';
import { createSessionIndex } from './session-index.ts';
import type { Signal } from './signal.ts';
import { createSubjectFacts, isCutOffBy } from './subject-facts.ts';
import { matchesSubject, selectorKeys } from './subject-match.ts';

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
}

/** What a session hands to another agent. */
export interface DelegateInput {
  readonly id: SessionId;
  readonly actor: Actor;
  readonly publicKey: Uint8Array;
  /** What is asked for; it is cut to what the parent has. */
  readonly grant: Grant;
  readonly expiresAtMs: number;
}

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
      readonly cause: 'session-unknown' | 'session-ended' | 'not-bound' | 'stale-token' | 'token-invalid';
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
}

/**
 * All live sessions of a node, the tree that they form, and what is known of their subjects.
 *
 * Sans-I/O: time comes in as an argument, and what must be done comes out as effects, in the order in which it must
 * be done. Every state is in force before its effects are seen: from that moment old tokens are refused.
 */
export interface Authority {
  readonly sessionCount: number;
  readonly factCount: number;
  get(id: SessionId): Session | undefined;
  /**
   * The session of this id, which has not ended, nor reached its time.
   *
   * @throws RtaError `RTA_AUTHORITY_SESSION_UNKNOWN`, `_SESSION_ENDED`
   */
  live(id: SessionId, nowMs: number): Session;
  childrenOf(id: SessionId): readonly Session[];
  /**
   * Opens the session of an agent for a user.
   *
   * @throws RtaError `RTA_AUTHORITY_SUBJECT_CUT_OFF`, `_SIGN_IN_OLD`, `_GRANT_EMPTY`, `_GRANT_TOO_LARGE`, `_PATTERN`, `_EXPIRED`,
   *   `_SESSION_EXISTS`, `_FULL`; `RTA_CORE_NOT_CANONICAL` for a text that is not well-formed Unicode
   */
  open(input: OpenInput, nowMs: number): Session;
  /**
   * Opens a session below another one, with at most its rights and its time. It is bound to no certificate: it belongs
   * to another agent than its parent, and to that agent's key.
   *
   * @throws as {@link Authority.open}, and `RTA_AUTHORITY_SESSION_UNKNOWN`, `_SESSION_ENDED`, `_DEPTH`
   */
  delegate(parent: SessionId, input: DelegateInput, nowMs: number): Session;
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
  /** A connection is gone; its sessions wait for the next one. */
  release(connection: string, nowMs: number): readonly Session[];
  /** Whether this token may be used on this connection now. */
  check(id: SessionId, token: Uint8Array, connection: string, nowMs: number): Check;
  /**
   * Applies a signal to everything that it concerns. Doing it again changes nothing.
   *
   * Where there is no room to remember it, the sessions that it concerns end, and none is opened any more.
   */
  apply(signal: Signal, nowMs: number): readonly SessionEffect[];
  /** Other policies are in force: every context changes with them. */
  setPolicyRevision(revision: string, cause: Cause, nowMs: number): readonly SessionEffect[];
  /**
   * Replaces a session's own grant by a part of it; its subtree follows.
   *
   * @throws RtaError `RTA_AUTHORITY_SESSION_UNKNOWN`, `_SESSION_ENDED`, `_GRANT_TOO_LARGE`, `_PATTERN`
   */
  narrow(id: SessionId, to: Grant, cause: Cause, nowMs: number): readonly SessionEffect[];
  /**
   * Ends a session and everything below it. Doing it again changes nothing.
   *
   * @throws RtaError `RTA_AUTHORITY_SESSION_UNKNOWN`
   */
  end(id: SessionId, cause: Cause, nowMs: number): readonly SessionEffect[];
  /** Ends what has reached its time. */
  expire(nowMs: number): readonly SessionEffect[];
}

/** Makes the authority of a node. */
export function createAuthority(options: AuthorityOptions): Authority {
  const { mint, isAuthentic } = options;
  const index = createSessionIndex();
  const facts = createSubjectFacts();
  const ended = createEndedSessions();
  let policyRevision = options.policyRevision;

  const admit = (seed: SessionSeed, nowMs: number): Session => {
    if (index.get(seed.id) !== undefined || ended.get(seed.id) !== undefined) {
      throw authorityError('RTA_AUTHORITY_SESSION_EXISTS');
    }
    // Written so that a time that is no number is over as well.
    if (!(seed.expiresAtMs > nowMs)) throw authorityError('RTA_AUTHORITY_EXPIRED');
    if (index.size >= AUTHORITY_LIMITS.maxSessions) throw authorityError('RTA_AUTHORITY_FULL');
    const session = openSession(seed, mint);
    index.put(session);
    return session;
  };

  /**
   * Feeds one input to one session, then carries the consequences down its subtree. Children follow for their
   * parent's reason: a change keeps its id through the whole tree.
   */
  const advance = (
    session: Session,
    input: SessionInput,
    nowMs: number,
    effects: SessionEffect[],
  ): Session => {
    const { session: next, effects: own } = step(session, input, nowMs, mint);
    if (next.state === 'active') index.put(next);
    for (const effect of own) {
      effects.push(effect);
      if (effect.kind === 'ended') {
        index.remove(session);
        ended.add(next, effect.cause);
      }
      carryDown(next, effect, nowMs, effects);
    }
    return next;
  };

  /** Goes no deeper than delegation does. */
  const carryDown = (
    parent: Session,
    effect: SessionEffect,
    nowMs: number,
    effects: SessionEffect[],
  ): void => {
    if (effect.kind === 'displaced') return;
    for (const child of index.childrenOf(parent.id)) {
      if (effect.kind === 'ended') {
        advance(child, { kind: 'end', cause: effect.cause }, nowMs, effects);
      } else if (child.inheritedGrant !== parent.grant) {
        const to = { inheritedGrant: parent.grant };
        advance(child, { kind: 'change', to, cause: effect.cause }, nowMs, effects);
      }
    }
  };

  /** A session whose time is up has ended, also before it is swept out. */
  const live = (id: SessionId, nowMs: number): Session => {
    const session = index.get(id);
    if (session !== undefined && nowMs < session.expiresAtMs) return session;
    throw authorityError(
      session === undefined && ended.get(id) === undefined
        ? 'RTA_AUTHORITY_SESSION_UNKNOWN'
        : 'RTA_AUTHORITY_SESSION_ENDED',
    );
  };

  return {
    get sessionCount() {
      return index.size;
    },
    get factCount() {
      return facts.size;
    },
    get: (id) => index.get(id),
    live,
    childrenOf: (id) => index.childrenOf(id),

    open(input, nowMs) {
      assertGrant(input.grant);
      if (isEmptyGrant(input.grant)) throw authorityError('RTA_AUTHORITY_GRANT_EMPTY');
      if (!facts.isComplete(nowMs)) {
        throw authorityError('RTA_AUTHORITY_FULL', 'a fact about some subject could not be remembered', {
          details: { limit: AUTHORITY_LIMITS.maxFacts },
        });
      }
      // Cut-offs are forgotten after a while: of an older sign-in nobody can say that it still stands.
      if (!(input.subject.signedInAtMs > nowMs - AUTHORITY_LIMITS.factRetentionMs)) {
        throw authorityError('RTA_AUTHORITY_SIGN_IN_OLD');
      }
      const change = facts.cutOffOf(input.subject);
      if (change !== undefined) {
        throw authorityError('RTA_AUTHORITY_SUBJECT_CUT_OFF', undefined, { details: { change } });
      }
      return admit(
        {
          id: input.id,
          parent: undefined,
          depth: 0,
          subject: input.subject,
          actors: [input.actor],
          publicKey: input.publicKey,
          certificateThumbprint: input.certificateThumbprint,
          createdAtMs: nowMs,
          expiresAtMs: Math.min(input.expiresAtMs, nowMs + AUTHORITY_LIMITS.maxSessionLifetimeMs),
          ownGrant: input.grant,
          inheritedGrant: undefined,
          attributes: facts.attributesOf(input.subject),
          policyRevision,
        },
        nowMs,
      );
    },

    delegate(parentId, input, nowMs) {
      const parent = live(parentId, nowMs);
      assertGrant(input.grant);
      if (parent.depth >= AUTHORITY_LIMITS.maxDelegationDepth) throw authorityError('RTA_AUTHORITY_DEPTH');
      if (index.childCount(parent.id) >= AUTHORITY_LIMITS.maxChildrenPerSession) {
        throw authorityError('RTA_AUTHORITY_FULL', 'the session has delegated as often as it may');
      }
      // Cut now as well as live: what the parent lacks today is not waiting for the child tomorrow.
      const ownGrant = intersectGrants(input.grant, parent.grant);
      if (isEmptyGrant(ownGrant)) throw authorityError('RTA_AUTHORITY_GRANT_EMPTY');
      return admit(
        {
          id: input.id,
          parent: parent.id,
          depth: parent.depth + 1,
          subject: parent.subject,
          actors: [...parent.actors, input.actor],
          publicKey: input.publicKey,
          certificateThumbprint: undefined,
          createdAtMs: nowMs,
          expiresAtMs: Math.min(input.expiresAtMs, parent.expiresAtMs),
          ownGrant,
          inheritedGrant: parent.grant,
          attributes: parent.attributes,
          policyRevision,
        },
        nowMs,
      );
    },

    bind(id, { connection, certificateThumbprint, provenAtMs }, nowMs) {
      const before = live(id, nowMs);
      if (!showsCertificate(before, certificateThumbprint)) throw authorityError('RTA_AUTHORITY_CERTIFICATE');
      if (provenAtMs !== undefined && !(provenAtMs >= (before.boundAtMs ?? 0))) {
        throw authorityError('RTA_AUTHORITY_PROOF_OLD');
      }
      const effects: SessionEffect[] = [];
      const session = advance(before, { kind: 'bind', connection, provenAtMs }, nowMs, effects);
      return { session, effects };
    },

    release(connection, nowMs) {
      return index
        .boundTo(connection)
        .map((session) => advance(session, { kind: 'release', connection }, nowMs, []));
    },

    check(id, token, connection, nowMs) {
      const session = index.get(id);
      if (session === undefined) {
        const tomb = ended.get(id);
        return tomb === undefined
          ? { ok: false, cause: 'session-unknown' }
          : { ok: false, cause: 'session-ended', session: tomb.session, endedBy: tomb.cause };
      }
      if (nowMs >= session.expiresAtMs) {
        return { ok: false, cause: 'session-ended', session, endedBy: expiredCause(session) };
      }
      // Binding comes before the token: what is said about a session, is said to its own connection only (I5).
      if (session.connection !== connection) return { ok: false, cause: 'not-bound', session };
      // Equality with the one current token is authenticity; no signature is verified on this path.
      if (equalTokens(token, session.token)) return { ok: true, session };
      return { ok: false, cause: isAuthentic(token) ? 'stale-token' : 'token-invalid', session };
    },

    apply(received, nowMs) {
      const signal = asOfReceipt(received);
      const remembered = facts.remember(signal, nowMs);
      const cause = signalCause(signal);
      const effects: SessionEffect[] = [];
      for (const { id } of index.bySubject(selectorKeys(signal.subject))) {
        // An ancestor's end may have taken it along meanwhile.
        const session = index.get(id);
        if (session === undefined || !matchesSubject(signal.subject, session.subject)) continue;
        if (!remembered || isCutOffBy(signal, session.subject)) {
          advance(session, { kind: 'end', cause }, nowMs, effects);
        } else {
          const to = { attributes: facts.attributesOf(session.subject) };
          advance(session, { kind: 'change', to, cause }, nowMs, effects);
        }
      }
      return effects;
    },

    setPolicyRevision(revision, cause, nowMs) {
      const effects: SessionEffect[] = [];
      if (revision === policyRevision) return effects;
      policyRevision = revision;
      for (const session of index.all()) {
        advance(session, { kind: 'change', to: { policyRevision: revision }, cause }, nowMs, effects);
      }
      return effects;
    },

    narrow(id, to, cause, nowMs) {
      assertGrant(to);
      const session = live(id, nowMs);
      const ownGrant = intersectGrants(session.ownGrant, to);
      const effects: SessionEffect[] = [];
      advance(session, { kind: 'change', to: { ownGrant }, cause }, nowMs, effects);
      return effects;
    },

    end(id, cause, nowMs) {
      const effects: SessionEffect[] = [];
      const session = index.get(id);
      if (session !== undefined) advance(session, { kind: 'end', cause }, nowMs, effects);
      else if (ended.get(id) === undefined) throw authorityError('RTA_AUTHORITY_SESSION_UNKNOWN');
      return effects;
    },

    expire(nowMs) {
      const effects: SessionEffect[] = [];
      for (const id of index.takeExpired(nowMs)) {
        const session = index.get(id);
        if (session !== undefined)
          advance(session, { kind: 'end', cause: expiredCause(session) }, nowMs, effects);
      }
      return effects;
    },
  };
}

/**
 * An event that claims to lie in the future is taken to have happened when it arrived: it outranks no later one. What
 * its source's clock says stands aside, within reason, to be compared with sign-ins by the same clock.
 */
function asOfReceipt(signal: Signal): Signal {
  const { receivedAtMs } = signal;
  const occurredAtMs = Math.min(signal.occurredAtMs, receivedAtMs);
  const { sourceTimeMs = occurredAtMs } = signal;
  const isPlausible = sourceTimeMs <= receivedAtMs + AUTHORITY_LIMITS.maxSourceAheadMs;
  return { ...signal, occurredAtMs, sourceTimeMs: isPlausible ? sourceTimeMs : occurredAtMs };
}

/** A session that was opened without a certificate asks for none. */
function showsCertificate({ certificateThumbprint }: Session, shown: Uint8Array | undefined): boolean {
  if (certificateThumbprint === undefined) return true;
  return shown !== undefined && constantTimeEqual(certificateThumbprint, shown);
}

const signalCause = ({ id, change, reason, source }: Signal): Cause => ({
  kind: change.kind,
  change: id,
  ...(reason === undefined ? {} : { reason }),
  ...(source.txn === undefined ? {} : { txn: source.txn }),
});

const expiredCause = ({ id, expiresAtMs }: Session): Cause => ({
  kind: 'expired',
  change: `${id}@${expiresAtMs}`,
});
