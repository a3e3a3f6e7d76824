import { randomInt } from 'node:crypto';
import { type Clock, isRtaError } from '@rta/core';
import { SSF_CLIENT_LIMITS } from './client-limits.ts';

/**
 * Waits; resolves early and quietly when the signal is aborted.
 *
 * @param ms - longer than timers keep (`SSF_CLIENT_LIMITS.timerMs`) counts as that long.
 */
export async function wait(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted || ms <= 0) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = (): void => resolve();
  const timer = clock.after(Math.min(ms, SSF_CLIENT_LIMITS.timerMs), stop);
  signal.addEventListener('abort', stop, { once: true });
  try {
    await promise;
  } finally {
    timer.cancel();
    signal.removeEventListener('abort', stop);
  }
}

/** Waits between attempts: longer each time, at random within limits, so that many receivers do not come at once. */
export interface Retry {
  /** How long to wait after this failure. */
  afterMs(error: unknown): number;
  /** The next failure is a first one. */
  succeeded(): void;
}

/** Makes the waits of one kind of attempt. */
export function createRetry(): Retry {
  let failures = 0;
  return {
    afterMs(error) {
      const { retryMinMs, retryMaxMs, retryAfterMaxMs } = SSF_CLIENT_LIMITS;
      const ceilingMs = Math.min(retryMaxMs, retryMinMs * 2 ** Math.min(failures, 30));
      failures += 1;
      const asked = isRtaError(error) ? error.details['retryAfterMs'] : undefined;
      const askedMs = typeof asked === 'number' ? Math.min(asked, retryAfterMaxMs) : 0;
      return Math.max(askedMs, randomInt(ceilingMs / 2, ceilingMs + 1));
    },
    succeeded() {
      failures = 0;
    },
  };
}
