import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createMemoryStore, type SingleUseKeys } from '@rta/store';
import { createFakeClock } from '@rta/testkit';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { describe, expect, test } from 'vitest';
import {
  createSetReceiver,
  type DeliveryDiagnostics,
  type ReceivedEvent,
  type SetReceiver,
} from '../src/index.ts';
import {
  eventOf,
  ISSUER,
  openPushServer,
  openTransmitterBench,
  type PushServer,
  revoked,
  SIGNER,
  type TransmitterBench,
} from './transmitter-bench.ts';

const PUSH = 'urn:ietf:rfc:8935';

/** A stream that is pushed to a server. */
async function pushStream(
  bench: TransmitterBench,
  server: PushServer,
  delivery: Readonly<Record<string, string>> = {},
): Promise<string> {
  return bench.stream({ delivery: { method: PUSH, endpoint_url: server.url, ...delivery } });
}

/** Resolves when a push has come to an end in this way; ask before it can. */
function outcome(which: DeliveryDiagnostics['outcome']): Promise<void> {
  return new Promise((resolve) => {
    const listener = (message: unknown): void => {
      if ((message as DeliveryDiagnostics).outcome !== which) return;
      unsubscribe('rta:ssf.delivery', listener);
      // The wait for the next attempt begins in this turn.
      setImmediate(resolve);
    };
    subscribe('rta:ssf.delivery', listener);
  });
}

/** Resolves when a condition holds that the other side of a connection brings about. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
}

/** Lets what is under way on the loopback interface arrive. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Lets timers fire one after another until a push arrives. */
async function nextAfter(bench: TransmitterBench, server: PushServer, stepMs: number, count: number) {
  const before = server.count;
  for (let step = 0; step < count && server.count === before; step += 1) {
    bench.clock.advance(stepMs);
    await turns();
  }
  return server.next();
}

/** The receiver of this package, for one stream, behind a real server. */
function receiverOf(
  audience: string,
  singleUse: SingleUseKeys,
): { readonly receiver: SetReceiver; readonly events: ReceivedEvent[] } {
  const events: ReceivedEvent[] = [];
  const receiver = createSetReceiver({
    transmitters: [
      {
        issuer: ISSUER,
        audience,
        jwks: { keys: [SIGNER.publicJwk ?? {}] },
        subjectIssuers: ['https://idp.example', ISSUER],
      },
    ],
    singleUse,
    clock: createFakeClock(),
    accept: async (event) => void events.push(event),
  });
  return { receiver, events };
}

