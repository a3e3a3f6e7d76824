import type { Clock, Timer } from '@rta/core';

/** A clock that stands still until it is told to move. */
export interface FakeClock extends Clock {
  /** Moves time on and fires the timers that fall due, in order, at their own time. */
  advance(ms: number): void;
  /** Timers that wait. */
  readonly pendingTimers: number;
}

interface Pending {
  readonly dueMs: number;
  readonly order: number;
  readonly callback: () => void;
}

/**
 * Makes a clock for tests.
 *
 * @param startMs - UNIX milliseconds at which it stands; 2026-01-01T00:00:00Z by default.
 */
export function createFakeClock(startMs = 1_767_225_600_000): FakeClock {
  let nowMs = startMs;
  let order = 0;
  const pending = new Set<Pending>();

  const nextDueBy = (limitMs: number): Pending | undefined => {
    let next: Pending | undefined;
    for (const timer of pending) {
      if (timer.dueMs > limitMs) continue;
      if (
        next === undefined ||
        timer.dueMs < next.dueMs ||
        (timer.dueMs === next.dueMs && timer.order < next.order)
      ) {
        next = timer;
      }
    }
    return next;
  };

  return {
    now: () => nowMs,
    monotonicMs: () => nowMs - startMs,
    after(delayMs, callback): Timer {
      const timer = { dueMs: nowMs + Math.max(0, delayMs), order: order++, callback };
      pending.add(timer);
      return { cancel: () => void pending.delete(timer) };
    },
    advance(ms) {
      const limitMs = nowMs + ms;
      for (let timer = nextDueBy(limitMs); timer !== undefined; timer = nextDueBy(limitMs)) {
        pending.delete(timer);
        nowMs = timer.dueMs;
        timer.callback();
      }
      nowMs = limitMs;
    },
    get pendingTimers() {
      return pending.size;
    },
  };
}
