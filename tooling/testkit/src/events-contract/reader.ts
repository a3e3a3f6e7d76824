import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Delivery, EventBroker, EventEnvelope, EventSubscription, SubscribeOptions } from '@rta/events';
import type { EventsContractEnv } from './check.ts';

/** Opens a broker over a log that nobody has used. */
export async function openFresh(env: EventsContractEnv): Promise<EventBroker> {
  return env.open(randomUUID());
}

/** How long to wait for what must happen. */
export function patienceMs(env: Pick<EventsContractEnv, 'patienceMs'>): number {
  return env.patienceMs ?? 5000;
}

/** Waits for something that must happen; fails with `what` where it does not. */
export async function within<Value>(
  env: Pick<EventsContractEnv, 'patienceMs'>,
  what: string,
  happening: Promise<Value>,
): Promise<Value> {
  const limitMs = patienceMs(env);
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new assert.AssertionError({ message: `${what}: not within ${limitMs} ms` })),
      limitMs,
    );
  });
  try {
    return await Promise.race([happening, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

/** A subscription that writes down what it is given. */
export interface Reader extends AsyncDisposable {
  readonly subscription: EventSubscription;
  /** Everything in the order of arrival, repetitions included. */
  readonly deliveries: readonly Delivery[];
  /** Waits until this many different events have arrived. */
  until(count: number): Promise<void>;
}

/** Subscribes and writes down; `onEvent` is called after that. */
export async function startReader(
  env: Pick<EventsContractEnv, 'patienceMs'>,
  broker: EventBroker,
  options: Partial<SubscribeOptions> = {},
): Promise<Reader> {
  const deliveries: Delivery[] = [];
  const seen = new Set<string>();
  let onProgress: (() => void) | undefined;
  const subscription = await broker.subscribe({
    ...options,
    onEvent: (delivery) => {
      deliveries.push(delivery);
      seen.add(delivery.event.id);
      onProgress?.();
      return options.onEvent?.(delivery);
    },
  });
  return {
    subscription,
    deliveries,
    async until(count) {
      const arrived = new Promise<void>((resolve) => {
        const progress = (): void => {
          if (seen.size >= count) resolve();
        };
        onProgress = progress;
        progress();
      });
      const ended = subscription.ended.then(() => {
        throw new assert.AssertionError({ message: 'the subscription ended before all events had arrived' });
      });
      // Once the events are there, the end of the subscription is no failure.
      ended.catch(() => undefined);
      await within(env, `${count} different events arrive`, Promise.race([arrived, ended]));
    },
    [Symbol.asyncDispose]: () => subscription.close(),
  };
}

/**
 * The different events among deliveries, in the order of their first arrival.
 * An event may come again (at least once), but then as the same event.
 */
export function distinctEvents(deliveries: readonly Delivery[]): EventEnvelope[] {
  const byId = new Map<string, EventEnvelope>();
  for (const { event } of deliveries) {
    const known = byId.get(event.id);
    if (known === undefined) byId.set(event.id, event);
    else assert.deepEqual(event, known, 'an event that is delivered again is the same event');
  }
  return [...byId.values()];
}

/** Asserts that exactly the published events arrived, those of each key in order. */
export function assertArrived(deliveries: readonly Delivery[], published: readonly EventEnvelope[]): void {
  const arrived = distinctEvents(deliveries);
  for (const key of new Set([...published, ...arrived].map((event) => event.key))) {
    assert.deepEqual(
      arrived.filter((event) => event.key === key),
      published.filter((event) => event.key === key),
      'the events of a key arrive as they were published, all of them and in order',
    );
  }
}

/** A number of events of one key; ids are unique in their log. */
export function makeEvents(count: number, key = 'user-1', prefix = 'event'): EventEnvelope[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `${prefix}-${index}`,
    key,
    type: 'signal',
    payload: { index },
  }));
}

/** Publishes one after the other. */
export async function publishAll(broker: EventBroker, events: readonly EventEnvelope[]): Promise<void> {
  for (const event of events) await broker.publish(event);
}

/** An error check for `assert.rejects`. */
export function withCode(code: string): (error: unknown) => true {
  return (error) => {
    assert.equal((error as { code?: unknown } | null)?.code, code);
    return true;
  };
}

/** An error check for `assert.rejects`: this error and no other. */
export function sameError(expected: Error): (error: unknown) => true {
  return (error) => {
    assert.equal(error, expected, 'the error is the very one that was thrown');
    return true;
  };
}