describe('every token (T1)', () => {
  test('is one that the receiver of this package takes', async () => {
    const clock = createFakeClock();
    await using bench = await openTransmitterBench({ fakeClock: clock });
    let receiver: SetReceiver | undefined;
    await using server = await openPushServer(async ({ headers, body }) => {
      const answer = await receiver?.receivePush({
        contentType: headers['content-type'],
        authorization: headers.authorization,
        body: Buffer.from(body),
      });
      return answer ?? { status: 503 };
    });
    const id = await pushStream(bench, server);
    const made = receiverOf(`${ISSUER}/ssf/streams/${id}`, createMemoryStore({ clock }).singleUse);
    receiver = made.receiver;
    await bench.transmitter.emit(revoked('jane', { occurredAtMs: 1_767_225_590_000 }));
    await server.next();
    expect(made.events).toMatchObject([
      {
        transmitter: ISSUER,
        txn: 'txn-1',
        event: {
          type: 'https://schemas.openid.net/secevent/caep/event-type/session-revoked',
          value: { initiating_entity: 'policy' },
        },
        occurredAtMs: 1_767_225_590_000,
      },
    ]);
    await receiver.close();
  });

  test('has the type, the algorithm and the claims of the interoperability profile', async () => {
    await using bench = await openTransmitterBench();
    await using server = await openPushServer();
    const id = await pushStream(bench, server);
    await bench.transmitter.emit(revoked('jane'));
    const { body } = await server.next();
    expect(decodeProtectedHeader(body)).toEqual({ typ: 'secevent+jwt', alg: 'RS256', kid: 'key-1' });
    const { jti, ...claims } = decodeJwt(body);
    expect(jti).toMatch(/^[\w-]{22,}$/);
    expect(claims).toEqual({
      iss: 'https://rta.example',
      aud: `https://rta.example/ssf/streams/${id}`,
      iat: 1_767_225_600,
      txn: 'txn-1',
      sub_id: {
        format: 'complex',
        user: { format: 'iss_sub', iss: 'https://idp.example', sub: 'jane' },
        session: { format: 'opaque', id: 'session-of-jane' },
      },
      events: {
        'https://schemas.openid.net/secevent/caep/event-type/session-revoked': {
          initiating_entity: 'policy',
        },
      },
    });
  });

  test('is for one receiver: no two streams have the same audience', async () => {
    await using bench = await openTransmitterBench();
    const [one, other] = [await bench.stream(), await bench.stream()];
    await bench.transmitter.emit(revoked('jane'));
    const [first] = (await bench.poll(one)).claims;
    const [second] = (await bench.poll(other)).claims;
    expect([first?.['aud'], second?.['aud']]).toEqual([
      `https://rta.example/ssf/streams/${one}`,
      `https://rta.example/ssf/streams/${other}`,
    ]);
    expect(first?.['jti']).not.toBe(second?.['jti']);
  });

  test('has the same jti where an event is emitted twice under one id', async () => {
    await using bench = await openTransmitterBench();
    const id = await bench.stream();
    await bench.transmitter.emit(revoked('jane', { id: 'change-1' }));
    await bench.transmitter.emit(revoked('jane', { id: 'change-1' }));
    expect((await bench.poll(id)).jtis).toHaveLength(1);
  });

  test('an event whose members are not those of its type is not emitted', async () => {
    await using bench = await openTransmitterBench();
    const id = await bench.stream();
    const type = 'https://schemas.openid.net/secevent/caep/event-type/risk-level-change';
    await expect(bench.transmitter.emit(revoked('jane', { type, value: {} }))).rejects.toMatchObject({
      code: 'RTA_SSF_EVENT',
    });
    await expect(bench.transmitter.emit(revoked('jane', { type: 'urn:other' }))).rejects.toThrow(TypeError);
    expect((await bench.poll(id)).jtis).toEqual([]);
  });
});

