import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { EventsCheck, EventsContractEnv } from './check.ts';
import { assertArrived, makeEvents, openFresh, publishAll, startReader, withCode } from './reader.ts';

/** A check that applies where the broker claims a feature; `otherwise` says what holds where it does not. */
function ifClaimed(
  feature: 'replay' | 'durable' | 'shared',
  check: EventsCheck,
  otherwise: (env: EventsContractEnv) => Promise<void> = async () => {},
): EventsCheck {
  return {
    name: check.name,
    async run(env) {
      const broker = await openFresh(env);
      const claimed = broker.features[feature];
      await broker.close();
      await (claimed ? check.run(env) : otherwise(env));
    },
  };
}

const refusesReplay = async (env: EventsContractEnv): Promise<void> => {
  await using broker = await openFresh(env);
  const cursor = await broker.publish({ id: 'a', key: 'user-1', type: 'signal', payload: {} });
  for (const from of ['oldest', { after: cursor }] as const) {
    await assert.rejects(broker.subscribe({ from, onEvent: () => {} }), withCode('RTA_EVENTS_UNSUPPORTED'));
  }
};

/** What a broker claims in its `features`, and where subscriptions start. */
export const FEATURE_CHECKS: readonly EventsCheck[] = [
  {
    name: 'a subscription starts with the next event published, unless it says otherwise',
    async run(env) {
      await using broker = await openFresh(env);
      await publishAll(broker, makeEvents(3, 'user-1', 'before'));
      await using byDefault = await startReader(env, broker);
      await using next = await startReader(env, broker, { from: 'next' });
      const after = makeEvents(3, 'user-1', 'after');
      await publishAll(broker, after);
      for (const reader of [byDefault, next]) {
        await reader.until(3);
        assertArrived(reader.deliveries, after);
      }
    },
  },
  ifClaimed(
    'replay',
    {
      name: 'an event is in the log when `publish` resolves, and stays there',
      async run(env) {
        await using broker = await openFresh(env);
        for (const [index, event] of makeEvents(10).entries()) {
          await broker.publish(event);
          await using reader = await startReader(env, broker, { from: 'oldest' });
          await reader.until(index + 1);
          assertArrived(reader.deliveries, makeEvents(index + 1));
        }
      },
    },
    refusesReplay,
  ),
  ifClaimed('replay', {
    name: 'a subscription from the oldest event goes on with new ones',
    async run(env) {
      await using broker = await openFresh(env);
      const events = makeEvents(20);
      await publishAll(broker, events.slice(0, 10));
      await using reader = await startReader(env, broker, { from: 'oldest' });
      await publishAll(broker, events.slice(10));
      await reader.until(20);
      assertArrived(reader.deliveries, events);
    },
  }),
  ifClaimed('replay', {
    name: 'a subscription after a cursor starts with exactly the event that came next',
    async run(env) {
      await using broker = await openFresh(env);
      const events = makeEvents(10);
      const published = [];
      for (const event of events) published.push(await broker.publish(event));
      await using whole = await startReader(env, broker, { from: 'oldest' });
      await whole.until(10);
      const delivered = events.map(
        ({ id }) => whole.deliveries.find((delivery) => delivery.event.id === id)?.cursor ?? '',
      );
      for (const after of [published[3], delivered[3]]) {
        await using rest = await startReader(env, broker, { from: { after: after ?? '' } });
        await rest.until(6);
        assertArrived(rest.deliveries, events.slice(4));
      }
    },
  }),
  ifClaimed('replay', {
    name: 'a subscription after the newest event misses nothing that follows',
    async run(env) {
      await using broker = await openFresh(env);
      const events = makeEvents(5);
      let newest = '';
      for (const event of events.slice(0, 3)) newest = await broker.publish(event);
      await using reader = await startReader(env, broker, { from: { after: newest } });
      await publishAll(broker, events.slice(3));
      await reader.until(2);
      assertArrived(reader.deliveries, events.slice(3));
    },
  }),
  ifClaimed('replay', {
    name: 'a text that is no cursor is refused with RTA_EVENTS_CURSOR',
    async run(env) {
      await using broker = await openFresh(env);
      await publishAll(broker, makeEvents(1));
      for (const after of ['', 'no cursor', '\u0000', '../../x']) {
        const subscribing = broker.subscribe({ from: { after }, onEvent: () => {} });
        await assert.rejects(subscribing, withCode('RTA_EVENTS_CURSOR'));
      }
    },
  }),
  ifClaimed('shared', {
    name: 'what one broker publishes reaches the subscribers of another on the same log',
    async run(env) {
      const log = randomUUID();
      await using here = await env.open(log);
      await using there = await env.open(log);
      await using readerHere = await startReader(env, here);
      await using readerThere = await startReader(env, there);
      const events = makeEvents(20);
      await publishAll(here, events);
      for (const reader of [readerHere, readerThere]) {
        await reader.until(20);
        assertArrived(reader.deliveries, events);
      }
    },
  }),
  ifClaimed('durable', {
    name: 'what was acknowledged is there after the broker was closed and opened again',
    async run(env) {
      const log = randomUUID();
      const events = makeEvents(10);
      const before = await env.open(log);
      await publishAll(before, events.slice(0, 4));
      const [fifth, ...later] = events.slice(4);
      const cursor = fifth === undefined ? '' : await before.publish(fifth);
      await publishAll(before, later);
      await before.close();
      await using after = await env.open(log);
      await using whole = await startReader(env, after, { from: 'oldest' });
      await whole.until(10);
      assertArrived(whole.deliveries, events);
      await using rest = await startReader(env, after, { from: { after: cursor } });
      await rest.until(5);
      assertArrived(rest.deliveries, events.slice(5));
    },
  }),
];
