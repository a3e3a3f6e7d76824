import { type Authority, authorityError, type Session, type SessionEffect } from '@rta/authority';
import { type Clock, type JsonObject, parseSessionId, type SessionId, toBase64Url } from '@rta/core';
import { bindingStatement, type Messages, resumeStatement } from '@rta/protocol';
import type { SingleUseKeys } from '@rta/store';
import { verifyEd25519 } from '@rta/token';
import type { TransportConnection } from '@rta/transport';
import { originOf, refusalOf, whoOf } from '../audit/audit-record.ts';
import type { AuditTrail } from '../audit/audit-trail.ts';
import { lifecycleChannel, reportFault } from '../diagnostics.ts';
import { serverError } from '../errors.ts';
import { SERVER_LIMITS } from '../limits.ts';

/** The connection that a session is to be bound to, as its transport shows it. */
export type BindingConnection = Pick<
  TransportConnection,
  'id' | 'kind' | 'channelBinding' | 'clientThumbprint' | 'isEarly'
>;

/** Binds sessions to connections, by proof of possession (invariant I5). Every attempt is written down. */
export interface Binder {
  /**
   * Binds against the challenge of this connection.
   *
   * @throws RtaError `RTA_AUTHORITY_PROOF`, `_SESSION_UNKNOWN`, `_SESSION_ENDED`, `_CERTIFICATE`;
   *   `RTA_SERVER_VIEW_STALE`
   */
  bind(message: Messages['bind'], connection: BindingConnection, challenge: Uint8Array): Session;
  /**
   * Binds without a challenge: what came may be a copy, and counts once.
   *
   * @throws RtaError as {@link Binder.bind}, and `RTA_SERVER_RESUME_LATE`, `_RESUME_REPLAYED`, `_DISCONNECTED`;
   *   `RTA_SERVER_SINGLE_USE` where the store cannot remember; `RTA_AUTHORITY_PROOF_OLD`
   * @see docs/spec/protocol.md §9
   */
  resume(message: Messages['resume'], connection: BindingConnection): Promise<Session>;
}

/** What binding rests on. */
export interface BinderOptions {
  readonly authority: Authority;
  /** Shared by all nodes that know the same sessions. */
  readonly singleUse: SingleUseKeys;
  readonly audit: AuditTrail;
  readonly clock: Clock;
  readonly isFresh: () => boolean;
  /** Whether a connection is still there. */
  readonly isConnected: (connection: string) => boolean;
  readonly carryOut: (effects: readonly SessionEffect[]) => void;
  /** The session is bound. */
  readonly onBound: (session: Session) => void;
}

/** Makes the binder of a node. */
export function createBinder(options: BinderOptions): Binder {
  const { authority, singleUse, audit, clock, isFresh, isConnected, carryOut, onBound } = options;

  const assertFresh = (): void => {
    if (!isFresh()) throw serverError('RTA_SERVER_VIEW_STALE');
  };

  const assertInTime = (issuedAtMs: number): void => {
    const offsetMs = issuedAtMs - clock.now();
    if (Math.abs(offsetMs) > SERVER_LIMITS.resumeWindowMs) {
      throw serverError('RTA_SERVER_RESUME_LATE', undefined, { details: { offsetMs } });
    }
  };

  /** Nothing of what follows may happen twice: a store that fails lets nothing through. */
  const takeOnce = async (id: SessionId, nonce: Uint8Array, issuedAtMs: number): Promise<void> => {
    // Twice the window: a node whose clock is behind takes it for longer than this one.
    const keptUntilMs = issuedAtMs + 2 * SERVER_LIMITS.resumeWindowMs;
    const key = `resume:${id}:${toBase64Url(nonce)}`;
    const isFirst = await singleUse.claim(key, keptUntilMs).catch((cause: unknown) => {
      reportFault('store', cause);
      throw serverError('RTA_SERVER_SINGLE_USE', undefined, { cause });
    });
    if (!isFirst) throw serverError('RTA_SERVER_RESUME_REPLAYED');
  };

  const attach = (
    id: SessionId,
    connection: BindingConnection,
    resumed?: { readonly issuedAtMs: number; readonly detail: JsonObject },
  ): Session => {
    const { session, effects } = authority.bind(
      id,
      {
        connection: connection.id,
        certificateThumbprint: connection.clientThumbprint,
        provenAtMs: resumed?.issuedAtMs,
      },
      clock.now(),
    );
    carryOut(effects);
    onBound(session);
    const how = resumed === undefined ? {} : { detail: resumed.detail };
    audit.record({ kind: 'bind', outcome: 'ok', ...originOf(connection), ...whoOf(session), ...how });
    lifecycleChannel.publish({ kind: 'session-bound', session: id, connection: connection.id });
    return session;
  };

  const recordRefusal = (
    id: SessionId,
    connection: BindingConnection,
    error: unknown,
    detail?: JsonObject,
  ): void => {
    const known = authority.get(id, clock.now());
    audit.record({
      kind: 'bind',
      ...refusalOf(error),
      ...originOf(connection),
      ...(known === undefined ? { session: id } : whoOf(known)),
      ...(detail === undefined ? {} : { detail }),
    });
  };

  return {
    bind(message, connection, challenge) {
      const id = parseSessionId(message.session);
      try {
        assertFresh();
        const statement = bindingStatement(challenge, connection.channelBinding, id);
        assertProof(authority.live(id, clock.now()), statement, message.signature);
        return attach(id, connection);
      } catch (error) {
        recordRefusal(id, connection, error);
        throw error;
      }
    },

    async resume({ session, nonce, issuedAtMs, signature }, connection) {
      const id = parseSessionId(session);
      const detail = { by: 'RESUME', early: connection.isEarly };
      try {
        assertFresh();
        const known = authority.live(id, clock.now());
        assertInTime(issuedAtMs);
        const statement = resumeStatement(nonce, issuedAtMs, connection.channelBinding, id);
        // Only what the session's key signed may take room in the store.
        assertProof(known, statement, signature);
        await takeOnce(id, nonce, issuedAtMs);
        // Much can happen while the store is asked: what counts is how things are now.
        assertFresh();
        if (!isConnected(connection.id)) throw serverError('RTA_SERVER_DISCONNECTED');
        return attach(id, connection, { issuedAtMs, detail });
      } catch (error) {
        recordRefusal(id, connection, error, detail);
        throw error;
      }
    },
  };
}

function assertProof({ publicKey }: Session, statement: Uint8Array, signature: Uint8Array): void {
  if (!verifyEd25519(publicKey, statement, signature)) throw authorityError('RTA_AUTHORITY_PROOF');
}