describe('pushes', () => {
  test('carry the authorization header as it was given, or none', async () => {
    await using bench = await openTransmitterBench();
    await using with_ = await openPushServer();
    await using without = await openPushServer();
    await pushStream(bench, with_, { authorization_header: 'Custom  a b' });
    await pushStream(bench, without);
    await bench.transmitter.emit(revoked('jane'));
    const [one, other] = [await with_.next(), await without.next()];
    expect(one.headers.authorization).toBe('Custom  a b');
    expect(one.headers['content-type']).toBe('application/secevent+jwt');
    expect(one.headers.accept).toBe('application/json');
    expect(other.headers.authorization).toBeUndefined();
  });

  test('arrive one after the other, in the order of the events', async () => {
    await using bench = await openTransmitterBench();
    let open = 0;
    let most = 0;
    await using server = await openPushServer(async () => {
      open += 1;
      most = Math.max(most, open);
      await new Promise((resolve) => setImmediate(resolve));
      open -= 1;
      return { status: 202 };
    });
    await pushStream(bench, server);
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    await Promise.all(names.map((name) => bench.transmitter.emit(revoked(name, { txn: name }))));
    const arrived: unknown[] = [];
    for (const _ of names) arrived.push((await server.next()).claims['txn']);
    expect(arrived).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
    expect(most).toBe(1);
  });

  test('one that is refused with 400 is kept for operators and never sent again (T6)', async () => {
    await using bench = await openTransmitterBench();
    await using server = await openPushServer();
    server.answers.push({
      status: 400,
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ err: 'invalid_audience', description: 'not\r\nmine' }),
    });
    const id = await pushStream(bench, server);
    await bench.transmitter.emit(revoked('jane', { txn: 'bad' }));
    await bench.transmitter.emit(revoked('jane', { txn: 'good' }));
    const [bad, good] = [await server.next(), await server.next()];
    expect([bad.claims['txn'], good.claims['txn']]).toEqual(['bad', 'good']);
    expect(await bench.transmitter.refused(id)).toEqual([
      {
        jti: bad.claims['jti'],
        set: bad.body,
        err: 'invalid_audience',
        description: 'not mine',
        refusedAtMs: 1_767_225_600_000,
      },
    ]);
    await until(() => bench.transmitter.streams()[0]?.waitingCount === 0);
    bench.clock.advance(600_000);
    await turns();
    expect(server.count).toBe(2);
  });

  test.each([500, 503, 429, 401, 404, 200, 204])(
    'one that is answered with %d comes again, unchanged, before the next (T6)',
    async (status) => {
      await using bench = await openTransmitterBench();
      await using server = await openPushServer();
      server.answers.push({ status });
      await pushStream(bench, server);
      const failed = outcome('failed');
      await bench.transmitter.emit(revoked('jane', { txn: 'one' }));
      await bench.transmitter.emit(revoked('jane', { txn: 'two' }));
      const first = await server.next();
      await failed;
      expect(server.count).toBe(1);
      bench.clock.advance(1_000);
      const second = await server.next();
      expect(second.body).toBe(first.body);
      expect((await server.next()).claims['txn']).toBe('two');
    },
  );

  test('a redirect is not followed (T6)', async () => {
    await using bench = await openTransmitterBench();
    await using other = await openPushServer();
    await using server = await openPushServer();
    server.answers.push({ status: 307, headers: { Location: other.url } });
    await pushStream(bench, server, { authorization_header: 'Bearer secret' });
    await bench.transmitter.emit(revoked('jane'));
    await server.next();
    await nextAfter(bench, server, 1_000, 5);
    expect(other.count).toBe(0);
  });

  test('waits as long as the receiver asks for (T6)', async () => {
    await using bench = await openTransmitterBench();
    await using server = await openPushServer();
    server.answers.push({ status: 503, headers: { 'Retry-After': '120' } });
    await pushStream(bench, server);
    const failed = outcome('failed');
    await bench.transmitter.emit(revoked('jane'));
    await server.next();
    await failed;
    bench.clock.advance(119_000);
    await turns();
    expect(server.count).toBe(1);
    bench.clock.advance(1_000);
    await server.next();
  });

  test('that fail for long pause the stream; it says so when it goes on (T5, T6)', async () => {
    await using bench = await openTransmitterBench({ limits: { pushGiveUpMs: 1 } });
    await using server = await openPushServer();
    server.answers.push({ status: 500 }, { status: 500 }, { status: 500 });
    const id = await pushStream(bench, server);
    await bench.transmitter.emit(revoked('jane'));
    await server.next();
    await nextAfter(bench, server, 1_000, 5);
    await until(
      async () => (await bench.ask('GET', `/ssf/status?stream_id=${id}`)).body['status'] === 'paused',
    );
    expect((await bench.ask('GET', `/ssf/status?stream_id=${id}`)).body['reason']).toBe('pushes fail');
    const probes = [
      await nextAfter(bench, server, 600_000, 3),
      await nextAfter(bench, server, 600_000, 3),
      await server.next(),
    ];
    expect(probes.map(({ claims }) => eventOf(claims))).toEqual([
      ['stream-updated', { status: 'enabled', reason: 'pushes arrive again' }],
      ['stream-updated', { status: 'enabled', reason: 'pushes arrive again' }],
      ['session-revoked', { initiating_entity: 'policy' }],
    ]);
    expect((await bench.ask('GET', `/ssf/status?stream_id=${id}`)).body).toEqual({
      stream_id: id,
      status: 'enabled',
    });
  });

  test('a stream that is deleted waits for no push, and leaves nothing behind', async () => {
    await using bench = await openTransmitterBench();
    const arrived = Promise.withResolvers<void>();
    const answered = Promise.withResolvers<void>();
    await using server = await openPushServer(async () => {
      arrived.resolve();
      await answered.promise;
      return { status: 202 };
    });
    const id = await pushStream(bench, server);
    await bench.transmitter.emit(revoked('jane'));
    await arrived.promise;
    expect((await bench.ask('DELETE', `/ssf/streams?stream_id=${id}`)).status).toBe(204);
    answered.resolve();
    const left: string[] = [];
    for await (const [key] of bench.store.outbox.entries()) left.push(key);
    for await (const [key] of bench.store.streams.entries()) left.push(key);
    expect(left).toEqual(['out-version']);
  });

  test('that fail again after the receiver enabled the stream are tried for as long once more', async () => {
    await using bench = await openTransmitterBench({ limits: { pushGiveUpMs: 1 } });
    await using server = await openPushServer();
    server.answers.push({ status: 500 }, { status: 500 }, { status: 500 });
    const id = await pushStream(bench, server);
    await bench.transmitter.emit(revoked('jane'));
    await server.next();
    await nextAfter(bench, server, 1_000, 5);
    await until(() => bench.transmitter.streams()[0]?.status === 'paused');
    const failed = outcome('failed');
    await bench.ask('POST', '/ssf/status', { stream_id: id, status: 'enabled' });
    await failed;
    expect(bench.transmitter.streams()[0]?.status).toBe('enabled');
    await nextAfter(bench, server, 1_000, 5);
  });

  test('go to another endpoint from the moment that the stream says so', async () => {
    await using bench = await openTransmitterBench();
    await using before = await openPushServer();
    await using after = await openPushServer();
    before.answers.push({ status: 500 });
    const id = await pushStream(bench, before);
    const failed = outcome('failed');
    await bench.transmitter.emit(revoked('jane'));
    const first = await before.next();
    await failed;
    await bench.ask('PATCH', '/ssf/streams', {
      stream_id: id,
      delivery: { method: PUSH, endpoint_url: after.url },
    });
    expect((await after.next()).body).toBe(first.body);
  });
});

