import { eventsError } from './errors.ts';
import type { Cursor, EventSubscription, SubscribeOptions } from './event-broker.ts';
import type { EventLog } from './event-log.ts';

/** One reader of an in-memory log. */
export interface MemorySubscription extends EventSubscription {
  /** Tells the reader that the log has grown. */
  logHasGrown(): void;
}

/**
 * Starts to read a log at a number. The reader holds no queue of its own: its backlog is what the log keeps, so
 * that it costs nothing, and it ends with `RTA_EVENTS_BACKLOG` when the log drops an event that it has not read.
 */
export function startMemorySubscription(options: {
  readonly log: EventLog;
  readonly first: number;
  readonly cursorOf: (sequence: number) => Cursor;
  readonly onEvent: SubscribeOptions['onEvent'];
  readonly onEnded: (subscription: MemorySubscription) => void;
}): MemorySubscription {
  const { log, cursorOf, onEvent, onEnded } = options;
  const ended = Promise.withResolvers<void>();
  let unread = options.first;
  let stopped = false;
  let wake: (() => void) | undefined;

  const stop = (): void => {
    stopped = true;
    wake?.();
  };

  const fail = (error: unknown): void => {
    stop();
    onEnded(subscription);
    ended.reject(error);
  };

  const readOn = async (): Promise<void> => {
    for (;;) {
      if (stopped) return;
      const event = log.at(unread);
      if (event === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      const cursor = cursorOf(unread);
      unread += 1;
      await onEvent({ event, cursor });
    }
  };

  const subscription: MemorySubscription = {
    ended: ended.promise,
    logHasGrown() {
      if (unread < log.oldest) {
        fail(
          eventsError('RTA_EVENTS_BACKLOG', 'the subscriber was too slow and has missed events', {
            details: { missed: log.oldest - unread },
          }),
        );
      } else {
        wake?.();
      }
    },
    async close() {
      stop();
      // Whoever wants the reason awaits `ended`; to close is to be done with it.
      await reading.catch(() => undefined);
    },
    [Symbol.asyncDispose]: () => subscription.close(),
  };

  // In a later microtask, so that a handler never runs inside `subscribe` or `publish`.
  const reading = Promise.resolve().then(readOn);
  const settle = async (): Promise<void> => {
    try {
      await reading;
      onEnded(subscription);
      ended.resolve();
    } catch (error) {
      fail(error);
    }
  };
  void settle();
  // A program that does not look at `ended` must not be ended by it.
  ended.promise.catch(() => undefined);
  return subscription;
}
