import { systemClock } from '@rta/core';
import { createMemoryStore } from '@rta/store';
import { createFakeClock, type FakeClock } from '@rta/testkit';
import { describe, expect, test } from 'vitest';
import { createPollClient, type PollClient } from '../../src/client/poll-client.ts';
import { createGuardedFetch, createSetReceiver, type ReceivedEvent } from '../../src/index.ts';
import { eventually } from './eventually.ts';
import { AUDIENCE, NOW_MS, openTransmitter, type ScriptedTransmitter } from './scripted-transmitter.ts';

const POLL = 'POST /poll/stream-1';

interface Polling extends AsyncDisposable {
  readonly clock: FakeClock;
  readonly client: PollClient;
  readonly events: readonly ReceivedEvent[];
  readonly gone: readonly Error[];
}

function startPolling(
  transmitter: ScriptedTransmitter,
  options: {
    readonly accept?: (event: ReceivedEvent) => Promise<void>;
    readonly clock?: FakeClock;
    readonly responseBytes?: number;
  } = {},
): Polling {
  const { clock = createFakeClock(NOW_MS), accept, responseBytes = 8_388_608 } = options;
  const { issuer } = transmitter;
  // Requests take real time, however time is moved on.
  const fetch = createGuardedFetch({ clock: systemClock, allowLoopbackHttp: true, responseBytes });
  const events: ReceivedEvent[] = [];
  const gone: Error[] = [];
  const receiver = createSetReceiver({
    fetch,
    transmitters: [{ issuer, audience: AUDIENCE, jwksUri: `${issuer}/jwks.json`, allowInsecureHttp: true }],
    singleUse: createMemoryStore({ clock }).singleUse,
    clock,
    accept: async (event) => {
      await accept?.(event);
      events.push(event);
    },
  });
  const client = createPollClient({
    issuer,
    endpointUrl: `${issuer}/poll/stream-1`,
    fetch,
    receiver,
    clock,
    onGone: (error) => gone.push(error),
  });
  return {
    clock,
    client,
    events,
    gone,
    async [Symbol.asyncDispose]() {
      await client.close();
      await fetch.close();
      await receiver.close();
    },
  };
}

/** Moves time on whenever the client waits, until there was another poll. */
async function nextPoll(transmitter: ScriptedTransmitter, clock: FakeClock) {
  const polled = transmitter.next(POLL);
  const before = transmitter.count(POLL);
  await eventually(() => {
    clock.advance(1_000);
    expect(transmitter.count(POLL)).toBeGreaterThan(before);
  });
  return polled;
}

