import assert from 'node:assert/strict';
import type { EventsCheck } from './check.ts';
import {
  assertArrived,
  makeEvents,
  openFresh,
  publishAll,
  sameError,
  startReader,
  withCode,
  within,
} from './reader.ts';

/** How subscriptions and brokers end, and what is refused. */
export const ENDING_CHECKS: readonly EventsCheck[] = [
  {
    name: 'a handler that throws ends its subscription with that error',
    async run(env) {
      await using broker = await openFresh(env);
      await using witness = await startReader(env, broker);
      const failure = new Error('the handler failed');
      await using reader = await startReader(env, broker, {
        onEvent: () => {
          throw failure;
        },
      });
      await publishAll(broker, makeEvents(3));
      await assert.rejects(
        within(env, 'the subscription ends', reader.subscription.ended),
        sameError(failure),
      );
      await witness.until(3);
      assert.deepEqual(
        reader.deliveries.map(({ event }) => event.id),
        ['event-0'],
        'nothing follows an event that could not be handled',
      );
    },
  },
  {
    name: 'a handler that rejects ends its subscription with that error, and no other',
    async run(env) {
      await using broker = await openFresh(env);
      await using witness = await startReader(env, broker);
      const failure = new Error('the handler failed later');
      await using reader = await startReader(env, broker, {
        onEvent: async () => {
          await new Promise<void>((resolve) => void setImmediate(resolve));
          throw failure;
        },
      });
      const events = makeEvents(3);
      await publishAll(broker, events);
      await assert.rejects(
        within(env, 'the subscription ends', reader.subscription.ended),
        sameError(failure),
      );
      await witness.until(3);
      assertArrived(witness.deliveries, events);
      assert.equal(reader.deliveries.length, 1);
    },
  },
  {
    name: 'nothing is delivered after a subscription was closed',
    async run(env) {
      await using broker = await openFresh(env);
      await using witness = await startReader(env, broker);
      await using reader = await startReader(env, broker);
      await publishAll(broker, makeEvents(1, 'user-1', 'before'));
      await reader.until(1);
      await within(env, 'the subscription closes', reader.subscription.close());
      await within(env, '`ended` resolves', reader.subscription.ended);
      const countAtClose = reader.deliveries.length;
      await publishAll(broker, makeEvents(5, 'user-1', 'after'));
      await witness.until(6);
      assert.equal(reader.deliveries.length, countAtClose);
    },
  },
  {
    name: 'closing a subscription waits for the event that is being handled, and starts no other',
    async run(env) {
      await using broker = await openFresh(env);
      const entered = Promise.withResolvers<void>();
      const release = Promise.withResolvers<void>();
      let handled = 0;
      await using reader = await startReader(env, broker, {
        onEvent: async () => {
          entered.resolve();
          await release.promise;
          handled += 1;
        },
      });
      await publishAll(broker, makeEvents(3));
      await within(env, 'the first event arrives', entered.promise);
      const closing = reader.subscription.close().then(() => handled);
      release.resolve();
      assert.equal(await within(env, 'the subscription closes', closing), 1);
      assert.equal(reader.deliveries.length, 1);
    },
  },
  {
    name: 'a subscription can be closed again',
    async run(env) {
      await using broker = await openFresh(env);
      await using reader = await startReader(env, broker);
      const { subscription } = reader;
      await within(env, 'it closes', Promise.all([subscription.close(), subscription.close()]));
      await within(env, 'it closes again', subscription.close());
    },
  },
  {
    name: 'closing the broker ends its subscriptions without an error',
    async run(env) {
      const broker = await openFresh(env);
      const readers = [await startReader(env, broker), await startReader(env, broker)];
      const endings = readers.map(({ subscription }) => subscription.ended);
      await within(
        env,
        'the broker closes, and its subscriptions end',
        Promise.all([broker.close(), ...endings]),
      );
    },
  },
  {
    name: 'a closed broker refuses to publish and to subscribe with RTA_EVENTS_CLOSED',
    async run(env) {
      const broker = await openFresh(env);
      await within(env, 'the broker closes', broker.close());
      await within(env, 'the broker closes again', broker.close());
      for (const event of makeEvents(1)) {
        await assert.rejects(broker.publish(event), withCode('RTA_EVENTS_CLOSED'));
      }
      await assert.rejects(broker.subscribe({ onEvent: () => {} }), withCode('RTA_EVENTS_CLOSED'));
    },
  },
  {
    name: 'an event whose key has more than 256 characters is refused as a RangeError',
    async run(env) {
      await using broker = await openFresh(env);
      await using reader = await startReader(env, broker);
      const longest = makeEvents(1, 'k'.repeat(256));
      await assert.rejects(publishAll(broker, makeEvents(1, 'k'.repeat(257), 'too-long')), RangeError);
      await publishAll(broker, longest);
      await reader.until(1);
      assertArrived(reader.deliveries, longest);
    },
  },
  {
    name: 'an event that is refused for its size is not delivered, one that is taken is',
    async run(env) {
      await using broker = await openFresh(env);
      await using reader = await startReader(env, broker);
      const huge = makeEvents(1, 'user-1', 'huge').map((event) => ({
        ...event,
        payload: { text: 'x'.repeat(2_097_152) },
      }));
      const taken = await publishAll(broker, huge).then(
        () => huge,
        (error: unknown) => {
          withCode('RTA_EVENTS_TOO_LARGE')(error);
          return [];
        },
      );
      const after = makeEvents(1, 'user-1', 'after');
      await publishAll(broker, after);
      await reader.until(taken.length + 1);
      assertArrived(reader.deliveries, [...taken, ...after]);
    },
  },
  {
    name: 'publishing under an aborted signal publishes nothing and rejects with its reason',
    async run(env) {
      await using broker = await openFresh(env);
      await using reader = await startReader(env, broker);
      const reason = new Error('changed my mind');
      for (const event of makeEvents(1, 'user-1', 'aborted')) {
        const publishing = broker.publish(event, { signal: AbortSignal.abort(reason) });
        await assert.rejects(publishing, sameError(reason));
      }
      const after = makeEvents(1, 'user-1', 'after');
      await publishAll(broker, after);
      await reader.until(1);
      assertArrived(reader.deliveries, after);
    },
  },
];
