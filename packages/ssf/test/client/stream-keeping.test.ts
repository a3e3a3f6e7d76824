import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Clock } from '@rta/core';
import { createMemoryStore, type Records, type SingleUseKeys } from '@rta/store';
import { createFakeClock, type FakeClock } from '@rta/testkit';
import { describe, expect, test } from 'vitest';
import {
  createSetReceiver,
  createStreamKeeper,
  type KeptStreamDiagnostics,
  type ReceivedEvent,
  type SetReceiver,
  type StreamKeeper,
  type StreamKeeperOptions,
} from '../../src/index.ts';
import { eventually } from './eventually.ts';
import {
  AUDIENCE,
  NOW_MS,
  openTransmitter,
  POLL,
  PUSH,
  type ScriptedTransmitter,
  SESSION_REVOKED,
  STREAM_UPDATED,
} from './scripted-transmitter.ts';

const ENDPOINT = 'https://rta.example/ssf/events';

interface Node extends AsyncDisposable {
  readonly clock: FakeClock;
  readonly keeper: StreamKeeper;
  readonly receiver: SetReceiver;
  readonly events: readonly ReceivedEvent[];
}

interface Shared {
  readonly streams: Records;
  readonly singleUse: SingleUseKeys;
}

/** A node that keeps a stream; nodes that share a store are one receiver. */
function startNode(
  transmitter: ScriptedTransmitter,
  options: Partial<StreamKeeperOptions> & { readonly shared?: Shared; readonly clock?: FakeClock } = {},
): Node {
  const { clock = createFakeClock(NOW_MS), shared = createMemoryStore({ clock }), ...rest } = options;
  const events: ReceivedEvent[] = [];
  const receiver = createSetReceiver({
    transmitters: [],
    singleUse: shared.singleUse,
    clock,
    accept: async (event) => {
      events.push(event);
      keeper.heard(event);
    },
    onStreamEvent: (event) => keeper.heard(event),
  });
  transmitter.push ??= async (set, authorization) =>
    receiver.receivePush({
      contentType: 'application/secevent+jwt',
      authorization,
      body: Buffer.from(set),
    });
  const keeper = createStreamKeeper({
    transmitter: { issuer: transmitter.issuer, allowInsecureHttp: true },
    delivery: { method: 'push', endpointUrl: ENDPOINT },
    events: [SESSION_REVOKED],
    authentication: { clientId: 'rta', clientSecret: 'secret' },
    receiver,
    records: shared.streams,
    clock: withoutTimeLimits(clock),
    ...rest,
  });
  return {
    clock,
    keeper,
    receiver,
    events,
    async [Symbol.asyncDispose]() {
      await keeper.close();
      await receiver.close();
    },
  };
}

/** Requests take real time: their limits of ten seconds and two minutes do not come, however time is moved on. */
function withoutTimeLimits(clock: FakeClock): Clock {
  return {
    ...clock,
    after: (delayMs, callback) =>
      delayMs === 10_000 || delayMs === 120_000 ? { cancel: () => {} } : clock.after(delayMs, callback),
  };
}

async function verified(node: Node): Promise<void> {
  await eventually(() => expect(node.keeper.health().lastVerificationAtMs).toBeDefined());
  await eventually(() => expect(node.keeper.health().lastError).toBeUndefined());
}

/** Waits until the keeper rests, then moves time on. */
async function after(node: Node, ms: number): Promise<void> {
  await eventually(() => expect(node.clock.pendingTimers).toBeGreaterThan(0));
  node.clock.advance(ms);
}

