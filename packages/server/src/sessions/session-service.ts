import { randomBytes } from 'node:crypto';
import {
  type Authority,
  authorityError,
  type Cause,
  type Check,
  keyThumbprint,
  type Session,
  type SessionEffect,
} from '@rta/authority';
import { type Clock, sessionIdFromBytes } from '@rta/core';
import { isWeakEd25519Key, parseAgentMetadata } from '@rta/idp';
import type { Messages } from '@rta/protocol';
import type { Store } from '@rta/store';
import { peekSessionId } from '@rta/token';
import { type Origin, refusalOf, whoOf } from '../audit/audit-record.ts';
import type { AuditTrail } from '../audit/audit-trail.ts';
import { lifecycleChannel } from '../diagnostics.ts';
import { serverError } from '../errors.ts';
import { type Binder, createBinder } from './binder.ts';
import type { Enforcement } from './enforcement.ts';
import { forgetSession, keepSession } from './session-records.ts';

/** What the sessions of a node can be asked for over a connection, besides decisions. */
export interface SessionService extends Binder {
  /**
   * Opens a child session for another agent's key.
   *
   * @throws RtaError `RTA_SERVER_TOKEN_REFUSED`; of `@rta/authority` for what may not be delegated.
   */
  delegate(message: Messages['delegate'], origin: Origin): Promise<Session>;
  /** Ends the session whose token this is, and everything below it. @throws RtaError `RTA_SERVER_TOKEN_REFUSED` */
  end(token: Uint8Array, origin: Origin): Session;
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
  /** Whether a connection is still there. */
  readonly isConnected: (connection: string) => boolean;
}

/** Makes the session service of a node. */
export function createSessionService(options: SessionServiceOptions): SessionService {
  const { authority, enforcement, store, audit, clock, isFresh } = options;

  const carryOut = (effects: readonly SessionEffect[], receivedAtMs: number): void => {
    enforcement.carryOut(effects, receivedAtMs);
    for (const effect of effects) if (effect.kind === 'ended') forgetSession(store, effect.session);
  };

  /** The session whose current token this is, on its own connection; anything else is refused and written down. */
  const present = (token: Uint8Array, origin: Origin): Session => {
    if (!isFresh()) throw serverError('RTA_SERVER_VIEW_STALE');
    const check: Check = authority.check(peekSessionId(token), token, origin.connection, clock.now());
    if (check.ok) return check.session;
    audit.record({
      kind: 'refusal',
      outcome: 'refused',
      cause: check.cause,
      ...origin,
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
    ...createBinder({ ...options, singleUse: store.singleUse, carryOut }),
    carryOut,

    async delegate(message, origin) {
      const parent = present(message.token, origin);
      try {
        const child = openChild(parent, message, clock.now());
        await keepSession(store, child).catch((error: unknown) => {
          authority.end(child.id, { kind: 'ended', change: child.id }, clock.now());
          throw error;
        });
        audit.record({ kind: 'delegation', outcome: 'ok', ...origin, ...whoOf(child) });
        lifecycleChannel.publish({ kind: 'session-opened', session: child.id });
        return child;
      } catch (error) {
        audit.record({ kind: 'delegation', ...refusalOf(error), ...origin, ...whoOf(parent) });
        throw error;
      }
    },

    end(token, origin) {
      const session = present(token, origin);
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
