import type { EventEnvelope } from './event-broker.ts';
import type { EventsLimits } from './limits.ts';

interface Entry {
  readonly event: EventEnvelope;
  readonly bytes: number;
}

/** The newest events of one broker, numbered 1, 2, 3 …; the oldest ones leave when a limit is met. */
export interface EventLog {
  /** Number of the oldest event kept; `next` when there is none. */
  readonly oldest: number;
  /** Number that the next event will have. */
  readonly next: number;
  /** Adds an event. @returns its number. */
  append(event: EventEnvelope, bytes: number): number;
  /** The event with this number, where it is kept. */
  at(sequence: number): EventEnvelope | undefined;
  /** Forgets all events; the numbers go on. */
  clear(): void;
}

/** Makes an empty log. It always keeps the newest event, even one that alone exceeds `retainedBytes`. */
export function createEventLog(limits: Pick<EventsLimits, 'retainedCount' | 'retainedBytes'>): EventLog {
  const entries = new Map<number, Entry>();
  let oldest = 1;
  let next = 1;
  let bytesKept = 0;

  const dropOldest = (): void => {
    bytesKept -= entries.get(oldest)?.bytes ?? 0;
    entries.delete(oldest);
    oldest += 1;
  };

  return {
    get oldest() {
      return oldest;
    },
    get next() {
      return next;
    },
    append(event, bytes) {
      const sequence = next;
      next += 1;
      entries.set(sequence, { event, bytes });
      bytesKept += bytes;
      while (entries.size > 1 && (entries.size > limits.retainedCount || bytesKept > limits.retainedBytes)) {
        dropOldest();
      }
      return sequence;
    },
    at: (sequence) => entries.get(sequence)?.event,
    clear() {
      entries.clear();
      oldest = next;
      bytesKept = 0;
    },
  };
}
