import { describeWith, redis, startRedis } from '@rta/services';
import { expect, test } from 'vitest';
import { openRedisStore } from '../src/index.ts';
import { listen } from './diagnostics.ts';

const row = (sequence: number) => ({ sequence, line: `{"n":${sequence}}`, hash: `hash-${sequence}` });

await describeWith(redis, 'a store in a Redis that writes to its disk before it answers', () => {
  test('is durable, and says so', async () => {
    await using server = await startRedis({ persistence: 'always' });
    await using store = await openRedisStore({ url: server.url, node: 'a', requireDurable: true });
    expect(store.features).toEqual({ durable: true, shared: true });
  });

  test('has all that was acknowledged when Redis was killed in the middle of writing', async () => {
    await using server = await startRedis({ persistence: 'always' });
    using heard = listen();
    await using store = await openRedisStore({ url: server.url, node: 'killed' });
    const acknowledged: number[] = [];
    let failures = 0;
    const write = async (index: number): Promise<void> => {
      if (index % 3 === 0) return store.sessions.put(`k-${index}`, { index });
      if (index % 3 === 1) {
        await store.sessions.update(`k-${index}`, () => ({ record: { index } }));
        return;
      }
      return store.write([
        { collection: 'changes', key: `k-${index}`, record: { index } },
        { collection: 'sessions', key: `k-${index}`, record: { index } },
      ]);
    };
    let next = 0;
    const writing = Array.from({ length: 20 }, async () => {
      while (next < 1_000) {
        const index = next++;
        try {
          await write(index);
          acknowledged.push(index);
          if (acknowledged.length === 300) void server.kill();
        } catch (error) {
          expect(error).toMatchObject({ code: 'RTA_STORE_UNAVAILABLE', retryable: true });
          failures++;
        }
      }
    });
    await heard.of('disconnected', 'killed');
    await server.start();
    await Promise.all(writing);
    expect(acknowledged.length + failures).toBe(1_000);
    expect(acknowledged.length).toBeGreaterThanOrEqual(300);
    expect(failures).toBeGreaterThan(0);

    const sessions = new Map<string, unknown>();
    for await (const [key, record] of store.sessions.entries()) sessions.set(key, record['index']);
    expect(acknowledged.filter((index) => sessions.get(`k-${index}`) !== index)).toEqual([]);
    // Of a batch that was not acknowledged there is all or nothing.
    for await (const [key, record] of store.changes.entries()) {
      expect(sessions.get(key)).toBe(record['index']);
    }
  });

  test('goes on over a restart with what it had, of every kind', async () => {
    await using server = await startRedis({ persistence: 'always' });
    using heard = listen();
    await using store = await openRedisStore({ url: server.url, node: 'restarted' });
    const expiresAtMs = Date.now() + 60_000;
    await store.singleUse.claim('nonce', expiresAtMs);
    await store.subjects.put('s', { cutOffMs: 7 });
    await store.audit.append([row(1), row(2)]);
    await server.restart();
    await heard.of('disconnected', 'restarted');
    expect(await store.singleUse.claim('nonce', expiresAtMs)).toBe(false);
    expect(await store.subjects.get('s')).toEqual({ cutOffMs: 7 });
    await expect(store.audit.append([row(2)])).rejects.toMatchObject({ code: 'RTA_STORE_SEQUENCE' });
    await store.audit.append([row(3)]);
    expect(await store.audit.last()).toEqual(row(3));
  });

  test('does not go on with a Redis that came back without its disk', async () => {
    await using server = await startRedis({ persistence: 'always' });
    using heard = listen();
    await using store = await openRedisStore({ url: server.url, node: 'worse' });
    await store.sessions.put('k', { v: 1 });
    await server.command('CONFIG', 'SET', 'appendfsync', 'no');
    await server.command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await heard.of('unreachable', 'worse');
    await expect(store.sessions.get('k')).rejects.toMatchObject({ code: 'RTA_STORE_UNSAFE' });
  });
});

await describeWith(redis, 'a Redis that may forget', () => {
  test.each(['none', 'everysec'] as const)('with persistence %s is not durable', async (persistence) => {
    await using server = await startRedis({ persistence });
    await using store = await openRedisStore({ url: server.url, node: 'a' });
    expect(store.features).toEqual({ durable: false, shared: true });
    await expect(openRedisStore({ url: server.url, node: 'b', requireDurable: true })).rejects.toMatchObject({
      code: 'RTA_STORE_UNSAFE',
    });
  });

  test('because it evicts keys is refused', async () => {
    await using server = await startRedis({ config: { 'maxmemory-policy': 'allkeys-lru' } });
    await expect(openRedisStore({ url: server.url, node: 'a' })).rejects.toMatchObject({
      code: 'RTA_STORE_UNSAFE',
      details: { policy: 'allkeys-lru' },
    });
    // Only keys that expire by themselves: the store has none.
    await server.command('CONFIG', 'SET', 'maxmemory-policy', 'volatile-lru');
    await using store = await openRedisStore({ url: server.url, node: 'a' });
    await store.sessions.put('k', { v: 1 }, { expiresAtMs: Date.now() + 60_000 });
    await store.singleUse.claim('k', Date.now() + 60_000);
    const names = (await server.command('KEYS', '*')) as string[];
    for (const name of names) expect(await server.command('PTTL', name)).toBe(-1);
  });
});
