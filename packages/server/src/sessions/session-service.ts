import { randomBytes } from 'node:crypto';
import {
  type Authority,
  authorityError,
  type Cause,
  type Check,
  keyThumbprint,
  type Session,
  type SessionEffect,
  verifyProof,
} from '@rta/authority';
import { type Clock, isRtaError, parseSessionId, sessionIdFromBytes } from '@rta/core';
import { isWeakEd25519Key, parseAgentMetadata } from '@rta/idp';
import { bindingStatement, type Messages } from '@rta/protocol';
import type { Store } from '@rta/store';
import { peekSessionId } from '@rta/token';
import { whoOf } from '../audit/audit-record.ts';
import type { AuditTrail } from '../audit/audit-trail.ts';
import { lifecycleChannel } from '../diagnostics.ts';
import { serverError } from '../errors.ts';
import type { Enforcement } from './enforcement.ts';
import { forgetSession, keepSession } from './session-records.ts';

/** What the sessions of a node can be asked for over a connection, besides decisions. */
export interface SessionService {
  /**
   * Binds a session to a connection, by proof of possession (invariant I5).
   *
   * @throws RtaError `RTA_AUTHORITY_PROOF`, `RTA_AUTHORITY_SESSION_UNKNOWN`, `RTA_AUTHORITY_SESSION_ENDED`
   */
  bind(
    message: Messages['bind'],
    connection: { readonly id: string; readonly challenge: Uint8Array; readonly channelBinding: Uint8Array },
  ): Session;
  /**
   * Opens a child session for another agent's key.
   *
   * @throws RtaError `RTA_SERVER_TOKEN_REFUSED`; of `@rta/authority` for what may not be delegated.
   */
  delegate(message: Messages['delegate'], connection: string): Promise<Session>;
  /** Ends the session whose token this is, and everything below it. @throws RtaError `RTA_SERVER_TOKEN_REFUSED` */
  end(token: Uint8Array, connection: string): Session;
  /** A connection is gone. */
  release(connection: string): void;
  /** Ends what has reached its time. */
  expire(): void;
  /** Other policies are in force. */
  setPolicyRevision(revision: string): void;
  /** Carries effects out, and takes ended sessions out of the store. */
  carryOut(effects: readonly SessionEffect[], receivedAtMs: number): void;
}

/** What the sessions of a node rest on. */
export interface SessionServiceOptions {
  readonly authority: Authority;
  readonly enforcement: Enforcement;
  readonly store: Store;
  readonly audit: AuditTrail;
  readonly clock: Clock;
  readonly isFresh: () => boolean;
}

/** Makes the session service of a node. */
export function createSessionService(options: SessionServiceOptions): SessionService {
  const { authority, enforcement, store, audit, clock, isFresh } = options;

  const carryOut = (effects: readonly SessionEffect[], receivedAtMs: number): void => {
    enforcement.carryOut(effects, receivedAtMs);
    for (const effect of effects) if (effect.kind === 'ended') forgetSession(store, effect.session);
  };

  /** The session whose current token this is, on its own connection; anything else is refused and written down. */
  const present = (token: Uint8Array, connection: string): Session => {
    if (!isFresh()) throw serverError('RTA_SERVER_VIEW_STALE');
    const check: Check = authority.check(peekSessionId(token), token, connection, clock.now());
    if (check.ok) return check.session;
    audit.record({
      kind: 'refusal',
      outcome: 'refused',
      cause: check.cause,
      connection,
      ...(check.session === undefined ? {} : whoOf(check.session)),
    });
    throw serverError('RTA_SERVER_TOKEN_REFUSED', `the token is refused: ${check.cause}`);
  };

  const openChild = (parent: Session, message: Messages['delegate'], nowMs: number): Session => {
    const { key, scope, authorizationDetails, lifetimeMs } = message;
    const agent = parseAgentMetadata(message.agent);
    // Anybody could sign for a key of small order.
    if (isWeakEd25519Key(key)) throw authorityError('RTA_AUTHORITY_PROOF');
    return authority.delegate(
      parent.id,
      {
        id: sessionIdFromBytes(randomBytes(16)),
        actor: { ...agent, keyThumbprint: keyThumbprint(key) },
        publicKey: key.slice(),
        grant: { scope, ...(authorizationDetails === undefined ? {} : { details: authorizationDetails }) },
        expiresAtMs: lifetimeMs === undefined ? parent.expiresAtMs : nowMs + lifetimeMs,
      },
      nowMs,
    );
  };

  return {
    carryOut,

    bind(message, connection) {
      const receivedAtMs = clock.monotonicMs();
      const id = parseSessionId(message.session);
      const known = authority.get(id);
      let bound: ReturnType<Authority['bind']>;
      try {
        if (!isFresh()) throw serverError('RTA_SERVER_VIEW_STALE');
        const statement = bindingStatement(connection.challenge, connection.channelBinding, id);
        if (known !== undefined && !verifyProof(known.publicKey, statement, message.signature)) {
          throw authorityError('RTA_AUTHORITY_PROOF');
        }
        bound = authority.bind(id, connection.id, clock.now());
      } catch (error) {
        const who = known === undefined ? { session: id } : whoOf(known);
        audit.record({ kind: 'bind', ...refusalOf(error), connection: connection.id, ...who });
        throw error;
      }
      const { session, effects } = bound;
      carryOut(effects, receivedAtMs);
      audit.record({ kind: 'bind', outcome: 'ok', connection: connection.id, ...whoOf(session) });
      lifecycleChannel.publish({ kind: 'session-bound', session: id, connection: connection.id });
      return session;
    },

    async delegate(message, connection) {
      const parent = present(message.token, connection);
      try {
        const child = openChild(parent, message, clock.now());
        await keepSession(store, child).catch((error: unknown) => {
          authority.end(child.id, { kind: 'ended', change: child.id }, clock.now());
          throw error;
        });
        audit.record({ kind: 'delegation', outcome: 'ok', connection, ...whoOf(child) });
        lifecycleChannel.publish({ kind: 'session-opened', session: child.id });
        return child;
      } catch (error) {
        audit.record({ kind: 'delegation', ...refusalOf(error), connection, ...whoOf(parent) });
        throw error;
      }
    },

    end(token, connection) {
      const session = present(token, connection);
      const cause: Cause = { kind: 'ended', change: session.id, reason: 'ended by its agent' };
      carryOut(authority.end(session.id, cause, clock.now()), clock.monotonicMs());
      return session;
    },

    release(connection) {
      authority.release(connection, clock.now());
    },

    expire() {
      carryOut(authority.expire(clock.now()), clock.monotonicMs());
    },

    setPolicyRevision(revision) {
      const cause: Cause = { kind: 'policy-change', change: revision };
      audit.record({ kind: 'policy', outcome: 'ok', policyRevision: revision });
      carryOut(authority.setPolicyRevision(revision, cause, clock.now()), clock.monotonicMs());
    },
  };
}

/** A refusal as the audit log keeps it: by its code. */
function refusalOf(error: unknown): { readonly outcome: 'refused'; readonly cause: string } {
  return { outcome: 'refused', cause: isRtaError(error) ? error.code : 'RTA_SERVER_INTERNAL' };
}
