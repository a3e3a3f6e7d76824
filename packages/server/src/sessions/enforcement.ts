import type { AuditRecord } from '@rta/audit';
import { type Cause, compareGrants, type Session, type SessionEffect } from '@rta/authority';
import type { Clock, SessionId } from '@rta/core';
import { encodeMessage, fitText } from '@rta/protocol';
import { whoOf } from '../audit/audit-record.ts';
import type { AuditTrail } from '../audit/audit-trail.ts';
import type { LaterRecords } from '../audit/later-records.ts';
import type { ChangeLog } from '../changes/change-log.ts';
import { enforcementChannel, lifecycleChannel, reportFault } from '../diagnostics.ts';
import { SERVER_LIMITS } from '../limits.ts';
import type { PushWindow } from './push-window.ts';

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
  /** Pushes and records effects, in order. */
  carryOut(effects: readonly SessionEffect[]): void;
  /** An agent has taken a push to heart. */
  acknowledge(connection: string, session: SessionId, generation: number): void;
  /** Cuts off those who did not acknowledge in time. To be called regularly, every `sweepIntervalMs`. */
  cutOffOverdue(): void;
}

/** A push whose acknowledgement is awaited. */
interface Awaited {
  readonly session: Session;
  readonly connection: string;
  /** What the agent obeys with it: one change, or several that were told at once. */
  readonly causes: Cause[];
  readonly pushedAtMs: number;
  /** The same on a clock that stands still while this node does. */
  readonly attentiveAtMs: number;
}

/** Makes the enforcement of a node. */
export function createEnforcement(options: {
  readonly target: PushTarget;
  readonly changes: ChangeLog;
  readonly audit: Pick<AuditTrail, 'record'>;
  /** For what can be written when agents were told. */
  readonly later: Pick<LaterRecords, 'add'>;
  readonly clock: Clock;
  readonly window: PushWindow;
  /** A push is awaited no longer. */
  readonly onSettled: () => void;
}): Enforcement {
  const { target, changes, audit, later, clock, window, onSettled } = options;
  // In the order of pushing, so that the overdue ones stand in front.
  const awaited = new Map<string, Awaited>();
  let pushes = 0;
  let lookedAtMs = clock.monotonicMs();
  // All the time in which this node stood still, and heard nobody.
  let absentMs = 0;
  const attentiveMs = (): number => clock.monotonicMs() - absentMs;
  let recordedChange: string | undefined;

  const settle = (key: string, outcome: 'acknowledged' | 'cut-off'): void => {
    const push = awaited.get(key);
    if (push === undefined) return;
    awaited.delete(key);
    window.settled(key);
    onSettled();
    const { session, causes, pushedAtMs } = push;
    const sincePushMs = clock.monotonicMs() - pushedAtMs;
    for (const { change, kind } of causes) {
      const settledAfterMs = changes.settled(change, session.id, session.generation, outcome) ?? sincePushMs;
      enforcementChannel.publish({ change, kind, outcome, durationMs: settledAfterMs });
      later.add(() => ({
        kind: 'enforcement',
        outcome,
        ...whoOf(session),
        change,
        cause: kind,
        detail: { pushedAfterMs: settledAfterMs - sincePushMs, settledAfterMs },
      }));
    }
  };

  const push = (effect: Exclude<SessionEffect, { kind: 'displaced' }>): void => {
    const { session, cause } = effect;
    const { id, generation, connection } = session;
    const point = { session: id, agent: session.actors.at(-1)?.id ?? '', generation };
    if (connection === undefined) {
      changes.offline(cause.change, point);
      return;
    }
    const key = awaitKey(connection, id, generation);
    const same = awaited.get(key);
    if (same !== undefined) {
      // Its agent is being told of this very generation.
      if (same.causes.some(({ change }) => change === cause.change)) return;
      same.causes.push(cause);
      changes.pushed(cause.change, point);
      return;
    }
    let frame: Uint8Array;
    pushes += 1;
    try {
      frame = pushFrame(effect, pushes);
    } catch (error) {
      // One agent that cannot be told must not keep the others from hearing it, nor go on itself.
      reportFault('connection', error);
      target.cut(connection);
      changes.offline(cause.change, point);
      return;
    }
    if (!target.push(connection, id, frame, session.state === 'ended')) {
      changes.offline(cause.change, point);
      return;
    }
    for (const [oldest, { connection: slow }] of awaited) {
      if (awaited.size < SERVER_LIMITS.maxAwaitedPushes) break;
      settle(oldest, 'cut-off');
      target.cut(slow);
    }
    window.opened(key);
    awaited.set(key, {
      session,
      connection,
      causes: [cause],
      pushedAtMs: clock.monotonicMs(),
      attentiveAtMs: attentiveMs(),
    });
    changes.pushed(cause.change, point);
  };

  /** That something happened is written at once, with the first session that it happened to; the others follow. */
  const record = (effect: SessionEffect): void => {
    const change = effect.kind === 'displaced' ? undefined : effect.cause.change;
    if (change !== undefined && change === recordedChange) return later.add(() => recordOf(effect));
    recordedChange = change ?? recordedChange;
    audit.record(recordOf(effect));
  };

  return {
    carryOut(effects) {
      // First everybody is told, then it is written down: the agents must not wait for the bookkeeping.
      for (const effect of effects) if (effect.kind !== 'displaced') push(effect);
      for (const effect of effects) {
        publishEffect(effect);
        record(effect);
      }
    },
    acknowledge(connection, session, generation) {
      settle(awaitKey(connection, session, generation), 'acknowledged');
    },
    cutOffOverdue() {
      // A process that stood still comes here before it reads what was acknowledged meanwhile.
      const nowMs = clock.monotonicMs();
      absentMs += Math.max(0, nowMs - lookedAtMs - SERVER_LIMITS.sweepIntervalMs);
      lookedAtMs = nowMs;
      const overdueMs = attentiveMs() - SERVER_LIMITS.acknowledgeTimeoutMs;
      for (const [key, { connection, attentiveAtMs }] of awaited) {
        if (attentiveAtMs > overdueMs) return;
        settle(key, 'cut-off');
        target.cut(connection);
      }
    },
  };
}

