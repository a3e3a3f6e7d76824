import type { Clock, Timer } from '@rta/core';
import { SERVER_LIMITS } from '../limits.ts';

/**
 * Pushes that are written in one turn of the event loop. Each brings a packet or two, and a turn reads some thirty: so
 * acknowledgements are read as fast as they come.
 */
const PUSHES_PER_TURN = 16;

/** Pushes that wait to be written, in order: a session's generations never overtake one another. */
export interface PushQueue<Push> {
  /** How many wait. */
  readonly size: number;
  /** Adds a push behind the others. */
  add(push: Push): void;
  /** Writes the first ones now, if there was nothing to do so far, and the others when it is their turn. */
  start(): void;
  /** The push of this key is on its way no longer. */
  settled(key: string): void;
}

/**
 * Makes a queue that writes a few pushes at a time, so that the first packets leave while the last pushes are still
 * being written; and no more than agents and network are seen to take. What is pushed faster than it is acknowledged
 * fills sockets until they lose packets, and every packet that is lost brings others, on all connections at once.
 *
 * @param options `write` returns the key of what is on its way now; undefined for nothing.
 */
export function createPushQueue<Push>(options: {
  readonly write: (push: Push) => string | undefined;
  readonly clock: Clock;
}): PushQueue<Push> {
  const { write, clock } = options;
  let pushes: Push[] = [];
  /** How many of them have been written. */
  let written = 0;
  /** When the pushes were written that others may have to wait for, the longest ago first. */
  const inFlight = new Map<string, number>();
  let next: 'turn' | Timer | undefined;

  /** How many may be written now. */
  const room = (): number => {
    const slowMs = clock.monotonicMs() - SERVER_LIMITS.pushWaitMs;
    for (const [key, writtenAtMs] of inFlight) {
      if (writtenAtMs > slowMs) break;
      inFlight.delete(key);
    }
    return SERVER_LIMITS.maxPushesInFlight - inFlight.size;
  };

  const takeTurn = (): void => {
    next = undefined;
    let left = Math.min(PUSHES_PER_TURN, room());
    for (let push = pushes[written]; push !== undefined && left > 0; push = pushes[written]) {
      left -= 1;
      written += 1;
      const key = write(push);
      if (key !== undefined) inFlight.set(key, clock.monotonicMs());
    }
    // Let go of before it is more than what waits.
    if (written * 2 >= pushes.length) {
      pushes = pushes.slice(written);
      written = 0;
    }
    if (pushes.length > written) goOn();
  };

  /** In the next turn, or when there is room again. */
  const goOn = (): void => {
    if (next === 'turn') return;
    if (room() > 0) {
      next?.cancel();
      next = 'turn';
      setImmediate(takeTurn);
    } else {
      next ??= clock.after(SERVER_LIMITS.pushWaitMs, takeTurn);
    }
  };

  return {
    get size() {
      return pushes.length - written;
    },
    add: (push) => void pushes.push(push),
    start() {
      if (next === undefined && pushes.length > 0) takeTurn();
    },
    settled(key) {
      if (inFlight.delete(key) && pushes.length > 0) goOn();
    },
  };
}
