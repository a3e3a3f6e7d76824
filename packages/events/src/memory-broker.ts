import { randomUUID } from 'node:crypto';
import { sealEnvelope } from './envelope.ts';
import { eventsError } from './errors.ts';
import type { Cursor, EventBroker, SubscribeOptions } from './event-broker.ts';
import { createEventLog } from './event-log.ts';
import { EVENTS_LIMITS, type EventsLimits } from './limits.ts';
import { type MemorySubscription, startMemorySubscription } from './memory-subscription.ts';

/** Options of {@link createMemoryBroker}. */
export interface MemoryBrokerOptions {
  /** Overrides of {@link EVENTS_LIMITS}; positive integers. */
  readonly limits?: Partial<EventsLimits>;
}

/**
 * Makes a broker that lives in this process: a real one for a single node, and the reference for adapters.
 *
 * Events are in publication order for every subscriber, whatever their keys, and each is delivered once. The log
 * keeps the newest events up to `retainedCount` and `retainedBytes`; a subscriber that has not read an event
 * when it leaves the log ends with `RTA_EVENTS_BACKLOG`. Delivered events are frozen.
 *
 * @throws RangeError for a limit that is not a positive integer.
 */
export function createMemoryBroker(options: MemoryBrokerOptions = {}): EventBroker {
  const limits: EventsLimits = { ...EVENTS_LIMITS, ...options.limits };
  for (const [name, value] of Object.entries(limits)) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new RangeError(`limit ${name} must be a positive integer`);
    }
  }
  const log = createEventLog(limits);
  // Cursors carry the log's name, so that one of another broker, or of another run, is refused and not misread.
  const logId = randomUUID();
  const cursorOf = (sequence: number): Cursor => `${logId}:${sequence}`;
  const subscriptions = new Set<MemorySubscription>();
  let closed = false;

  const checkOpen = (): void => {
    if (closed) throw eventsError('RTA_EVENTS_CLOSED');
  };

  const sequenceAfter = (cursor: Cursor): number => {
    const digits = cursor.startsWith(`${logId}:`) ? cursor.slice(logId.length + 1) : '';
    const next = /^[1-9]\d{0,15}$/.test(digits) ? Number(digits) + 1 : 0;
    if (next < log.oldest || next > log.next) throw eventsError('RTA_EVENTS_CURSOR');
    return next;
  };

  const firstSequence = (from: SubscribeOptions['from'] = 'next'): number => {
    if (from === 'next') return log.next;
    if (from === 'oldest') return log.oldest;
    return sequenceAfter(from.after);
  };

  const close = async (): Promise<void> => {
    closed = true;
    await Promise.all([...subscriptions].map((subscription) => subscription.close()));
    log.clear();
  };

  return {
    features: { replay: true, durable: false, shared: false },
    async publish(event, { signal } = {}) {
      checkOpen();
      signal?.throwIfAborted();
      const sealed = sealEnvelope(event, limits);
      const sequence = log.append(sealed.event, sealed.bytes);
      for (const subscription of subscriptions) subscription.logHasGrown();
      return cursorOf(sequence);
    },
    async subscribe({ from, onEvent }) {
      checkOpen();
      const subscription = startMemorySubscription({
        log,
        first: firstSequence(from),
        cursorOf,
        onEvent,
        onEnded: (ended) => subscriptions.delete(ended),
      });
      subscriptions.add(subscription);
      return subscription;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
