import {
  createMemoryBroker,
  type Delivery,
  type EventBroker,
  type EventEnvelope,
  type EventSubscription,
  eventsError,
  type SubscribeOptions,
} from '@rta/events';
import { describe, expect, test } from 'vitest';
import { EVENTS_CHECKS } from '../src/index.ts';

/** A memory broker with something broken. */
type Fault = (inner: EventBroker) => Partial<EventBroker>;

function breakWith(fault: Fault): EventBroker {
  const inner = createMemoryBroker();
  return { ...inner, ...fault(inner) };
}

/** A fault between the log and the handler. */
const onTheWay =
  (tamper: (onEvent: SubscribeOptions['onEvent']) => SubscribeOptions['onEvent']): Fault =>
  (inner) => ({ subscribe: (options) => inner.subscribe({ ...options, onEvent: tamper(options.onEvent) }) });

/** A fault of the subscription that the caller is given. */
const inSubscription =
  (tamper: (inner: EventSubscription) => Partial<EventSubscription>): Fault =>
  (inner) => ({
    async subscribe(options) {
      const subscription = await inner.subscribe(options);
      return { ...subscription, ...tamper(subscription) };
    },
  });

const never = new Promise<never>(() => {});
const nextTurn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** Which check catches which broken broker. */
const CASES: readonly (readonly [broken: string, check: string, fault: Fault])[] = [
  [
    'changes what is not ASCII',
    'an event arrives as it was published',
    onTheWay((onEvent) => (delivery) => {
      const text = JSON.stringify(delivery.event).replaceAll(/[^ -~]/g, '?');
      return onEvent({ ...delivery, event: JSON.parse(text) as EventEnvelope });
    }),
  ],
  [
    'drops every seventh event',
    'every event published after `subscribe` resolved arrives, in order',
    (inner) => {
      let count = 0;
      return { publish: async (event) => (++count % 7 === 0 ? `lost-${count}` : inner.publish(event)) };
    },
  ],
  [
    'stalls after five events',
    'every event published after `subscribe` resolved arrives, in order',
    onTheWay((onEvent) => {
      let count = 0;
      return (delivery) => (++count > 5 ? undefined : onEvent(delivery));
    }),
  ],
  [
    'repeats an event under another id',
    'every event published after `subscribe` resolved arrives, in order',
    onTheWay((onEvent) => async (delivery) => {
      await onEvent(delivery);
      await onEvent({ ...delivery, event: { ...delivery.event, id: `${delivery.event.id}-again` } });
    }),
  ],
  [
    'repeats an id with another payload',
    'every event published after `subscribe` resolved arrives, in order',
    onTheWay((onEvent) => async (delivery) => {
      await onEvent(delivery);
      await onEvent({ ...delivery, event: { ...delivery.event, payload: { index: -1 } } });
    }),
  ],
  [
    'swaps two events of a key now and then',
    'every event published after `subscribe` resolved arrives, in order',
    onTheWay((onEvent) => {
      let count = 0;
      let held: Delivery | undefined;
      return async (delivery) => {
        if (++count % 10 === 5) {
          held = delivery;
          return;
        }
        await onEvent(delivery);
        if (held !== undefined) await onEvent(held);
        held = undefined;
      };
    }),
  ],
  [
    'swaps events of one key where several keys are in use',
    'events of each key arrive in order while several keys are published at once',
    onTheWay((onEvent) => {
      let held: Delivery | undefined;
      return async (delivery) => {
        if (delivery.event.id === 'user-2-3') {
          held = delivery;
          return;
        }
        await onEvent(delivery);
        if (delivery.event.id === 'user-2-4' && held !== undefined) await onEvent(held);
      };
    }),
  ],
  [
    'does not wait for the handler',
    'a handler is given one event at a time',
    onTheWay((onEvent) => (delivery) => void onEvent(delivery)),
  ],
  [
    'lets a handler that hangs hold up all',
    'each subscriber reads everything, and a handler that hangs holds up only its own',
    (inner) => {
      let queue = Promise.resolve();
      return {
        subscribe: (options) =>
          inner.subscribe({
            ...options,
            onEvent: (delivery) => {
              queue = queue.then(() => options.onEvent(delivery));
              return queue;
            },
          }),
      };
    },
  ],
  [
    'gives each event to one subscriber only',
    'each subscriber reads everything, and a handler that hangs holds up only its own',
    (inner) => {
      const given = new Set<string>();
      return {
        subscribe: (options) =>
          inner.subscribe({
            ...options,
            onEvent: (delivery) => {
              if (given.has(delivery.event.id)) return undefined;
              given.add(delivery.event.id);
              return options.onEvent(delivery);
            },
          }),
      };
    },
  ],
  [
    'drops silently what a slow subscriber has not read',
    'a slow subscriber misses nothing, or its subscription ends with RTA_EVENTS_BACKLOG',
    onTheWay((onEvent) => {
      let waiting: Delivery[] = [];
      let working = Promise.resolve();
      const workOn = async (before: Promise<void>): Promise<void> => {
        await before;
        const next = waiting.shift();
        if (next !== undefined) await onEvent(next);
      };
      return (delivery) => {
        waiting = [...waiting, delivery].slice(-50);
        working = workOn(working);
      };
    }),
  ],
  [
    'ends a slow subscription as if it had been closed',
    'a slow subscriber misses nothing, or its subscription ends with RTA_EVENTS_BACKLOG',
    () => {
      const inner = createMemoryBroker({ limits: { retainedCount: 20 } });
      return {
        ...inner,
        async subscribe(options) {
          const subscription = await inner.subscribe(options);
          return { ...subscription, ended: subscription.ended.catch(() => undefined) };
        },
      };
    },
  ],
  [
    'resolves `publish` when the handlers are done',
    'a handler may publish',
    (inner) => {
      let handling: Promise<void> = Promise.resolve();
      return {
        async publish(event) {
          const cursor = await inner.publish(event);
          await nextTurn();
          await handling;
          return cursor;
        },
        subscribe: (options) =>
          inner.subscribe({
            ...options,
            onEvent: (delivery) => {
              handling = Promise.resolve(options.onEvent(delivery));
              return handling;
            },
          }),
      };
    },
  ],
  [
    'keeps the object that the publisher passed',
    'what the publisher does to an event after publishing it does not travel',
    (inner) => {
      const passed = new Map<string, EventEnvelope>();
      return {
        publish(event) {
          passed.set(event.id, event);
          return inner.publish(event);
        },
        subscribe: (options) =>
          inner.subscribe({
            ...options,
            onEvent: (delivery) =>
              options.onEvent({ ...delivery, event: passed.get(delivery.event.id) ?? delivery.event }),
          }),
      };
    },
  ],
  [
    'gives all subscribers one object that they can change',
    'what one subscriber does to an event does not reach another',
    (inner) => {
      const shared = new Map<string, EventEnvelope>();
      return {
        subscribe: (options) =>
          inner.subscribe({
            ...options,
            onEvent: (delivery) => {
              const event = shared.get(delivery.event.id) ?? structuredClone(delivery.event);
              shared.set(event.id, event);
              return options.onEvent({ ...delivery, event });
            },
          }),
      };
    },
  ],
  [
    'goes on after a handler that threw',
    'a handler that throws ends its subscription with that error',
    onTheWay((onEvent) => async (delivery) => {
      try {
        await onEvent(delivery);
      } catch {}
    }),
  ],
  [
    'ends with an error of its own instead of that of the handler',
    'a handler that throws ends its subscription with that error',
    inSubscription((inner) => ({
      ended: inner.ended.catch(() => {
        throw eventsError('RTA_EVENTS_CLOSED');
      }),
    })),
  ],
  [
    'does not notice that a handler rejected',
    'a handler that rejects ends its subscription with that error, and no other',
    onTheWay((onEvent) => (delivery) => {
      Promise.resolve(onEvent(delivery)).catch(() => undefined);
    }),
  ],
  [
    'delivers after a subscription was closed',
    'nothing is delivered after a subscription was closed',
    inSubscription(() => ({ close: async () => {}, ended: Promise.resolve() })),
  ],
  [
    'closes a subscription without waiting for its handler',
    'closing a subscription waits for the event that is being handled, and starts no other',
    inSubscription((inner) => ({
      close: async () => {
        void inner.close();
      },
    })),
  ],
  [
    'refuses to close a subscription twice',
    'a subscription can be closed again',
    inSubscription((inner) => {
      let closed = false;
      return {
        async close() {
          if (closed) throw eventsError('RTA_EVENTS_CLOSED');
          closed = true;
          await inner.close();
        },
      };
    }),
  ],
  [
    'leaves subscriptions open when it closes',
    'closing the broker ends its subscriptions without an error',
    inSubscription(() => ({ ended: never })),
  ],
  [
    'ends subscriptions with an error when it closes',
    'closing the broker ends its subscriptions without an error',
    inSubscription((inner) => ({
      ended: inner.ended.then(() => {
        throw eventsError('RTA_EVENTS_CLOSED');
      }),
    })),
  ],
  [
    'acknowledges what it is given after it was closed',
    'a closed broker refuses to publish and to subscribe with RTA_EVENTS_CLOSED',
    (inner) => ({ publish: (event) => inner.publish(event).catch(() => 'somewhere') }),
  ],
  [
    'cuts a long key short',
    'an event whose key has more than 256 characters is refused as a RangeError',
    (inner) => ({ publish: (event) => inner.publish({ ...event, key: event.key.slice(0, 256) }) }),
  ],
  [
    'takes a large event and loses it',
    'an event that is refused for its size is not delivered, one that is taken is',
    (inner) => ({ publish: (event) => inner.publish(event).catch(() => 'somewhere') }),
  ],
  [
    'publishes though the signal was aborted',
    'publishing under an aborted signal publishes nothing and rejects with its reason',
    (inner) => ({
      async publish(event, options) {
        const cursor = await inner.publish(event);
        options?.signal?.throwIfAborted();
        return cursor;
      },
    }),
  ],
  [
    'starts with the oldest event by default',
    'a subscription starts with the next event published, unless it says otherwise',
    (inner) => ({ subscribe: (options) => inner.subscribe({ from: 'oldest', ...options }) }),
  ],
  [
    'acknowledges before the event is in the log',
    'a subscription starts with the next event published, unless it says otherwise',
    (inner) => ({
      async publish(event) {
        nextTurn()
          .then(() => inner.publish(event))
          .catch(() => undefined);
        return 'soon';
      },
    }),
  ],
  [
    'keeps an event only for those who listen already',
    'an event is in the log when `publish` resolves, and stays there',
    (inner) => {
      let listeners = 0;
      return {
        publish: async (event) => (listeners === 0 ? 'nowhere' : inner.publish(event)),
        subscribe(options) {
          listeners += 1;
          return inner.subscribe(options);
        },
      };
    },
  ],
  [
    'can replay but says that it cannot',
    'an event is in the log when `publish` resolves, and stays there',
    (inner) => ({ features: { ...inner.features, replay: false } }),
  ],
  [
    'ends a replay when it has caught up',
    'a subscription from the oldest event goes on with new ones',
    (inner) => {
      let published = 0;
      return {
        publish(event) {
          published += 1;
          return inner.publish(event);
        },
        subscribe(options) {
          const known = published;
          let count = 0;
          return inner.subscribe({
            ...options,
            onEvent: (delivery) => (++count > known ? undefined : options.onEvent(delivery)),
          });
        },
      };
    },
  ],
  [
    'skips one event after a cursor',
    'a subscription after a cursor starts with exactly the event that came next',
    (inner) => ({
      subscribe(options) {
        let skip = typeof options.from === 'object' ? 1 : 0;
        return inner.subscribe({
          ...options,
          onEvent: (delivery) => (skip-- > 0 ? undefined : options.onEvent(delivery)),
        });
      },
    }),
  ],
  [
    'starts anew where it was given a cursor',
    'a subscription after a cursor starts with exactly the event that came next',
    (inner) => ({
      subscribe: (options) =>
        inner.subscribe(typeof options.from === 'object' ? { ...options, from: 'oldest' } : options),
    }),
  ],
  [
    'starts a turn late after the newest event',
    'a subscription after the newest event misses nothing that follows',
    (inner) => ({
      async subscribe(options) {
        if (typeof options.from !== 'object') return inner.subscribe(options);
        const ready = nextTurn().then(() => inner.subscribe({ ...options, from: 'next' }));
        return {
          ended: never,
          close: async () => (await ready).close(),
          [Symbol.asyncDispose]: async () => (await ready).close(),
        };
      },
    }),
  ],
  [
    'takes any text for a cursor',
    'a text that is no cursor is refused with RTA_EVENTS_CURSOR',
    (inner) => ({
      subscribe: (options) =>
        inner.subscribe(options).catch(() => inner.subscribe({ ...options, from: 'next' })),
    }),
  ],
  [
    'says that it is shared and is not',
    'what one broker publishes reaches the subscribers of another on the same log',
    (inner) => ({ features: { ...inner.features, shared: true } }),
  ],
  [
    'says that it is durable and is not',
    'what was acknowledged is there after the broker was closed and opened again',
    (inner) => ({ features: { ...inner.features, durable: true } }),
  ],
];

describe('the contract of EventBroker catches a broker that', () => {
  test.each(CASES)('%s', async (_broken, checkName, fault) => {
    const check = EVENTS_CHECKS.find(({ name }) => name === checkName);
    expect(check).toBeDefined();
    const env = { name: 'broken', open: () => breakWith(fault), patienceMs: 100 };
    await expect(check?.run(env)).rejects.toThrow();
  });
});

test('each check of the contract of EventBroker is known to catch something', () => {
  const catching = new Set(CASES.map(([, checkName]) => checkName));
  expect(EVENTS_CHECKS.map(({ name }) => name).filter((name) => !catching.has(name))).toEqual([]);
});
