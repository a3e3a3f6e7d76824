import { describeWith, redis, startRedisCluster, startRedisPair, startRedisSentinel } from '@rta/services';
import { expect, test } from 'vitest';
import { openRedisStore } from '../src/index.ts';
import { listen } from './diagnostics.ts';

await describeWith(redis, 'a store in Redis that is more than one server', () => {
  test('follows the primary that a sentinel names', async () => {
    await using pair = await startRedisPair();
    await using sentinel = await startRedisSentinel(pair.primary, 'secret');
    using heard = listen();
    await using store = await openRedisStore({
      url: `redis://${sentinel.primaryName}`,
      sentinels: { addresses: [{ host: sentinel.host, port: sentinel.port }], password: 'secret' },
      node: 'watched',
      waitReplicas: 1,
    });
    await store.sessions.put('k', { v: 1 });
    await sentinel.failOver();
    // The old primary does not know yet that it is none; it has no replica any more.
    await expect(store.sessions.put('k', { v: 2 })).rejects.toMatchObject({ code: 'RTA_STORE_UNAVAILABLE' });
    await heard.of('disconnected', 'watched');
    expect(await store.sessions.get('k')).toEqual({ v: 1 });
    expect(String(await pair.replica.command('INFO', 'replication'))).toContain('role:master');
    expect(await pair.replica.command('HGET', '{rta}:sessions', 'k')).toBe('|{"v":1}');
  });

  test('does not take a replica for a primary', async () => {
    await using pair = await startRedisPair();
    const opening = openRedisStore({ url: pair.replica.url, node: 'a' });
    await expect(opening).rejects.toMatchObject({
      code: 'RTA_STORE_UNAVAILABLE',
      details: { role: 'slave' },
    });
  });

  test('has all its keys at one node of a cluster, and finds it from any', async () => {
    await using cluster = await startRedisCluster();
    const { lower, upper } = cluster;
    for (const keyPrefix of ['a', 'b', 'c']) {
      const slot = Number(await lower.command('CLUSTER', 'KEYSLOT', keyPrefix));
      const home = slot < 8_192 ? lower : upper;
      for (const { url } of [lower, upper]) {
        await using store = await openRedisStore({ url, node: 'a', keyPrefix });
        await store.write([
          { collection: 'sessions', key: 'k', record: { v: 1 }, expiresAtMs: Date.now() + 60_000 },
          { collection: 'subjects', key: 'k', record: { v: 2 } },
        ]);
        await store.singleUse.claim('k', Date.now() + 60_000);
        await store.audit.append([
          { sequence: ((await store.audit.last())?.sequence ?? 0) + 1, line: '{}', hash: 'h' },
        ]);
        expect(await store.subjects.get('k')).toEqual({ v: 2 });
      }
      expect(await home.command('XLEN', `{${keyPrefix}}:audit:a`)).toBe(2);
    }
  });
});