describe('a kept stream', () => {
  test('is created with a secret of this receiver, verified, and delivers (happy path)', async () => {
    await using transmitter = await openTransmitter();
    await using node = startNode(transmitter);
    await verified(node);
    expect(transmitter.seen.map(({ route }) => route)).toEqual([
      'POST /token',
      'GET /streams',
      'POST /streams',
      'GET /status',
      'POST /verify',
    ]);
    expect(transmitter.seen[2]?.body).toEqual({
      delivery: {
        method: PUSH,
        endpoint_url: ENDPOINT,
        authorization_header: expect.stringMatching(/^Bearer [\w-]{43}$/),
      },
      events_requested: [SESSION_REVOKED],
      description: 'RealTimeAuth',
    });
    expect(node.keeper.health()).toEqual({
      issuer: transmitter.issuer,
      streamId: 'stream-1',
      status: 'enabled',
      lastEventAtMs: NOW_MS,
      lastVerificationAtMs: NOW_MS,
      lagMs: 0,
      lastError: undefined,
    });
    await transmitter.send('stream-1', {});
    expect(node.events).toMatchObject([
      { transmitter: transmitter.issuer, event: { type: SESSION_REVOKED } },
    ]);
  });

  test('takes no push without its secret, and none for another receiver', async () => {
    await using transmitter = await openTransmitter();
    await using node = startNode(transmitter);
    await verified(node);
    const push = async (set: string, authorization?: string) =>
      node.receiver.receivePush({
        contentType: 'application/secevent+jwt',
        authorization,
        body: Buffer.from(set),
      });
    expect((await push(await transmitter.sign({ jti: 'a' }))).status).toBe(401);
    const delivery = transmitter.streams.get('stream-1')?.['delivery'] as Record<string, string>;
    const wrong = await transmitter.sign({ jti: 'b', aud: 'https://other.example' });
    expect((await push(wrong, delivery['authorization_header'])).status).toBe(400);
    expect(node.events).toEqual([]);
  });

  test('is polled where that is wanted, and verified so', async () => {
    await using transmitter = await openTransmitter();
    await using node = startNode(transmitter, { delivery: { method: 'poll' } });
    await verified(node);
    await transmitter.send('stream-1', {});
    await eventually(() => expect(node.events).toHaveLength(1));
    expect(transmitter.streams.get('stream-1')?.['delivery']).toEqual({
      method: POLL,
      endpoint_url: `${transmitter.issuer}/poll/stream-1`,
    });
  });

  test('is the same after a restart, and nothing is changed at the transmitter', async () => {
    await using transmitter = await openTransmitter();
    const shared = createMemoryStore({ clock: createFakeClock(NOW_MS) });
    {
      await using before = startNode(transmitter, { shared });
      await verified(before);
    }
    transmitter.push = undefined;
    const already = transmitter.seen.length;
    await using node = startNode(transmitter, { shared });
    await verified(node);
    expect(transmitter.seen.slice(already).map(({ route }) => route)).toEqual([
      'POST /token',
      'GET /streams',
      'GET /status',
      'POST /verify',
    ]);
  });

  test('delivers after a restart while the transmitter answers nothing', async () => {
    await using transmitter = await openTransmitter();
    const shared = createMemoryStore({ clock: createFakeClock(NOW_MS) });
    {
      await using before = startNode(transmitter, { shared });
      await verified(before);
    }
    transmitter.push = undefined;
    transmitter.intercept = () => ({ status: 503 });
    await using node = startNode(transmitter, { shared });
    await eventually(() => expect(node.keeper.health().lastError).toBeDefined());
    await transmitter.send('stream-1', {});
    expect(node.events).toHaveLength(1);
  });

  test('that is delivered here is adopted, with a new secret', async () => {
    await using transmitter = await openTransmitter();
    transmitter.streams.set('by-hand', {
      stream_id: 'by-hand',
      iss: transmitter.issuer,
      aud: AUDIENCE,
      status: 'enabled',
      delivery: { method: PUSH, endpoint_url: ENDPOINT, authorization_header: 'Bearer by-hand' },
    });
    await using node = startNode(transmitter);
    await verified(node);
    expect(node.keeper.health().streamId).toBe('by-hand');
    expect(transmitter.streams.size).toBe(1);
    expect(transmitter.count('PATCH /streams')).toBe(1);
  });

  test('is the only one that the transmitter allows, made what is wanted (409)', async () => {
    await using transmitter = await openTransmitter();
    transmitter.streams.set('only', {
      stream_id: 'only',
      iss: transmitter.issuer,
      aud: AUDIENCE,
      status: 'enabled',
      delivery: { method: POLL, endpoint_url: `${transmitter.issuer}/poll/only` },
    });
    transmitter.intercept = ({ route }) => (route === 'POST /streams' ? { status: 409 } : undefined);
    await using node = startNode(transmitter);
    await verified(node);
    expect(transmitter.streams.get('only')).toMatchObject({
      delivery: { method: PUSH, endpoint_url: ENDPOINT },
      events_requested: [SESSION_REVOKED],
    });
  });

  test('is changed where other events are wanted than before', async () => {
    await using transmitter = await openTransmitter();
    const shared = createMemoryStore({ clock: createFakeClock(NOW_MS) });
    {
      await using before = startNode(transmitter, { shared });
      await verified(before);
    }
    transmitter.push = undefined;
    await using node = startNode(transmitter, { shared, events: [SESSION_REVOKED, 'urn:example:other'] });
    await verified(node);
    expect(transmitter.streams.get('stream-1')?.['events_requested']).toEqual([
      SESSION_REVOKED,
      'urn:example:other',
    ]);
  });

  test('of another issuer is not used (stream issuer mismatch)', async () => {
    await using transmitter = await openTransmitter();
    transmitter.intercept = ({ route }) =>
      route === 'POST /streams'
        ? {
            status: 201,
            json: {
              stream_id: 'x',
              iss: 'https://other.example',
              aud: AUDIENCE,
              delivery: { method: PUSH, endpoint_url: ENDPOINT },
            },
          }
        : undefined;
    await using node = startNode(transmitter);
    await eventually(() =>
      expect(node.keeper.health().lastError).toMatchObject({ code: 'RTA_SSF_STREAM_ISSUER' }),
    );
    expect(node.keeper.health().streamId).toBeUndefined();
    await expect(node.keeper.verify()).rejects.toMatchObject({ code: 'RTA_SSF_STREAM_ISSUER' });
    expect(transmitter.count('POST /verify')).toBe(0);
  });

  test('that is found paused is enabled; one that is paused later is not (transmitter-initiated status change)', async () => {
    await using transmitter = await openTransmitter();
    transmitter.streams.set('paused', {
      stream_id: 'paused',
      iss: transmitter.issuer,
      aud: AUDIENCE,
      status: 'paused',
      delivery: { method: PUSH, endpoint_url: ENDPOINT },
    });
    await using node = startNode(transmitter);
    await verified(node);
    expect(node.keeper.health().status).toBe('enabled');
    const tell = async (status: string): Promise<void> =>
      transmitter.send('paused', {
        sub_id: { format: 'opaque', id: 'paused' },
        events: { [STREAM_UPDATED]: { status, reason: 'maintenance', x: 1 } },
      });
    await tell('paused');
    expect(node.keeper.health().status).toBe('paused');
    await tell('enabled');
    expect(node.keeper.health().status).toBe('enabled');
    expect(transmitter.count('POST /status')).toBe(1);
  });

  test('that is gone is made anew', async () => {
    await using transmitter = await openTransmitter();
    await using node = startNode(transmitter);
    await verified(node);
    transmitter.streams.clear();
    await eventually(async () => {
      await after(node, 300_000);
      expect(node.keeper.health().streamId).toBe('stream-2');
    });
  });

  test('that is gone when it is polled is made anew', async () => {
    await using transmitter = await openTransmitter();
    await using node = startNode(transmitter, { delivery: { method: 'poll' } });
    await verified(node);
    transmitter.streams.clear();
    transmitter.intercept = ({ route }) => (route === 'POST /poll/stream-1' ? { status: 404 } : undefined);
    transmitter.answerPolls();
    await eventually(async () => {
      await after(node, 2_000);
      expect(node.keeper.health().streamId).toBe('stream-2');
    });
  });

  test('is kept from being idle, however long a transmitter waits', async () => {
    await using transmitter = await openTransmitter();
    transmitter.streams.set('idle', {
      stream_id: 'idle',
      iss: transmitter.issuer,
      aud: AUDIENCE,
      status: 'enabled',
      inactivity_timeout: 60,
      delivery: { method: PUSH, endpoint_url: ENDPOINT },
    });
    await using node = startNode(transmitter);
    await verified(node);
    await after(node, 29_999);
    expect(transmitter.count('GET /status')).toBe(1);
    const looked = transmitter.next('GET /status');
    node.clock.advance(1);
    await looked;
    expect(transmitter.count('GET /status')).toBe(2);
  });

  test.each([1e300, 2 ** 31, 2 ** 53])(
    'is not looked at all the time because of an inactivity timeout of %d',
    async (seconds) => {
      await using transmitter = await openTransmitter();
      transmitter.streams.set('idle', {
        stream_id: 'idle',
        iss: transmitter.issuer,
        aud: AUDIENCE,
        status: 'enabled',
        inactivity_timeout: seconds,
        delivery: { method: PUSH, endpoint_url: ENDPOINT },
      });
      await using node = startNode(transmitter);
      await verified(node);
      await after(node, 299_999);
      expect(transmitter.count('GET /status')).toBe(1);
    },
  );

  test('goes on when the transmitter comes back, and says meanwhile what is wrong', async () => {
    await using transmitter = await openTransmitter();
    transmitter.intercept = () => ({ status: 503 });
    await using node = startNode(transmitter);
    await eventually(() =>
      expect(node.keeper.health().lastError).toMatchObject({ code: 'RTA_SSF_STREAM_UNAVAILABLE' }),
    );
    transmitter.intercept = undefined;
    node.clock.advance(1_000);
    await verified(node);
  });

  test('publishes what is wrong when it changes, and not with each attempt', async () => {
    await using transmitter = await openTransmitter();
    const told: unknown[] = [];
    const hear = (message: unknown): void => {
      if ((message as KeptStreamDiagnostics).issuer === transmitter.issuer) told.push(message);
    };
    subscribe('rta:ssf.kept-stream', hear);
    const { issuer } = transmitter;
    let attempts = 0;
    transmitter.intercept = () => {
      attempts += 1;
      return { status: 503 };
    };
    const node = startNode(transmitter);
    await eventually(() => {
      node.clock.advance(60_000);
      expect(attempts).toBeGreaterThan(3);
    });
    expect(told).toEqual([{ issuer, code: 'RTA_SSF_STREAM_UNAVAILABLE' }]);
    transmitter.intercept = undefined;
    await eventually(() => {
      if (node.keeper.health().streamId === undefined) node.clock.advance(60_000);
      expect(node.keeper.health().streamId).toBeDefined();
    });
    await verified(node);
    await transmitter.send('stream-1', {
      sub_id: { format: 'opaque', id: 'stream-1' },
      events: { [STREAM_UPDATED]: { status: 'paused' } },
    });
    unsubscribe('rta:ssf.kept-stream', hear);
    await node[Symbol.asyncDispose]();
    expect(told.slice(1)).toEqual([
      { issuer, streamId: 'stream-1', status: 'enabled' },
      { issuer, streamId: 'stream-1', status: 'paused' },
    ]);
  });

  test('is not deleted at the end', async () => {
    await using transmitter = await openTransmitter();
    const node = startNode(transmitter);
    await verified(node);
    await node[Symbol.asyncDispose]();
    expect(transmitter.streams.size).toBe(1);
    expect(transmitter.count('POST /status')).toBe(0);
    expect(node.clock.pendingTimers).toBe(0);
  });
});

