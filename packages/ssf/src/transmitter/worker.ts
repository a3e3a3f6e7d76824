import { randomInt } from 'node:crypto';
import type { Clock, Timer } from '@rta/core';
import { SSF_TRANSMITTER_LIMITS } from './transmitter-limits.ts';

/** Does something again and again until there is nothing to do; after a failure, later. */
export interface Worker {
  /** There may be something to do. Where it waits after a failure, it goes on waiting. */
  wake(): void;
  /** What made it fail may be gone: it tries at once. */
  retryNow(): void;
  /** Resolves when what runs has ended; it begins nothing new. */
  stop(): Promise<void>;
}

/** What one step of a worker came to. */
export type Step =
  | 'more'
  | 'idle'
  | { readonly failures: number; readonly retryAfterMs?: number }
  | { readonly waitMs: number };

/**
 * Makes a worker.
 *
 * @param step - one thing that is done. After failures the wait doubles each time, with jitter so that receivers that
 *   were down are not met by all at once; it is at least what the receiver asked for, and never above the limit.
 */
export function createWorker(options: { readonly clock: Clock; readonly step: () => Promise<Step> }): Worker {
  const { clock, step } = options;
  const { pushRetryMs, pushRetryMaxMs } = SSF_TRANSMITTER_LIMITS;
  let running: Promise<void> | undefined;
  let isWoken = false;
  let isStopped = false;
  let timer: Timer | undefined;

  const backoffMs = (failures: number, retryAfterMs: number): number => {
    const growing = Math.min(pushRetryMaxMs, pushRetryMs * 2 ** Math.min(failures - 1, 30));
    const jittered = growing / 2 + (growing / 2) * (randomInt(1_000_000) / 1_000_000);
    return Math.min(pushRetryMaxMs, Math.max(jittered, retryAfterMs));
  };
  const wait = (delayMs: number): void => {
    timer = clock.after(delayMs, () => {
      timer = undefined;
      wake();
    });
  };
  const run = async (): Promise<void> => {
    for (;;) {
      if (isStopped) return;
      isWoken = false;
      const came = await step();
      if (came === 'more') continue;
      if (came === 'idle') {
        if (isWoken) continue;
        return;
      }
      if (isStopped) return;
      wait('waitMs' in came ? came.waitMs : backoffMs(came.failures, came.retryAfterMs ?? 0));
      return;
    }
  };
  const wake = (): void => {
    isWoken = true;
    if (isStopped || timer !== undefined || running !== undefined) return;
    running = run().finally(() => {
      running = undefined;
      // Woken between the last look and the end.
      if (isWoken && timer === undefined) wake();
    });
  };

  return {
    wake,
    retryNow() {
      timer?.cancel();
      timer = undefined;
      wake();
    },
    async stop() {
      isStopped = true;
      timer?.cancel();
      timer = undefined;
      await running;
    },
  };
}