describe('polling', () => {
  test('waits at the transmitter, takes events when they are there, and acknowledges them with the next poll', async () => {
    await using transmitter = await openTransmitter();
    const first = transmitter.next(POLL);
    await using polling = startPolling(transmitter);
    expect((await first).body).toEqual({ maxEvents: 64, returnImmediately: false });
    const second = transmitter.next(POLL);
    await transmitter.enqueue('jti-1');
    expect((await second).body).toEqual({ maxEvents: 64, returnImmediately: false, ack: ['jti-1'] });
    expect(polling.events).toMatchObject([{ jti: 'jti-1', transmitter: transmitter.issuer }]);
    expect(polling.client.health()).toEqual({ lastAnswerAtMs: NOW_MS, lastError: undefined });
  });

  test('acknowledges only what is durable', async () => {
    await using transmitter = await openTransmitter();
    const durable = Promise.withResolvers<void>();
    const accepting = Promise.withResolvers<void>();
    await transmitter.enqueue('jti-1');
    await using _ = startPolling(transmitter, {
      accept: async () => {
        accepting.resolve();
        return durable.promise;
      },
    });
    await accepting.promise;
    expect(transmitter.count(POLL)).toBe(1);
    const second = transmitter.next(POLL);
    durable.resolve();
    expect((await second).body).toMatchObject({ ack: ['jti-1'] });
  });

  test('takes all that is there before it waits again (moreAvailable)', async () => {
    await using transmitter = await openTransmitter();
    for (let index = 0; index < 130; index += 1) await transmitter.enqueue(`jti-${index}`);
    await using polling = startPolling(transmitter);
    await eventually(() => expect(transmitter.queue.size).toBe(0));
    expect(new Set(polling.events.map(({ jti }) => jti)).size).toBe(130);
    expect(transmitter.count(POLL)).toBe(4);
  });

  test('invalid SETs are reported, the others are taken', async () => {
    await using transmitter = await openTransmitter();
    const good = await transmitter.enqueue('good');
    transmitter.queue.set('signature', `${good.slice(0, -4)}AAAA`);
    transmitter.queue.set('issuer', await transmitter.sign({ jti: 'issuer', iss: 'https://other.example' }));
    transmitter.queue.set(
      'audience',
      await transmitter.sign({ jti: 'audience', aud: 'https://other.example' }),
    );
    transmitter.queue.set('name', good);
    transmitter.queue.set('number', 7);
    transmitter.queue.set('junk', 'junk');
    const second = transmitter.next(POLL);
    const first = transmitter.next(POLL);
    await using polling = startPolling(transmitter);
    await first;
    await second;
    const reported = await eventually(() => {
      expect(transmitter.setErrors.size).toBe(6);
      return Object.fromEntries(transmitter.setErrors);
    });
    expect(reported).toMatchObject({
      signature: { err: 'invalid_key' },
      issuer: { err: 'invalid_issuer' },
      audience: { err: 'invalid_audience' },
      name: { err: 'invalid_request' },
      number: { err: 'invalid_request' },
      junk: { err: 'invalid_request' },
    });
    expect(transmitter.seen.at(-1)?.contentLanguage).toBe('en');
    expect(polling.events.map(({ jti }) => jti)).toEqual(['good']);
  });

  test('a token under the `jti` of another is reported, and the other is not acknowledged by it', async () => {
    await using transmitter = await openTransmitter();
    await using polling = startPolling(transmitter);
    const other = await transmitter.sign({ jti: 'other' });
    transmitter.queue.set('mine', other);
    transmitter.answerPolls();
    await eventually(() => {
      polling.clock.advance(1_000);
      expect([...transmitter.setErrors.keys()]).toEqual(['mine']);
    });
    expect(transmitter.setErrors.get('mine')).toMatchObject({ err: 'invalid_request' });
    expect(transmitter.seen.flatMap(({ body }) => (body as { ack?: string[] }).ack ?? [])).toEqual([]);
    expect(polling.events).toEqual([]);
    transmitter.queue.set('other', other);
    transmitter.answerPolls();
    await eventually(() => {
      polling.clock.advance(1_000);
      expect(polling.events).toMatchObject([{ jti: 'other' }]);
    });
  });

  test('a token that cannot be taken now is neither acknowledged nor reported, and comes again', async () => {
    await using transmitter = await openTransmitter();
    let isUp = false;
    await transmitter.enqueue('jti-1');
    await using polling = startPolling(transmitter, {
      accept: async () => {
        if (!isUp) throw new Error('the store is down');
      },
    });
    const second = await nextPoll(transmitter, polling.clock);
    expect(second.body).toEqual({ maxEvents: 64, returnImmediately: false });
    isUp = true;
    await eventually(() => {
      polling.clock.advance(1_000);
      expect(transmitter.queue.size).toBe(0);
    });
    expect(polling.events.map(({ jti }) => jti)).toEqual(['jti-1']);
  });

  test('a redelivered SET is acknowledged again and has one effect', async () => {
    await using transmitter = await openTransmitter();
    await using polling = startPolling(transmitter);
    const set = await transmitter.enqueue('jti-1');
    await eventually(() => expect(transmitter.queue.size).toBe(0));
    transmitter.queue.set('jti-1', set);
    transmitter.answerPolls();
    await eventually(() => {
      polling.clock.advance(1_000);
      expect(transmitter.queue.size).toBe(0);
    });
    expect(polling.events).toHaveLength(1);
  });

  test('does not spin at a transmitter that cannot wait', async () => {
    await using transmitter = await openTransmitter();
    transmitter.intercept = ({ route }) => (route === POLL ? { status: 200, json: { sets: {} } } : undefined);
    await using polling = startPolling(transmitter);
    await eventually(() => expect(polling.client.health().lastAnswerAtMs).toBe(NOW_MS));
    polling.clock.advance(999);
    expect(transmitter.count(POLL)).toBe(1);
    const second = transmitter.next(POLL);
    polling.clock.advance(1);
    await second;
    expect(transmitter.count(POLL)).toBe(2);
  });

  test('20 000 junk tokens in one answer are reported a thousand at a time, and the good one among them is taken', async () => {
    await using transmitter = await openTransmitter();
    const good = await transmitter.sign({ jti: 'good' });
    const junk = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`junk-${index}`, 'x']));
    transmitter.intercept = ({ route }) =>
      route === POLL && transmitter.count(POLL) === 1
        ? { status: 200, json: { sets: { ...junk, ['n'.repeat(2_000)]: 'x', good } } }
        : undefined;
    await using polling = startPolling(transmitter);
    await eventually(() => expect(transmitter.setErrors.size).toBe(20_000));
    expect(polling.events.map(({ jti }) => jti)).toEqual(['good']);
    expect(transmitter.seen[1]?.body).toMatchObject({ maxEvents: 0, returnImmediately: true });
    const reports = transmitter.seen.map(({ body }) => {
      const { ack = [], setErrs = {} } = body as { ack?: string[]; setErrs?: object };
      return ack.length + Object.keys(setErrs).length;
    });
    expect(Math.max(...reports)).toBe(1_000);
  });

  test('an answer that is too large is followed by asking for fewer', async () => {
    await using transmitter = await openTransmitter();
    for (let index = 0; index < 40; index += 1) await transmitter.enqueue(`jti-${index}`);
    await using polling = startPolling(transmitter, { responseBytes: 6_000 });
    await eventually(() => {
      polling.clock.advance(1_000);
      expect(transmitter.queue.size).toBe(0);
    });
    expect(polling.events).toHaveLength(40);
  });

  test.each([
    ['is not JSON', { status: 200, text: '<html>' }],
    ['has no sets', { status: 200, json: {} }],
    ['has sets in an array', { status: 200, json: { sets: [] } }],
    ['is an array', { status: 200, json: [] }],
    ['has a `moreAvailable` of its own', { status: 200, json: { sets: {}, moreAvailable: 'yes' } }],
  ])('an answer that %s is an error, and polling goes on', async (_, answer) => {
    await using transmitter = await openTransmitter();
    transmitter.intercept = ({ route }) => (route === POLL ? answer : undefined);
    await using polling = startPolling(transmitter);
    await eventually(() =>
      expect(polling.client.health().lastError).toMatchObject({ code: 'RTA_SSF_POLL_ANSWER' }),
    );
    transmitter.intercept = undefined;
    await transmitter.enqueue('jti-1');
    await nextPoll(transmitter, polling.clock);
    await eventually(() => expect(polling.events).toHaveLength(1));
    expect(polling.client.health().lastError).toBeUndefined();
  });

  test('waits longer after each failure, up to a minute', async () => {
    await using transmitter = await openTransmitter();
    transmitter.intercept = ({ route }) => (route === POLL ? { status: 503 } : undefined);
    await using polling = startPolling(transmitter);
    const waits: number[] = [];
    let last: Error | undefined;
    for (let attempt = 1; attempt <= 9; attempt += 1) {
      await eventually(() => expect(polling.client.health().lastError).not.toBe(last));
      last = polling.client.health().lastError;
      // The timer of the wait fires, and that of the next request is set in a later turn.
      let waitedMs = 0;
      for (; polling.clock.pendingTimers === 1; waitedMs += 100) polling.clock.advance(100);
      waits.push(waitedMs);
    }
    const floors = [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000];
    const ceilings = [1_100, 2_100, 4_100, 8_100, 16_100, 32_100, 60_100, 60_100, 60_100];
    for (const [index, waitedMs] of waits.entries()) {
      expect(waitedMs).toBeGreaterThanOrEqual(floors[index] ?? 0);
      expect(waitedMs).toBeLessThanOrEqual(ceilings[index] ?? 0);
    }
  });

  test('does as `Retry-After` says, within limits', async () => {
    await using transmitter = await openTransmitter();
    transmitter.intercept = ({ route }) =>
      route === POLL ? { status: 429, headers: { 'retry-after': '120' } } : undefined;
    await using polling = startPolling(transmitter);
    await eventually(() => expect(polling.client.health().lastError).toBeDefined());
    polling.clock.advance(119_999);
    expect(transmitter.count(POLL)).toBe(1);
    const second = transmitter.next(POLL);
    polling.clock.advance(1);
    await second;
  });

  test('a poll that is refused as a whole is repeated without its acknowledgements', async () => {
    await using transmitter = await openTransmitter();
    await transmitter.enqueue('jti-1');
    transmitter.intercept = ({ route, body }) =>
      route === POLL && Object.hasOwn(body as object, 'ack') ? { status: 400 } : undefined;
    await using polling = startPolling(transmitter);
    await eventually(() => expect(transmitter.count(POLL)).toBe(2));
    transmitter.intercept = undefined;
    const third = await nextPoll(transmitter, polling.clock);
    expect(third.body).not.toHaveProperty('ack');
    await eventually(() => {
      polling.clock.advance(1_000);
      expect(transmitter.queue.size).toBe(0);
    });
    expect(polling.events).toHaveLength(1);
  });

  test('ends where the stream is gone (404), and says so', async () => {
    await using transmitter = await openTransmitter();
    transmitter.intercept = ({ route }) => (route === POLL ? { status: 404 } : undefined);
    await using polling = startPolling(transmitter);
    await eventually(() => expect(polling.gone).toMatchObject([{ code: 'RTA_SSF_STREAM_UNKNOWN' }]));
    expect(polling.clock.pendingTimers).toBe(0);
    expect(transmitter.count(POLL)).toBe(1);
  });

  test('acknowledges what it has when it is closed, and no more', async () => {
    await using transmitter = await openTransmitter();
    const durable = Promise.withResolvers<void>();
    const accepting = Promise.withResolvers<void>();
    await transmitter.enqueue('jti-1');
    await using polling = startPolling(transmitter, {
      accept: async () => {
        accepting.resolve();
        return durable.promise;
      },
    });
    await accepting.promise;
    const closed = polling.client.close();
    durable.resolve();
    await closed;
    expect(transmitter.seen.at(-1)?.body).toEqual({ maxEvents: 0, returnImmediately: true, ack: ['jti-1'] });
    expect(transmitter.queue.size).toBe(0);
    await polling.client.close();
    expect(transmitter.count(POLL)).toBe(2);
  });

  test('what was not acknowledged before the end comes again after a restart', async () => {
    await using transmitter = await openTransmitter();
    await transmitter.enqueue('jti-1');
    transmitter.intercept = ({ body }) =>
      Object.hasOwn((body as object | undefined) ?? {}, 'ack') ? { status: 503 } : undefined;
    {
      await using before = startPolling(transmitter);
      await eventually(() => expect(before.events).toHaveLength(1));
    }
    transmitter.intercept = undefined;
    expect(transmitter.queue.size).toBe(1);
    await using after = startPolling(transmitter);
    await eventually(() => expect(transmitter.queue.size).toBe(0));
    expect(after.events.map(({ jti }) => jti)).toEqual(['jti-1']);
  });
});