describe('the verification of a stream', () => {
  test('is repeated on its schedule, with another state each time', async () => {
    await using transmitter = await openTransmitter();
    await using node = startNode(transmitter, { verifyEveryMs: 60_000 });
    await verified(node);
    const asked = transmitter.next('POST /verify');
    await after(node, 60_000);
    await asked;
    const states = transmitter.seen
      .filter(({ route }) => route === 'POST /verify')
      .map(({ body }) => (body as { state: string }).state);
    expect(states).toHaveLength(2);
    expect(new Set(states).size).toBe(2);
  });

  test('that does not come in time shows in the health, until one comes', async () => {
    await using transmitter = await openTransmitter();
    transmitter.push = async () => undefined;
    await using node = startNode(transmitter);
    await transmitter.next('POST /verify');
    await eventually(async () => {
      await after(node, 60_000);
      expect(node.keeper.health().lastError).toMatchObject({ code: 'RTA_SSF_STREAM_UNVERIFIED' });
    });
    transmitter.push = async (set, authorization) =>
      node.receiver.receivePush({
        contentType: 'application/secevent+jwt',
        authorization,
        body: Buffer.from(set),
      });
    await eventually(async () => {
      await after(node, 300_000);
      expect(node.keeper.health().lastError).toBeUndefined();
    });
    expect(node.keeper.health().lagMs).toBe(0);
  });

  test('may be asked for at once, and says how long it took', async () => {
    await using transmitter = await openTransmitter();
    await using node = startNode(transmitter);
    await verified(node);
    transmitter.push = async (set, authorization) => {
      node.clock.advance(1_234);
      await node.receiver.receivePush({
        contentType: 'application/secevent+jwt',
        authorization,
        body: Buffer.from(set),
      });
    };
    expect(await node.keeper.verify()).toEqual({ lagMs: 1_234 });
  });

  test('with a wrong state, or about another stream, is refused; without a state it is taken', async () => {
    await using transmitter = await openTransmitter();
    await using node = startNode(transmitter);
    await verified(node);
    const before = node.keeper.health();
    const verdict = async (id: string, event: object) => {
      const set = await transmitter.sign({
        jti: `${id}-${JSON.stringify(event).length}`,
        sub_id: { format: 'opaque', id },
        events: { 'https://schemas.openid.net/secevent/ssf/event-type/verification': { ...event } },
      });
      return node.receiver.receive(set, { way: 'push' });
    };
    expect(await verdict('stream-1', { state: 'guessed' })).toMatchObject({ err: 'invalid_state' });
    expect(await verdict('stream-1', { state: '' })).toMatchObject({ err: 'invalid_state' });
    expect(await verdict('stream-2', {})).toMatchObject({ err: 'invalid_state' });
    expect(await verdict('stream-1', {})).toMatchObject({ outcome: 'no-effect' });
    expect(node.keeper.health()).toEqual(before);
  });

  test('counts for the node that asked where it comes to another one', async () => {
    await using transmitter = await openTransmitter();
    const shared = createMemoryStore({ clock: createFakeClock(NOW_MS) });
    await using one = startNode(transmitter, { shared });
    await verified(one);
    await using other = startNode(transmitter, { shared });
    // Everything is pushed to the first node.
    await eventually(() => expect(transmitter.count('POST /verify')).toBe(2));
    await eventually(async () => {
      await after(other, 60_000);
      expect(other.keeper.health().lastVerificationAtMs).toBe(NOW_MS);
    });
    expect(other.keeper.health()).toMatchObject({ streamId: 'stream-1', lastError: undefined });
    expect(transmitter.count('POST /streams')).toBe(1);
  });

  test('nodes that start together create one stream', async () => {
    await using transmitter = await openTransmitter();
    const shared = createMemoryStore({ clock: createFakeClock(NOW_MS) });
    await using one = startNode(transmitter, { shared });
    await using other = startNode(transmitter, { shared });
    await eventually(() => {
      if (other.keeper.health().streamId === undefined) other.clock.advance(1_000);
      if (one.keeper.health().streamId === undefined) one.clock.advance(1_000);
      expect(one.keeper.health().streamId).toBe('stream-1');
      expect(other.keeper.health().streamId).toBe('stream-1');
    });
    expect(transmitter.count('POST /streams')).toBe(1);
  });
});
