import assert from 'node:assert/strict';
import type { EventEnvelope } from '@rta/events';
import type { EventsCheck } from './check.ts';
import {
  assertArrived,
  distinctEvents,
  makeEvents,
  openFresh,
  publishAll,
  startReader,
  withCode,
} from './reader.ts';

/** What a subscriber is given, and how. */
export const DELIVERY_CHECKS: readonly EventsCheck[] = [
  {
    name: 'an event arrives as it was published',
    async run(env) {
      await using broker = await openFresh(env);
      await using reader = await startReader(env, broker);
      const event: EventEnvelope = {
        id: 'id with spaces, "quotes" and ünïcödé 🔑',
        key: 'https://idp.example/|user\u0000/ü',
        type: 'signal',
        payload: {
          text: 'line\nbreak\u2028and\u0000zero',
          list: [1, -0.5, 1e21, null, true, { nested: ['x'] }],
          empty: {},
          '': 'a member without a name',
        },
      };
      await broker.publish(event);
      await reader.until(1);
      assertArrived(reader.deliveries, [event]);
    },
  },
  {
    name: 'every event published after `subscribe` resolved arrives, in order',
    async run(env) {
      await using broker = await openFresh(env);
      await using reader = await startReader(env, broker);
      const events = makeEvents(60);
      await publishAll(broker, events);
      await reader.until(60);
      assertArrived(reader.deliveries, events);
    },
  },
  {
    name: 'events of each key arrive in order while several keys are published at once',
    async run(env) {
      await using broker = await openFresh(env);
      await using reader = await startReader(env, broker);
      const batches = ['user-1', 'user-2', 'user-3', 'user-4'].map((key) => makeEvents(15, key, key));
      await Promise.all(batches.map((events) => publishAll(broker, events)));
      await reader.until(60);
      assertArrived(reader.deliveries, batches.flat());
    },
  },
  {
    name: 'a handler is given one event at a time',
    async run(env) {
      await using broker = await openFresh(env);
      let running = 0;
      let mostAtOnce = 0;
      await using reader = await startReader(env, broker, {
        onEvent: async () => {
          running += 1;
          mostAtOnce = Math.max(mostAtOnce, running);
          // Long enough for a broker that does not wait to start the next one.
          await new Promise<void>((resolve) => void setImmediate(resolve));
          running -= 1;
        },
      });
      await publishAll(broker, makeEvents(20));
      await reader.until(20);
      assert.equal(mostAtOnce, 1, 'the next event waits until the handler of the last one is done');
    },
  },
  {
    name: 'each subscriber reads everything, and a handler that hangs holds up only its own',
    async run(env) {
      await using broker = await openFresh(env);
      const release = Promise.withResolvers<void>();
      await using hanging = await startReader(env, broker, { onEvent: () => release.promise });
      await using first = await startReader(env, broker);
      await using second = await startReader(env, broker);
      using _letGo = { [Symbol.dispose]: () => release.resolve() };
      const events = makeEvents(10);
      await publishAll(broker, events);
      await first.until(10);
      await second.until(10);
      release.resolve();
      await hanging.until(10);
      for (const reader of [first, second, hanging]) assertArrived(reader.deliveries, events);
    },
  },
  {
    name: 'a slow subscriber misses nothing, or its subscription ends with RTA_EVENTS_BACKLOG',
    async run(env) {
      await using broker = await openFresh(env);
      const release = Promise.withResolvers<void>();
      await using reader = await startReader(env, broker, { onEvent: () => release.promise });
      const events = makeEvents(300);
      await publishAll(broker, events);
      release.resolve();
      let missedSome = false;
      try {
        await reader.until(300);
      } catch (error) {
        withCode('RTA_EVENTS_BACKLOG')(error);
        missedSome = true;
      }
      const arrived = missedSome ? distinctEvents(reader.deliveries).length : 300;
      assertArrived(reader.deliveries, events.slice(0, arrived));
    },
  },
  {
    name: 'a handler may publish',
    async run(env) {
      await using broker = await openFresh(env);
      const [question, answer] = [makeEvents(1, 'user-1', 'question'), makeEvents(1, 'user-1', 'answer')];
      await using reader = await startReader(env, broker, {
        onEvent: async ({ event }) => {
          if (event.id === 'question-0') await publishAll(broker, answer);
        },
      });
      await publishAll(broker, question);
      await reader.until(2);
      assertArrived(reader.deliveries, [...question, ...answer]);
    },
  },
  {
    name: 'what the publisher does to an event after publishing it does not travel',
    async run(env) {
      await using broker = await openFresh(env);
      await using reader = await startReader(env, broker);
      const payload = { level: 'HIGH', nested: { list: [1] } };
      const publishing = broker.publish({ id: 'a', key: 'user-1', type: 'signal', payload });
      payload.level = 'LOW';
      payload.nested.list.push(2);
      await publishing;
      await reader.until(1);
      assert.deepEqual(reader.deliveries[0]?.event.payload, { level: 'HIGH', nested: { list: [1] } });
    },
  },
  {
    name: 'what one subscriber does to an event does not reach another',
    async run(env) {
      await using broker = await openFresh(env);
      await using vandal = await startReader(env, broker, {
        onEvent: ({ event }) => {
          try {
            Object.assign(event.payload, { level: 'LOW' });
          } catch {
            // A frozen event is as good an answer as a copy.
          }
        },
      });
      const vandalized = Promise.withResolvers<void>();
      await using reader = await startReader(env, broker, { onEvent: () => vandalized.promise });
      await broker.publish({ id: 'a', key: 'user-1', type: 'signal', payload: { level: 'HIGH' } });
      await vandal.until(1);
      await reader.until(1);
      vandalized.resolve();
      assert.deepEqual(reader.deliveries[0]?.event.payload, { level: 'HIGH' });
    },
  },
];
