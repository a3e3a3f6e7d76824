/** A token bucket: so many a second, with bursts of one second's worth. */
export interface Rate {
  /** Whether there is one to take. */
  has(nowMs: number): boolean;
  /** Takes one. */
  take(): void;
}

/**
 * Makes a full bucket.
 *
 * @param perSecond - a positive number.
 */
export function createRate(perSecond: number): Rate {
  const capacity = Math.max(1, perSecond);
  let left = capacity;
  let atMs = Number.NEGATIVE_INFINITY;
  return {
    has(nowMs) {
      // A clock that is set back fills nothing.
      if (nowMs > atMs) {
        left = Math.min(capacity, left + ((nowMs - atMs) * perSecond) / 1_000);
        atMs = nowMs;
      }
      return left >= 1;
    },
    take() {
      left -= 1;
    },
  };
}