describe('status (T5)', () => {
  test('what a paused stream holds is delivered when the receiver enables it', async () => {
    await using bench = await openTransmitterBench();
    await using server = await openPushServer();
    const id = await pushStream(bench, server);
    const set = (status: string) =>
      bench.ask('POST', '/ssf/status', { stream_id: id, status, reason: 'tea' });
    expect((await set('paused')).body).toEqual({ stream_id: id, status: 'paused', reason: 'tea' });
    await bench.transmitter.emit(revoked('jane', { txn: 'held' }));
    expect(bench.transmitter.streams()[0]?.waitingCount).toBe(1);
    expect(server.count).toBe(0);
    await set('enabled');
    expect((await server.next()).claims['txn']).toBe('held');
  });

  test('what happens while a stream is disabled is not told later', async () => {
    await using bench = await openTransmitterBench();
    await using server = await openPushServer();
    const id = await pushStream(bench, server);
    const set = (status: string) => bench.ask('POST', '/ssf/status', { stream_id: id, status });
    await set('paused');
    await bench.transmitter.emit(revoked('jane', { txn: 'held' }));
    await set('disabled');
    await bench.transmitter.emit(revoked('jane', { txn: 'dropped' }));
    await set('enabled');
    await bench.transmitter.emit(revoked('jane', { txn: 'after' }));
    expect((await server.next()).claims['txn']).toBe('after');
    expect(server.count).toBe(1);
  });

  test('the receiver is told before the transmitter pauses, and before it goes on', async () => {
    await using bench = await openTransmitterBench();
    await using server = await openPushServer();
    const id = await pushStream(bench, server);
    await bench.transmitter.setStatus(id, 'paused', 'maintenance');
    await bench.transmitter.emit(revoked('jane'));
    const paused = await server.next();
    expect(eventOf(paused.claims)).toEqual(['stream-updated', { status: 'paused', reason: 'maintenance' }]);
    expect(paused.claims['sub_id']).toEqual({ format: 'opaque', id });
    await bench.transmitter.setStatus(id, 'enabled');
    const [enabled, held] = [await server.next(), await server.next()];
    expect(eventOf(enabled.claims)).toEqual(['stream-updated', { status: 'enabled' }]);
    expect(eventOf(held.claims)).toEqual(['session-revoked', { initiating_entity: 'policy' }]);
  });

  test('a stream that holds more than it may is disabled, and says so', async () => {
    await using bench = await openTransmitterBench({ limits: { heldCount: 2 } });
    const id = await bench.stream();
    for (const name of ['a', 'b', 'c', 'd']) await bench.transmitter.emit(revoked(name));
    const { claims } = await bench.poll(id);
    expect(claims.map(eventOf)).toEqual([
      ['stream-updated', { status: 'disabled', reason: 'more was held than may be' }],
    ]);
    expect(bench.transmitter.streams()).toMatchObject([{ id, status: 'disabled', waitingCount: 0 }]);
  });

  test('a stream that holds something for too long is disabled', async () => {
    await using bench = await openTransmitterBench({ limits: { heldAgeMs: 60_000 } });
    const id = await bench.stream();
    await bench.transmitter.emit(revoked('jane'));
    bench.clock.advance(80_000);
    await until(() => bench.transmitter.streams()[0]?.status === 'disabled');
    expect((await bench.poll(id)).claims.map(eventOf)).toEqual([
      ['stream-updated', { status: 'disabled', reason: 'more was held than may be' }],
    ]);
  });

  test('a receiver that is heard of keeps its stream, however short the time is', async () => {
    await using bench = await openTransmitterBench({ inactivityTimeoutMs: 30_000 });
    const id = await bench.stream();
    for (let round = 0; round < 5; round += 1) {
      bench.clock.advance(20_000);
      await bench.poll(id);
    }
    expect(bench.transmitter.streams()).toMatchObject([{ status: 'enabled' }]);
  });

  test('a stream whose receiver is not heard of is paused, and says so', async () => {
    await using bench = await openTransmitterBench({ inactivityTimeoutMs: 120_000 });
    const id = await bench.stream();
    expect((await bench.ask('GET', `/ssf/streams?stream_id=${id}`)).body['inactivity_timeout']).toBe(120);
    bench.clock.advance(100_000);
    await bench.poll(id);
    bench.clock.advance(100_000);
    await bench.ask('GET', '/ssf/streams');
    expect(bench.transmitter.streams()).toMatchObject([{ status: 'enabled' }]);
    bench.clock.advance(40_000);
    await until(() => bench.transmitter.streams()[0]?.status === 'paused');
    expect((await bench.poll(id)).claims.map((claims) => eventOf(claims)[0])).toEqual(['stream-updated']);
  });
});

