import { fc, test as propertyTest } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import {
  createMemoryBroker,
  type Delivery,
  type EventBroker,
  type EventEnvelope,
  type SubscribeOptions,
} from './index.ts';

const event = (id: string, payload: EventEnvelope['payload'] = {}): EventEnvelope => ({
  id,
  key: 'k',
  type: 'signal',
  payload,
});

/** The first events from a place on. */
async function read(
  broker: EventBroker,
  from: NonNullable<SubscribeOptions['from']>,
  count: number,
): Promise<Delivery[]> {
  const deliveries: Delivery[] = [];
  const complete = Promise.withResolvers<void>();
  await using subscription = await broker.subscribe({
    from,
    onEvent: (delivery) => {
      deliveries.push(delivery);
      if (deliveries.length === count) complete.resolve();
    },
  });
  await Promise.race([complete.promise, subscription.ended]);
  return deliveries.slice(0, count);
}

const ids = (deliveries: readonly Delivery[]): string[] => deliveries.map((delivery) => delivery.event.id);

describe('what the log keeps', () => {
  test('it keeps the newest events up to the count', async () => {
    const broker = createMemoryBroker({ limits: { retainedCount: 2 } });
    for (const id of ['a', 'b', 'c']) await broker.publish(event(id));
    expect(ids(await read(broker, 'oldest', 2))).toEqual(['b', 'c']);
  });

  test('it keeps the newest events up to the bytes', async () => {
    // {"id":"a","key":"k","type":"signal","payload":{}} has 49 bytes.
    const broker = createMemoryBroker({ limits: { retainedBytes: 98 } });
    for (const id of ['a', 'b', 'c']) await broker.publish(event(id));
    expect(ids(await read(broker, 'oldest', 2))).toEqual(['b', 'c']);
  });

  test('an event larger than all that may be kept is kept alone', async () => {
    const broker = createMemoryBroker({ limits: { retainedBytes: 60 } });
    await broker.publish(event('a'));
    await broker.publish(event('b', { text: 'longer than the sixty bytes that the log keeps' }));
    expect(ids(await read(broker, 'oldest', 1))).toEqual(['b']);
  });

  test('a cursor just before the oldest event kept is good, an older one is refused', async () => {
    const broker = createMemoryBroker({ limits: { retainedCount: 1 } });
    const first = await broker.publish(event('a'));
    const second = await broker.publish(event('b'));
    await broker.publish(event('c'));
    const received: string[] = [];
    const done = Promise.withResolvers<void>();
    await broker.subscribe({
      from: { after: second },
      onEvent: (delivery) => {
        received.push(delivery.event.id);
        done.resolve();
      },
    });
    await done.promise;
    expect(received).toEqual(['c']);
    await expect(broker.subscribe({ from: { after: first }, onEvent: () => {} })).rejects.toMatchObject({
      code: 'RTA_EVENTS_CURSOR',
    });
  });
});

describe('cursors', () => {
  test('a cursor of another broker is refused', async () => {
    const cursor = await createMemoryBroker().publish(event('a'));
    const broker = createMemoryBroker();
    await broker.publish(event('a'));
    await expect(broker.subscribe({ from: { after: cursor }, onEvent: () => {} })).rejects.toMatchObject({
      code: 'RTA_EVENTS_CURSOR',
    });
  });

  test.each([
    ['a number from the future', (cursor: string) => cursor.replace(/:1$/, ':2')],
    ['a number before the first', (cursor: string) => cursor.replace(/:1$/, ':-1')],
    ['a number in another spelling', (cursor: string) => cursor.replace(/:1$/, ':01')],
    ['no number', (cursor: string) => cursor.replace(/:1$/, ':')],
    ['nothing', () => ''],
  ])('a cursor with %s is refused', async (_case, forge) => {
    const broker = createMemoryBroker();
    const cursor = await broker.publish(event('a'));
    const subscribing = broker.subscribe({ from: { after: forge(cursor) }, onEvent: () => {} });
    await expect(subscribing).rejects.toMatchObject({ code: 'RTA_EVENTS_CURSOR' });
  });
});

