import type { Clock } from '@rta/core';
import { SERVER_LIMITS } from '../limits.ts';

/**
 * How many more pushes may be on their way. What is pushed faster than it is acknowledged fills sockets until they lose
 * packets, and every packet that is lost brings others, on all connections at once.
 */
export interface PushWindow {
  /** Pushes that may be written now; 0 or less for none. */
  room(): number;
  /** A push is on its way. */
  opened(key: string): void;
  /** It was acknowledged, or is not awaited any more. */
  settled(key: string): void;
}

/** Makes an empty window. */
export function createPushWindow(clock: Clock): PushWindow {
  // When each was written that others may have to wait for, the longest ago first.
  const inFlight = new Map<string, number>();
  return {
    room() {
      const slowMs = clock.monotonicMs() - SERVER_LIMITS.pushWaitMs;
      for (const [key, writtenAtMs] of inFlight) {
        if (writtenAtMs > slowMs) break;
        inFlight.delete(key);
      }
      return SERVER_LIMITS.maxPushesInFlight - inFlight.size;
    },
    opened: (key) => void inFlight.set(key, clock.monotonicMs()),
    settled: (key) => void inFlight.delete(key),
  };
}
