import { randomUUID } from 'node:crypto';
import type { Signal } from '@rta/authority';
import type { Clock, Timer } from '@rta/core';
import type { Delivery, EventBroker, EventSubscription } from '@rta/events';
import { faultChannel, reportFault } from '../diagnostics.ts';
import { SERVER_LIMITS } from '../limits.ts';
import { parseSignalEvent, signalEvent } from './signal-event.ts';

/** The way of signals through the broker to every node, and how old this node's view of it is. */
export interface SignalLog extends AsyncDisposable {
  /**
   * Whether this node has lately seen what was published (invariant I2). While not, it must deny: somewhere a
   * revocation may be waiting.
   */
  readonly fresh: boolean;
  /** Hands signals to every node; resolves once they are as durable as the broker makes them. */
  publish(signals: readonly Signal[]): Promise<void>;
  close(): Promise<void>;
}

/** Waits between attempts to subscribe again. */
const RESUBSCRIBE_MS = 250;

/**
 * Subscribes this node.
 *
 * Heartbeats travel the same way as signals: when this node's own heartbeat comes back, everything published
 * before it has come as well.
 */
export async function openSignalLog(options: {
  readonly broker: EventBroker;
  readonly clock: Clock;
  readonly node: string;
  readonly maxStalenessMs?: number;
  readonly onSignal: (signal: Signal) => void;
}): Promise<SignalLog> {
  const { broker, clock, node, onSignal } = options;
  const maxStalenessMs = options.maxStalenessMs ?? SERVER_LIMITS.maxStalenessMs;
  let seenUpToMs = Number.NEGATIVE_INFINITY;
  let unreadable = false;
  let closed = false;
  let beats = 0;
  let subscription: EventSubscription | undefined;
  let lastCursor: string | undefined;
  // Heartbeats of an earlier run of this node may still be in the log, and their times mean nothing to this one.
  const run = randomUUID();
  const timers = new Set<Timer>();
  const caughtUp = Promise.withResolvers<void>();

  const after = (delayMs: number, callback: () => void): void => {
    const timer = clock.after(delayMs, () => {
      timers.delete(timer);
      callback();
    });
    timers.add(timer);
  };

  const onEvent = ({ event, cursor }: Delivery): void => {
    if (event.type === 'signal') {
      const signal = parseSignalEvent(event);
      if (signal === undefined) {
        // It may be a revocation: a node that cannot read it may not go on permitting (invariant I1).
        unreadable = true;
        faultChannel.publish({
          area: 'broker',
          code: 'RTA_SERVER_VIEW_STALE',
          message:
            'an event could not be read; this node denies until it is restarted with a version that can',
        });
        return;
      }
      onSignal(signal);
    } else if (event.type === 'heartbeat' && event.payload['run'] === run) {
      const { sentAtMs } = event.payload;
      // The view is as old as the heartbeat, not as young as its arrival.
      if (typeof sentAtMs === 'number') seenUpToMs = Math.max(seenUpToMs, sentAtMs);
      caughtUp.resolve();
    }
    lastCursor = cursor;
  };

  const beat = (): void => {
    if (closed) return;
    beats += 1;
    const sentAtMs = clock.monotonicMs();
    broker
      .publish({ id: `${run}:${beats}`, key: node, type: 'heartbeat', payload: { run, sentAtMs } })
      .catch((error: unknown) => reportFault('broker', error));
    after(SERVER_LIMITS.heartbeatIntervalMs, beat);
  };

  const follow = async (): Promise<void> => {
    const started = await broker.subscribe({
      onEvent,
      from: lastCursor === undefined ? (broker.features.replay ? 'oldest' : 'next') : { after: lastCursor },
    });
    if (closed) return started.close();
    subscription = started;
    started.ended.catch(followAgain);
  };

  const followAgain = (error: unknown): void => {
    if (closed) return;
    seenUpToMs = Number.NEGATIVE_INFINITY;
    reportFault('broker', error);
    after(RESUBSCRIBE_MS, () => void follow().catch(followAgain));
  };

  await follow();
  beat();
  // A node that has not caught up yet would only refuse.
  await caughtUp.promise;

  const close = async (): Promise<void> => {
    closed = true;
    for (const timer of timers) timer.cancel();
    await subscription?.close();
  };

  return {
    get fresh() {
      return !unreadable && !closed && clock.monotonicMs() - seenUpToMs <= maxStalenessMs;
    },
    async publish(signals) {
      for (const signal of signals) await broker.publish(signalEvent(signal));
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
