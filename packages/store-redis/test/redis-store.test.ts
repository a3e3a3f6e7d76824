import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describeWith, type RunningRedis, redis, startRedis } from '@rta/services';
import { createFakeClock } from '@rta/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openRedisStore } from '../src/index.ts';
import { listen } from './diagnostics.ts';

const COUNTER = fileURLToPath(new URL('./counter.ts', import.meta.url));

await describeWith(redis, 'a store in Redis', () => {
  let server: RunningRedis;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.close());

  test('loses no update of two processes that count at once', async () => {
    const { url } = server;
    const children = ['a', 'b'].map((node) =>
      fork(COUNTER, [url, node, '100'], { execArgv: ['--conditions=rta-source'] }),
    );
    const codes = await Promise.all(children.map(async (child) => (await once(child, 'exit'))[0] as unknown));
    expect(codes).toEqual([0, 0]);
    await using store = await openRedisStore({ url, node: 'reader', keyPrefix: 'counting' });
    expect(await store.subjects.get('k')).toEqual({ count: 200 });
  });

  test('gives up an update that others keep coming before', async () => {
    const { url } = server;
    const limits = { updateAttempts: 3 };
    await using store = await openRedisStore({ url, node: 'a', keyPrefix: 'conflict', limits });
    await store.subjects.put('k', { round: 0 });
    let round = 0;
    const updating = store.subjects.update('k', () => {
      round++;
      // Sent before what this update makes of it.
      void store.subjects.put('k', { round });
      return { record: { mine: true } };
    });
    await expect(updating).rejects.toMatchObject({ code: 'RTA_STORE_CONFLICT', retryable: true });
    expect(round).toBe(3);
    expect(await store.subjects.get('k')).toEqual({ round: 3 });
  });

  test('keeps a key for nodes whose clocks are behind', async () => {
    const { url } = server;
    const behind = createFakeClock(1_000_000);
    const ahead = createFakeClock(1_030_000);
    await using here = await openRedisStore({ url, node: 'a', keyPrefix: 'skew', clock: behind });
    await using there = await openRedisStore({ url, node: 'b', keyPrefix: 'skew', clock: ahead });
    expect(await here.singleUse.claim('nonce', 1_010_000)).toBe(true);
    await here.sessions.put('k', { v: 1 }, { expiresAtMs: 1_010_000 });
    // These sweep.
    await there.singleUse.claim('other', 1_050_000);
    await there.sessions.put('other', {});
    expect(await there.singleUse.has('nonce')).toBe(false);
    expect(await there.sessions.get('k')).toBeUndefined();
    expect(await here.singleUse.claim('nonce', 1_010_000)).toBe(false);
    expect(await here.sessions.get('k')).toEqual({ v: 1 });
    ahead.advance(60_000);
    await there.singleUse.claim('another', 1_150_000);
    await there.sessions.put('another', {});
    expect(await server.command('ZCARD', '{skew}:single-use')).toBe(2);
    expect(await server.command('HEXISTS', '{skew}:sessions', 'k')).toBe(0);
    expect(await server.command('ZCARD', '{skew}:sessions:expiries')).toBe(0);
  });

  test('says that it is full where Redis is, keeps what it has, and goes on when something has expired', async () => {
    await using small = await startRedis();
    const clock = createFakeClock();
    await using store = await openRedisStore({ url: small.url, node: 'a', clock });
    const record = { v: 'x'.repeat(20_000) };
    await store.sessions.put('stays', record);
    for (let index = 0; index < 20; index++) {
      await store.sessions.put(`k-${index}`, record, { expiresAtMs: clock.now() + 1_000 });
    }
    const info = String(await small.command('INFO', 'memory'));
    const used = Number(/^used_memory:(\d+)/m.exec(info)?.[1]);
    await small.command('CONFIG', 'SET', 'maxmemory', used - 150_000);

    const full = { code: 'RTA_STORE_FULL', retryable: true };
    await expect(store.sessions.put('more', record)).rejects.toMatchObject(full);
    await expect(store.singleUse.claim('nonce', clock.now() + 1_000)).rejects.toMatchObject(full);
    await expect(store.audit.append([{ sequence: 1, line: '{}', hash: 'h' }])).rejects.toMatchObject(full);
    await expect(
      store.write([
        { collection: 'sessions', key: 'stays', record: undefined },
        { collection: 'subjects', key: 'more', record },
      ]),
    ).rejects.toMatchObject(full);
    expect(await store.sessions.get('stays')).toEqual(record);
    expect(await store.singleUse.has('nonce')).toBe(false);
    // A node that starts again, and what is deleted, need no room.
    await using again = await openRedisStore({ url: small.url, node: 'b', clock });
    await again.sessions.delete('k-0');
    expect(await store.sessions.get('k-0')).toBeUndefined();

    clock.advance(100_000);
    await store.sessions.put('more', record);
    expect(await store.singleUse.claim('nonce', clock.now() + 1_000)).toBe(true);
  });

  test('fails calls while there is no Redis, and goes on when there is one again', async () => {
    await using gone = await startRedis({ persistence: 'always' });
    using heard = listen();
    const limits = { commandTimeoutMs: 1_000, maxReconnectMs: 50 };
    await using store = await openRedisStore({ url: gone.url, node: 'gone', limits });
    await store.sessions.put('k', { v: 1 });
    await gone.kill();
    await heard.of('unreachable', 'gone');
    await expect(store.sessions.get('k')).rejects.toMatchObject({
      code: 'RTA_STORE_UNAVAILABLE',
      retryable: true,
      httpStatus: 503,
    });
    await gone.start();
    const read = () => store.sessions.get('k').catch(() => undefined);
    await expect.poll(read, { timeout: 10_000 }).toEqual({ v: 1 });
  });

  test('takes a Redis that does not answer for gone', async () => {
    await using stuck = await startRedis();
    using heard = listen();
    const limits = { commandTimeoutMs: 100, connectTimeoutMs: 1_000 };
    await using store = await openRedisStore({ url: stuck.url, node: 'stuck', limits });
    await stuck.command('CLIENT', 'PAUSE', 60_000, 'ALL');
    await expect(store.sessions.get('k')).rejects.toMatchObject({ code: 'RTA_STORE_UNAVAILABLE' });
    await heard.of('disconnected', 'stuck');
    await heard.of('unreachable', 'stuck');
  });

  test('holds no more calls than it may', async () => {
    const { url } = server;
    await using store = await openRedisStore({
      url,
      node: 'a',
      keyPrefix: 'calls',
      limits: { callCount: 5 },
    });
    const calls = Array.from({ length: 8 }, () => store.sessions.get('k'));
    const outcomes = await Promise.allSettled(calls);
    expect(outcomes.map(({ status }) => status)).toEqual([
      ...Array.from({ length: 5 }, () => 'fulfilled'),
      ...Array.from({ length: 3 }, () => 'rejected'),
    ]);
    expect(outcomes[7]).toMatchObject({ reason: { code: 'RTA_STORE_UNAVAILABLE' } });
  });

  test('holds no more text than it may', async () => {
    const limits = { callCharacters: 30_000 };
    await using store = await openRedisStore({ url: server.url, node: 'a', keyPrefix: 'text', limits });
    const record = { v: 'x'.repeat(20_000) };
    const [first, second] = await Promise.allSettled([
      store.sessions.put('a', record),
      store.sessions.put('b', record),
    ]);
    expect(first).toMatchObject({ status: 'fulfilled' });
    expect(second).toMatchObject({ reason: { code: 'RTA_STORE_UNAVAILABLE' } });
    await store.sessions.put('b', record);
  });

  test('runs its scripts again where Redis has forgotten them', async () => {
    const { url } = server;
    await using store = await openRedisStore({ url, node: 'a', keyPrefix: 'scripts' });
    await store.sessions.put('k', { v: 1 });
    await server.command('SCRIPT', 'FLUSH');
    expect(await store.sessions.get('k')).toEqual({ v: 1 });
  });

  test.each([
    ['no JSON', '|{'],
    ['no object', '|[]'],
    ['no expiry', 'soon|{}'],
    ['no field', '{}'],
  ])('refuses a record that is %s', async (name, field) => {
    const keyPrefix = `malformed-${name.replace(' ', '-')}`;
    await using store = await openRedisStore({ url: server.url, node: 'a', keyPrefix });
    await server.command('HSET', `{${keyPrefix}}:sessions`, 'k', field);
    const malformed = { code: 'RTA_STORE_MALFORMED' };
    await expect(store.sessions.get('k')).rejects.toMatchObject(malformed);
    await expect(store.sessions.update('k', () => undefined)).rejects.toMatchObject(malformed);
  });

  test('refuses an audit log in which a row is missing', async () => {
    const { url } = server;
    await using store = await openRedisStore({ url, node: 'a', keyPrefix: 'missing' });
    const rows = [1, 2, 3].map((sequence) => ({ sequence, line: '{}', hash: 'h' }));
    await store.audit.append(rows);
    await server.command('XDEL', '{missing}:audit:a', '2-0');
    const read = async (): Promise<number[]> => {
      const seen: number[] = [];
      for await (const { sequence } of store.audit.read()) seen.push(sequence);
      return seen;
    };
    await expect(read()).rejects.toMatchObject({ code: 'RTA_STORE_MALFORMED' });
  });

  test('refuses an audit line that would come back as another text', async () => {
    await using store = await openRedisStore({ url: server.url, node: 'a', keyPrefix: 'line' });
    const rows = [{ sequence: 1, line: '{"v":"\ud800"}', hash: 'h' }];
    await expect(store.audit.append(rows)).rejects.toBeInstanceOf(TypeError);
    expect(await store.audit.last()).toBeUndefined();
  });

  test('does not open keys of another format', async () => {
    await server.command('HSET', '{newer}:fence', 'format', '2');
    await expect(openRedisStore({ url: server.url, node: 'a', keyPrefix: 'newer' })).rejects.toMatchObject({
      code: 'RTA_STORE_MALFORMED',
    });
  });

  test('keeps the audit logs of nodes apart', async () => {
    const { url } = server;
    await using a = await openRedisStore({ url, node: 'a', keyPrefix: 'logs' });
    await using b = await openRedisStore({ url, node: 'b', keyPrefix: 'logs' });
    await a.audit.append([{ sequence: 1, line: '{"of":"a"}', hash: 'h' }]);
    await b.audit.append([{ sequence: 1, line: '{"of":"b"}', hash: 'h' }]);
    expect((await a.audit.last())?.line).toBe('{"of":"a"}');
  });

  test('does not open where there is no Redis', async () => {
    await using closed = await startRedis();
    await closed.close();
    await expect(openRedisStore({ url: closed.url, node: 'a' })).rejects.toMatchObject({
      code: 'RTA_STORE_UNAVAILABLE',
      cause: expect.objectContaining({ code: 'ECONNREFUSED' }),
    });
  });
});

const OPTIONS = { url: 'redis://127.0.0.1:1', node: 'a' };

test.each([
  ['another protocol', { url: 'http://127.0.0.1' }, TypeError],
  ['a query', { url: 'redis://127.0.0.1?db=1' }, TypeError],
  ['a database that is no number', { url: 'redis://127.0.0.1/one' }, TypeError],
  ['no host', { url: 'redis://' }, TypeError],
  ['a prefix that decides the slot by itself', { keyPrefix: 'a}b' }, TypeError],
  ['no prefix', { keyPrefix: '' }, TypeError],
  ['no node', { node: '' }, TypeError],
  ['a node with a line end', { node: 'a\n' }, TypeError],
  ['half a replica', { waitReplicas: 0.5 }, RangeError],
  ['a limit of nothing', { limits: { callCount: 0 } }, RangeError],
] as const)('options with %s are refused', async (_name, wrong, error) => {
  await expect(openRedisStore({ ...OPTIONS, ...wrong })).rejects.toBeInstanceOf(error);
});
