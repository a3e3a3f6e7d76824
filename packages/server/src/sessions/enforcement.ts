import type { Cause, Session, SessionEffect } from '@rta/authority';
import type { Clock, SessionId } from '@rta/core';
import { encodeMessage, fitText } from '@rta/protocol';
import { whoOf } from '../audit/audit-record.ts';
import type { AuditTrail } from '../audit/audit-trail.ts';
import { enforcementChannel, lifecycleChannel, reportFault } from '../diagnostics.ts';
import { SERVER_LIMITS } from '../limits.ts';
import { createPushQueue } from './push-queue.ts';

/** Where pushes go: the open connections of a node. */
export interface PushTarget {
  /**
   * Sends a push frame on the session's push stream; false where the connection is gone.
   *
   * @param isLast - nothing will be pushed for the session after this.
   */
  push(connection: string, session: SessionId, frame: Uint8Array, isLast: boolean): boolean;
  /** Closes a connection whose agents cannot be told. */
  cut(connection: string): void;
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

/** What is to be pushed. */
interface Push {
  readonly session: Session;
  readonly cause: Cause;
  readonly receivedAtMs: number;
}

/** A push whose acknowledgement is awaited. */
interface Awaited extends Push {
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
    queue.settled(key);
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

  /** @returns the key of what is awaited now; undefined where nobody is there to answer. */
  const push = ({ session, cause, receivedAtMs }: Push): string | undefined => {
    if (session.connection === undefined) return undefined;
    let frame: Uint8Array;
    pushes += 1;
    try {
      frame = pushFrame(session, cause, pushes);
    } catch (error) {
      // One agent that cannot be told must not keep the others from hearing it, nor go on itself.
      reportFault('connection', error);
      target.cut(session.connection);
      return undefined;
    }
    if (!target.push(session.connection, session.id, frame, session.state === 'ended')) return undefined;
    for (const oldest of awaited.keys()) {
      if (awaited.size < SERVER_LIMITS.maxTrackedChanges) break;
      settle(oldest, 'timed-out');
    }
    const key = awaitKey(session.connection, session.id, session.generation);
    awaited.set(key, { session, cause, receivedAtMs, pushedAtMs: clock.monotonicMs() });
    return key;
  };

  const queue = createPushQueue({ write: push, clock });

  return {
    carryOut(effects, receivedAtMs) {
      // First everybody is told, then it is written down: the agents must not wait for the bookkeeping.
      for (const effect of effects) {
        if (effect.kind === 'displaced') continue;
        const { session, cause } = effect;
        if (session.connection === undefined) continue;
        // Its agents come back, bind again, and are given the state as it is then.
        if (queue.size >= SERVER_LIMITS.maxWaitingPushes) target.cut(session.connection);
        else queue.add({ session, cause, receivedAtMs });
      }
      queue.start();
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

function pushFrame(session: Session, changeCause: Cause, pushId: number): Uint8Array {
  const { id, generation, token, grant, attributes } = session;
  // 0 answers nothing; a push id only numbers the pushes of a node.
  const requestId = pushId >>> 0 === 0 ? 1 : pushId >>> 0;
  const cause = wireCause(changeCause);
  return session.state === 'ended'
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

/** A cause has words from outside: what a message cannot carry is cut or replaced, and the change travels anyway. */
function wireCause({ kind, change, reason, txn }: Cause): Cause {
  return {
    kind: fitText(kind),
    change: fitText(change),
    ...(reason === undefined ? {} : { reason: fitText(reason) }),
    ...(txn === undefined ? {} : { txn: fitText(txn) }),
  };
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
