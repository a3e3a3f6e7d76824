import type { Cause, Session, SessionEffect } from '@rta/authority';
import type { Clock, SessionId } from '@rta/core';
import { encodeMessage } from '@rta/protocol';
import { whoOf } from '../audit/audit-record.ts';
import type { AuditTrail } from '../audit/audit-trail.ts';
import { enforcementChannel, lifecycleChannel } from '../diagnostics.ts';
import { SERVER_LIMITS } from '../limits.ts';

/** Where pushes go: the open connections of a node. */
export interface PushTarget {
  /** Sends a push frame on the session's push stream; false where the connection is gone. */
  push(connection: string, session: SessionId, frame: Uint8Array): boolean;
}

/** Carries changes to the agents that they concern, and measures when each obeyed (invariant I8). */
export interface Enforcement {
  /**
   * Records and pushes the effects of one change, in order.
   *
   * @param receivedAtMs - monotonic milliseconds at which the change reached this node.
   */
  carryOut(effects: readonly SessionEffect[], receivedAtMs: number): void;
  /** An agent has taken a push to heart. */
  acknowledge(connection: string, session: SessionId, generation: number): void;
  /** Gives up waiting for acknowledgements that are overdue. */
  giveUpOverdue(): void;
}

/** A push whose acknowledgement is awaited. */
interface Awaited {
  readonly session: Session;
  readonly cause: Cause;
  readonly receivedAtMs: number;
  readonly pushedAtMs: number;
}

/** Makes the enforcement of a node. */
export function createEnforcement(options: {
  readonly target: PushTarget;
  readonly audit: AuditTrail;
  readonly clock: Clock;
}): Enforcement {
  const { target, audit, clock } = options;
  // In the order of pushing, so that the overdue ones stand in front.
  const awaited = new Map<string, Awaited>();
  let pushes = 0;

  const settle = (key: string, outcome: 'acknowledged' | 'timed-out'): void => {
    const push = awaited.get(key);
    if (push === undefined) return;
    awaited.delete(key);
    const { session, cause, receivedAtMs, pushedAtMs } = push;
    const nowMs = clock.monotonicMs();
    enforcementChannel.publish({
      change: cause.change,
      kind: cause.kind,
      outcome,
      durationMs: nowMs - receivedAtMs,
    });
    audit.record({
      kind: 'enforcement',
      outcome,
      ...whoOf(session),
      change: cause.change,
      cause: cause.kind,
      detail: { pushedAfterMs: pushedAtMs - receivedAtMs, settledAfterMs: nowMs - receivedAtMs },
    });
  };

  const push = (session: Session, cause: Cause, frame: Uint8Array, receivedAtMs: number): void => {
    if (session.connection === undefined) return;
    if (!target.push(session.connection, session.id, frame)) return;
    for (const oldest of awaited.keys()) {
      if (awaited.size < SERVER_LIMITS.maxTrackedChanges) break;
      settle(oldest, 'timed-out');
    }
    awaited.set(awaitKey(session.connection, session.id, session.generation), {
      session,
      cause,
      receivedAtMs,
      pushedAtMs: clock.monotonicMs(),
    });
  };

  return {
    carryOut(effects, receivedAtMs) {
      // First everybody is told, then it is written down: the agents must not wait for the bookkeeping.
      for (const effect of effects) {
        if (effect.kind === 'displaced') continue;
        pushes += 1;
        const { session, cause } = effect;
        push(session, cause, pushFrame(effect.kind, session, cause, pushes), receivedAtMs);
      }
      for (const effect of effects) recordEffect(effect, audit);
    },
    acknowledge(connection, session, generation) {
      settle(awaitKey(connection, session, generation), 'acknowledged');
    },
    giveUpOverdue() {
      const overdueMs = clock.monotonicMs() - SERVER_LIMITS.acknowledgeTimeoutMs;
      for (const [key, { pushedAtMs }] of awaited) {
        if (pushedAtMs > overdueMs) return;
        settle(key, 'timed-out');
      }
    },
  };
}

function awaitKey(connection: string, session: SessionId, generation: number): string {
  return `${session} ${generation} ${connection}`;
}

function pushFrame(kind: 'changed' | 'ended', session: Session, cause: Cause, pushId: number): Uint8Array {
  const { id, generation, token, grant, attributes } = session;
  // 0 answers nothing; a push id only numbers the pushes of a node.
  const requestId = pushId >>> 0 === 0 ? 1 : pushId >>> 0;
  return kind === 'ended'
    ? encodeMessage('revoked', requestId, { session: id, generation, cause })
    : encodeMessage('context', requestId, {
        session: id,
        generation,
        token,
        scope: grant.scope,
        attributes: { ...attributes },
        cause,
      });
}

function recordEffect(effect: SessionEffect, audit: AuditTrail): void {
  const { session } = effect;
  if (effect.kind === 'displaced') {
    audit.record({
      kind: 'bind',
      outcome: 'ok',
      ...whoOf(session),
      cause: 'displaced',
      connection: effect.connection,
    });
    return;
  }
  const { cause } = effect;
  lifecycleChannel.publish({
    kind: effect.kind === 'ended' ? 'session-ended' : 'session-changed',
    session: session.id,
    cause: cause.kind,
  });
  audit.record({
    kind: effect.kind === 'ended' ? 'end' : 'change',
    outcome: 'ok',
    ...whoOf(session),
    cause: cause.kind,
    change: cause.change,
    ...(cause.txn === undefined ? {} : { txn: cause.txn }),
    ...(cause.reason === undefined ? {} : { detail: { reason: cause.reason } }),
    policyRevision: session.policyRevision,
  });
}