describe('a subscriber that is too slow', () => {
  test('ends with a coded error the moment an event leaves the log unread, even while its handler hangs', async () => {
    const broker = createMemoryBroker({ limits: { retainedCount: 2 } });
    const entered = Promise.withResolvers<void>();
    const subscription = await broker.subscribe({
      onEvent: () => {
        entered.resolve();
        return new Promise<void>(() => {});
      },
    });
    await broker.publish(event('handled'));
    await entered.promise;
    for (const id of ['missed', 'b', 'c']) await broker.publish(event(id));
    await expect(subscription.ended).rejects.toMatchObject({
      code: 'RTA_EVENTS_BACKLOG',
      retryable: true,
      details: { missed: 1 },
    });
  });

  test('does not lose the event that it is handling when that leaves the log', async () => {
    const broker = createMemoryBroker({ limits: { retainedCount: 2 } });
    const received: string[] = [];
    const entered = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const complete = Promise.withResolvers<void>();
    await broker.subscribe({
      onEvent: async (delivery) => {
        received.push(delivery.event.id);
        entered.resolve();
        await release.promise;
        if (received.length === 3) complete.resolve();
      },
    });
    await broker.publish(event('a'));
    await entered.promise;
    await broker.publish(event('b'));
    await broker.publish(event('c'));
    release.resolve();
    await complete.promise;
    expect(received).toEqual(['a', 'b', 'c']);
  });

  test('does not end the others', async () => {
    const broker = createMemoryBroker({ limits: { retainedCount: 1 } });
    const slow = await broker.subscribe({ onEvent: () => new Promise<void>(() => {}) });
    const received: string[] = [];
    let arrived = Promise.withResolvers<void>();
    await broker.subscribe({
      onEvent: (delivery) => {
        received.push(delivery.event.id);
        arrived.resolve();
      },
    });
    for (const id of ['a', 'b', 'c']) {
      await broker.publish(event(id));
      await arrived.promise;
      arrived = Promise.withResolvers();
    }
    await expect(slow.ended).rejects.toMatchObject({ code: 'RTA_EVENTS_BACKLOG' });
    expect(received).toEqual(['a', 'b', 'c']);
  });
});

describe('events that are not taken', () => {
  test('one that is too large is refused, counted in bytes and not in characters', async () => {
    const broker = createMemoryBroker({ limits: { eventBytes: 51 } });
    // 49 bytes with a one-byte id; each of these has two characters more.
    await broker.publish(event('abc'));
    await expect(broker.publish(event('aé'.padEnd(3, 'b')))).rejects.toMatchObject({
      code: 'RTA_EVENTS_TOO_LARGE',
      details: { bytes: 52, limit: 51 },
    });
    expect(ids(await read(broker, 'oldest', 1))).toEqual(['abc']);
  });

  test('one whose key is too long is a mistake of the caller', async () => {
    const broker = createMemoryBroker();
    await broker.publish({ ...event('a'), key: 'k'.repeat(256) });
    await expect(broker.publish({ ...event('b'), key: 'k'.repeat(257) })).rejects.toBeInstanceOf(RangeError);
  });

  test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])(
    'a limit of %s is refused',
    (retainedCount) => {
      expect(() => createMemoryBroker({ limits: { retainedCount } })).toThrow(RangeError);
    },
  );
});

test('members that are not of an envelope do not travel', async () => {
  const broker = createMemoryBroker();
  await broker.publish({ ...event('a'), secret: 'x' } as EventEnvelope);
  const [delivery] = await read(broker, 'oldest', 1);
  expect(delivery?.event).toEqual({ id: 'a', key: 'k', type: 'signal', payload: {} });
});

test('a program that does not look at `ended` survives a handler that throws', async () => {
  const broker = createMemoryBroker();
  const thrown = Promise.withResolvers<void>();
  const unhandled: unknown[] = [];
  const onUnhandled = (reason: unknown): void => void unhandled.push(reason);
  process.on('unhandledRejection', onUnhandled);
  await broker.subscribe({
    onEvent: () => {
      thrown.resolve();
      throw new Error('handler');
    },
  });
  await broker.publish(event('a'));
  await thrown.promise;
  // Unhandled rejections are announced after the microtasks of a turn: two turns later it would have been.
  await new Promise<void>((resolve) => void setImmediate(() => setImmediate(resolve)));
  process.off('unhandledRejection', onUnhandled);
  expect(unhandled).toEqual([]);
});

propertyTest.prop([fc.array(fc.string({ maxLength: 8 }), { minLength: 2, maxLength: 30 }), fc.nat()], {
  numRuns: 50,
})(
  'a reader that stops anywhere and goes on from its cursor sees every event once, in order',
  async (texts, n) => {
    const broker = createMemoryBroker();
    for (const [index, text] of texts.entries()) await broker.publish(event(`${index}`, { text }));
    const firstCount = 1 + (n % (texts.length - 1));
    const first = await read(broker, 'oldest', firstCount);
    const rest = await read(broker, { after: first.at(-1)?.cursor ?? '' }, texts.length - firstCount);
    expect([...first, ...rest].map((delivery) => delivery.event.payload['text'])).toEqual(texts);
  },
);
