import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { eventOf, openPushServer, openTransmitterBench, revoked } from './transmitter-bench.ts';

describe('polls (T7)', () => {
  test('what is not acknowledged comes again; what is acknowledged does not', async () => {
    await using bench = await openTransmitterBench();
    const id = await bench.stream();
    for (const txn of ['a', 'b', 'c']) await bench.transmitter.emit(revoked('jane', { txn }));
    const first = await bench.poll(id);
    expect(first.claims.map((claims) => claims['txn'])).toEqual(['a', 'b', 'c']);
    expect((await bench.poll(id)).jtis).toEqual(first.jtis);
    const rest = await bench.poll(id, { ack: [first.jtis[1]] });
    expect(rest.claims.map((claims) => claims['txn'])).toEqual(['a', 'c']);
    expect((await bench.poll(id, { ack: first.jtis })).jtis).toEqual([]);
  });

  test('maxEvents bounds the answer, and moreAvailable says that there is more', async () => {
    await using bench = await openTransmitterBench();
    const id = await bench.stream();
    for (const txn of ['a', 'b', 'c']) await bench.transmitter.emit(revoked('jane', { txn }));
    const first = await bench.poll(id, { maxEvents: 2 });
    expect(first.claims.map((claims) => claims['txn'])).toEqual(['a', 'b']);
    expect(first.moreAvailable).toBe(true);
    const last = await bench.poll(id, { maxEvents: 2, ack: first.jtis });
    expect(last.claims.map((claims) => claims['txn'])).toEqual(['c']);
    expect(last.moreAvailable).toBeUndefined();
  });

  test('an answer has a bounded number of tokens, whatever is asked for', async () => {
    await using bench = await openTransmitterBench();
    const id = await bench.stream();
    for (let count = 0; count < 66; count += 1) await bench.transmitter.emit(revoked('jane'));
    const first = await bench.poll(id, { maxEvents: 1_000_000 });
    expect(first.jtis).toHaveLength(64);
    expect(first.moreAvailable).toBe(true);
    expect((await bench.poll(id, { ack: first.jtis })).jtis).toHaveLength(2);
  });

  test('maxEvents 0 acknowledges at once and brings nothing', async () => {
    await using bench = await openTransmitterBench();
    const id = await bench.stream();
    await bench.transmitter.emit(revoked('jane'));
    const { jtis } = await bench.poll(id);
    const answer = await bench.ask('POST', `/ssf/poll/${id}`, { maxEvents: 0, ack: jtis });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ sets: {} });
    expect((await bench.poll(id)).jtis).toEqual([]);
  });

  test('one that waits is answered when an event comes', async () => {
    await using bench = await openTransmitterBench();
    const id = await bench.stream();
    const waiting = bench.ask('POST', `/ssf/poll/${id}`, {});
    await turn();
    await bench.transmitter.emit(revoked('jane'));
    expect(Object.keys((await waiting).body['sets'] as object)).toHaveLength(1);
  });

  test('one that waits in vain is answered when its time is up', async () => {
    await using bench = await openTransmitterBench();
    const id = await bench.stream();
    const before = bench.clock.pendingTimers;
    const waiting = bench.ask('POST', `/ssf/poll/${id}`, {});
    while (bench.clock.pendingTimers === before) await turn();
    bench.clock.advance(25_000);
    expect((await waiting).body).toEqual({ sets: {} });
    expect(bench.clock.pendingTimers).toBe(before);
  });

  test('of many that wait the oldest is answered', async () => {
    await using bench = await openTransmitterBench();
    const id = await bench.stream();
    const before = bench.clock.pendingTimers;
    const oldest = bench.ask('POST', `/ssf/poll/${id}`, {});
    while (bench.clock.pendingTimers === before) await turn();
    const others = [1, 2, 3, 4].map(() => bench.ask('POST', `/ssf/poll/${id}`, {}));
    expect((await oldest).body).toEqual({ sets: {} });
    await bench.transmitter.close();
    for (const other of others) expect((await other).status).toBe(200);
  });

  test('those that wait are answered when the stream goes', async () => {
    await using bench = await openTransmitterBench();
    const id = await bench.stream();
    const waiting = bench.ask('POST', `/ssf/poll/${id}`, {});
    await turn();
    await bench.ask('DELETE', `/ssf/streams?stream_id=${id}`);
    expect((await waiting).body).toEqual({ sets: {} });
  });

  test('a token that the receiver reports is removed and kept for operators', async () => {
    await using bench = await openTransmitterBench();
    const id = await bench.stream();
    await bench.transmitter.emit(revoked('jane'));
    await bench.transmitter.emit(revoked('joe'));
    const { jtis } = await bench.poll(id);
    const [bad = '', good = ''] = jtis;
    const left = await bench.poll(id, {
      ack: [good],
      setErrs: { [bad]: { err: 'invalid_key', description: 'unknown key' }, unheard: { err: 'invalid_key' } },
    });
    expect(left.jtis).toEqual([]);
    expect(await bench.transmitter.refused(id)).toMatchObject([
      { jti: bad, err: 'invalid_key', description: 'unknown key' },
    ]);
  });

  test('the newest of what was refused is kept, however much it is', async () => {
    await using bench = await openTransmitterBench();
    const id = await bench.stream();
    for (let count = 0; count < 260; count += 1) {
      await bench.transmitter.emit(revoked('jane', { id: `change-${count}` }));
      const { jtis } = await bench.poll(id);
      await bench.poll(id, { setErrs: Object.fromEntries(jtis.map((jti) => [jti, { err: 'invalid_key' }])) });
    }
    expect(await bench.transmitter.refused(id)).toHaveLength(256);
  });

  test('a paused stream brings nothing, and takes acknowledgements', async () => {
    await using bench = await openTransmitterBench();
    const id = await bench.stream();
    await bench.transmitter.emit(revoked('jane'));
    const { jtis } = await bench.poll(id);
    await bench.ask('POST', '/ssf/status', { stream_id: id, status: 'paused' });
    expect((await bench.poll(id, { ack: jtis })).jtis).toEqual([]);
    await bench.ask('POST', '/ssf/status', { stream_id: id, status: 'enabled' });
    expect((await bench.poll(id)).jtis).toEqual([]);
  });

  test('a change of the status comes first, and once', async () => {
    await using bench = await openTransmitterBench();
    const id = await bench.stream();
    await bench.transmitter.emit(revoked('jane'));
    await bench.transmitter.setStatus(id, 'paused');
    const notice = await bench.poll(id);
    expect(notice.claims.map(eventOf)).toEqual([['stream-updated', { status: 'paused' }]]);
    expect((await bench.poll(id, { ack: notice.jtis })).jtis).toEqual([]);
    await bench.transmitter.setStatus(id, 'enabled');
    expect((await bench.poll(id)).claims.map((claims) => eventOf(claims)[0])).toEqual([
      'stream-updated',
      'session-revoked',
    ]);
  });

  test.each([
    ['acks that are no list', { ack: 'jti' }],
    ['a negative number of events', { maxEvents: -1 }],
    ['an error without a code', { setErrs: { jti: { description: 'bad' } } }],
    ['too many acknowledgements', { ack: Array.from({ length: 513 }, (_, index) => `jti-${index}`) }],
    ['text', 'poll'],
  ])('%s is refused', async (_what, body) => {
    await using bench = await openTransmitterBench();
    const id = await bench.stream();
    expect((await bench.ask('POST', `/ssf/poll/${id}`, body)).status).toBe(400);
  });

  test('ask for a token, and for a stream that is polled', async () => {
    await using bench = await openTransmitterBench();
    await using server = await openPushServer();
    const polled = await bench.stream();
    const pushed = await bench.stream({
      delivery: { method: 'urn:ietf:rfc:8935', endpoint_url: server.url },
    });
    const { status, headers } = await bench.ask('POST', `/ssf/poll/${polled}`, {}, null);
    expect([status, headers.get('WWW-Authenticate')]).toEqual([401, 'Bearer realm="security events"']);
    expect((await bench.ask('POST', `/ssf/poll/${pushed}`, {})).status).toBe(404);
    expect((await bench.ask('POST', '/ssf/poll/', {})).status).toBe(404);
  });

  test('what waits survives a restart', async () => {
    await using before = await openTransmitterBench();
    const id = await before.stream();
    await before.transmitter.emit(revoked('jane', { txn: 'a' }));
    await before.transmitter.emit(revoked('jane', { txn: 'b' }));
    const first = await before.poll(id);
    await before.poll(id, { ack: [first.jtis[0]] });
    await before.transmitter.close();
    await using after = await openTransmitterBench({ store: before.store, fakeClock: before.clock });
    const rest = await after.poll(id);
    expect(rest.jtis).toEqual([first.jtis[1]]);
    await after.transmitter.emit(revoked('jane', { txn: 'c' }));
    expect((await after.poll(id)).claims.map((claims) => claims['txn'])).toEqual(['b', 'c']);
  });
});
