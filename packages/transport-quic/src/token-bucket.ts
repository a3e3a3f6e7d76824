import type { Clock } from '@rta/core';

/** Lets through what comes at a rate, and no more. */
export interface TokenBucket {
  /** Whether one more may pass now; it counts if it may. */
  take(): boolean;
}

/**
 * A bucket that holds as many tokens as a second brings, and is full at first.
 *
 * @param perSecondCount how many may pass a second in the long run; at once as well, after a quiet second.
 */
export function createTokenBucket(clock: Clock, perSecondCount: number): TokenBucket {
  let tokens = perSecondCount;
  let filledAtMs = clock.monotonicMs();
  return {
    take() {
      const nowMs = clock.monotonicMs();
      tokens = Math.min(perSecondCount, tokens + ((nowMs - filledAtMs) / 1_000) * perSecondCount);
      filledAtMs = nowMs;
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    },
  };
}