describe('after a restart', () => {
  test('what was not delivered is delivered, as it was', async () => {
    await using before = await openTransmitterBench();
    await using server = await openPushServer();
    server.answers.push({ status: 500 });
    await pushStream(before, server);
    await before.transmitter.emit(revoked('jane', { txn: 'one' }));
    await before.transmitter.emit(revoked('jane', { txn: 'two' }));
    const first = await server.next();
    await before.transmitter.close();
    await using _after = await openTransmitterBench({ store: before.store, fakeClock: before.clock });
    expect((await server.next()).body).toBe(first.body);
    expect((await server.next()).claims['txn']).toBe('two');
  });

  test('a transmitter that is closed keeps nothing more and answers that it is not there', async () => {
    await using bench = await openTransmitterBench();
    await bench.transmitter.close();
    await expect(bench.transmitter.emit(revoked('jane'))).rejects.toMatchObject({
      code: 'RTA_SSF_NOT_EMITTED',
    });
    expect((await bench.ask('GET', '/ssf/streams')).status).toBe(503);
  });
});

describe('nodes that share the store', () => {
  test('one of them pushes, and another goes on when it is gone', async () => {
    await using one = await openTransmitterBench({ isShared: true, node: 'one' });
    await using server = await openPushServer();
    await pushStream(one, server);
    await one.transmitter.emit(revoked('jane', { txn: 'first' }));
    await server.next();
    await using two = await openTransmitterBench({
      isShared: true,
      node: 'two',
      store: one.store,
      fakeClock: one.clock,
    });
    await two.transmitter.emit(revoked('jane', { txn: 'second' }));
    expect((await nextAfter(one, server, 1_000, 3)).claims['txn']).toBe('second');
    await one.transmitter.close();
    await two.transmitter.emit(revoked('jane', { txn: 'third' }));
    expect((await nextAfter(two, server, 15_000, 3)).claims['txn']).toBe('third');
    expect(server.count).toBe(3);
  });

  test('a stream that one makes gets what another emits, in one order', async () => {
    await using one = await openTransmitterBench({ isShared: true });
    await using two = await openTransmitterBench({ isShared: true, store: one.store, fakeClock: one.clock });
    const id = await one.stream();
    one.clock.advance(1_000);
    await until(() => two.transmitter.streams().length === 1);
    await one.transmitter.emit(revoked('jane', { txn: 'a' }));
    await two.transmitter.emit(revoked('jane', { txn: 'b' }));
    await one.transmitter.emit(revoked('jane', { txn: 'c' }));
    const seen = await two.poll(id);
    expect(seen.claims.map((claims) => claims['txn'])).toEqual(['a', 'b', 'c']);
    await one.poll(id, { ack: seen.jtis });
    expect((await two.poll(id)).jtis).toEqual([]);
  });
});