function awaitKey(connection: string, session: SessionId, generation: number): string {
  return `${session} ${generation} ${connection}`;
}

/** What its agent knows already is pushed once more: only its own word counts in a receipt (P-7.2). */
function pushFrame(effect: Exclude<SessionEffect, { kind: 'displaced' }>, pushId: number): Uint8Array {
  const { session } = effect;
  const { id, generation, token, grant, attributes } = session;
  // 0 answers nothing; a push id only numbers the pushes of a node.
  const requestId = pushId >>> 0 === 0 ? 1 : pushId >>> 0;
  const cause = wireCause(effect.cause);
  if (effect.kind === 'ended') {
    return encodeMessage('revoked', requestId, { cause, session: id, generation });
  }
  const { gained, lost } = compareGrants(effect.kind === 'changed' ? effect.before.grant : grant, grant);
  // Members stand in the order of the wire, so that they need not be sorted.
  return encodeMessage('context', requestId, {
    lost,
    cause,
    scope: grant.scope,
    state: session.state === 'suspended' ? 'suspended' : 'active',
    token,
    gained,
    session: id,
    attributes: { ...attributes },
    generation,
  });
}

/** A cause has words from outside: what a message cannot carry is cut or replaced, and the change travels anyway. */
function wireCause({ kind, change, reason, txn }: Cause): Cause {
  return {
    ...(txn === undefined ? {} : { txn: fitText(txn) }),
    kind: fitText(kind),
    change: fitText(change),
    ...(reason === undefined ? {} : { reason: fitText(reason) }),
  };
}

function publishEffect(effect: SessionEffect): void {
  if (effect.kind === 'displaced') return;
  lifecycleChannel.publish({
    kind: effect.kind === 'ended' ? 'session-ended' : 'session-changed',
    session: effect.session.id,
    cause: effect.cause.kind,
  });
}

function recordOf(effect: SessionEffect): AuditRecord {
  const { session } = effect;
  if (effect.kind === 'displaced') {
    return {
      kind: 'bind',
      outcome: 'ok',
      ...whoOf(session),
      cause: 'displaced',
      connection: effect.connection,
    };
  }
  const { cause } = effect;
  return {
    kind: effect.kind === 'ended' ? 'end' : 'change',
    outcome: 'ok',
    ...whoOf(session),
    cause: cause.kind,
    change: cause.change,
    ...(cause.txn === undefined ? {} : { txn: cause.txn }),
    ...(cause.reason === undefined ? {} : { detail: { reason: cause.reason } }),
    policyRevision: session.policyRevision,
  };
}
