import { describeWith, redis, startRedis, startRedisPair } from '@rta/services';
import { expect, test } from 'vitest';
import { openRedisStore } from '../src/index.ts';
import { listen } from './diagnostics.ts';
import { startSwitch } from './switch.ts';

await describeWith(redis, 'a store whose Redis has less than it acknowledged', () => {
  test('refuses everything, and so does every other node, until the loss is accepted', async () => {
    await using server = await startRedis();
    using heard = listen();
    const { url } = server;
    await using writer = await openRedisStore({ url, node: 'writer' });
    await using reader = await openRedisStore({ url, node: 'reader' });
    await writer.subjects.put('s', { cutOffMs: 7 });
    await server.restart();

    const lost = { code: 'RTA_STORE_LOST', retryable: false };
    await expect(writer.subjects.get('s')).rejects.toMatchObject(lost);
    await expect(reader.sessions.put('k', {})).rejects.toMatchObject(lost);
    await expect(reader.singleUse.claim('k', Date.now() + 1_000)).rejects.toMatchObject(lost);
    const { lossId } = (await heard.of('lost', 'writer')) as { lossId: string };
    await expect(openRedisStore({ url, node: 'new' })).rejects.toMatchObject({
      ...lost,
      details: { lossId },
    });
    await expect(openRedisStore({ url, node: 'new', acceptLoss: 'another' })).rejects.toMatchObject(lost);

    await using again = await openRedisStore({ url, node: 'writer', acceptLoss: lossId });
    expect(await again.subjects.get('s')).toBeUndefined();
    await again.subjects.put('s', { cutOffMs: 8 });
    await using other = await openRedisStore({ url, node: 'new' });
    expect(await other.subjects.get('s')).toEqual({ cutOffMs: 8 });
    await expect(writer.subjects.get('s')).rejects.toMatchObject(lost);
  });

  test('is noticed though somebody has opened the empty Redis meanwhile', async () => {
    await using server = await startRedis();
    await using store = await openRedisStore({ url: server.url, node: 'a' });
    await store.sessions.put('k', { v: 1 });
    await server.command('FLUSHALL');
    await using other = await openRedisStore({ url: server.url, node: 'b' });
    await other.sessions.put('k', { v: 2 });
    await expect(store.sessions.get('k')).rejects.toMatchObject({ code: 'RTA_STORE_LOST' });
    await expect(other.sessions.get('k')).rejects.toMatchObject({ code: 'RTA_STORE_LOST' });
  });

  test('is noticed though another process of the same node has written more than was lost', async () => {
    await using server = await startRedis();
    await using store = await openRedisStore({ url: server.url, node: 'a' });
    await store.sessions.put('k', { v: 1 });
    await server.command('FLUSHALL');
    await using other = await openRedisStore({ url: server.url, node: 'a' });
    for (let index = 0; index < 5; index++) await other.sessions.put('k', { index });
    await expect(store.sessions.get('k')).rejects.toMatchObject({ code: 'RTA_STORE_LOST' });
    await expect(other.sessions.get('k')).rejects.toMatchObject({ code: 'RTA_STORE_LOST' });
  });

  test('notices by itself when it connects again, before anybody asks', async () => {
    await using server = await startRedis();
    using heard = listen();
    await using store = await openRedisStore({ url: server.url, node: 'idle' });
    await store.sessions.put('k', { v: 1 });
    await server.restart();
    await heard.of('lost', 'idle');
    await expect(store.sessions.get('k')).rejects.toMatchObject({ code: 'RTA_STORE_LOST' });
  });

  test('is marked even where Redis is full', async () => {
    await using server = await startRedis();
    await using store = await openRedisStore({ url: server.url, node: 'a' });
    await store.sessions.put('k', { v: 1 });
    await server.command('HSET', '{rta}:fence', 'w:a', 0);
    await server.command('CONFIG', 'SET', 'maxmemory', 1);
    await expect(store.sessions.get('k')).rejects.toMatchObject({ code: 'RTA_STORE_LOST' });
    expect(await server.command('HEXISTS', '{rta}:fence', 'lost')).toBe(1);
  });

  test('is noticed after a failover, however much others have written since', async () => {
    await using pair = await startRedisPair();
    await using firstPath = await startSwitch(pair.primary.port);
    await using secondPath = await startSwitch(pair.primary.port);
    using heard = listen();
    await using first = await openRedisStore({ url: firstPath.url, node: 'first' });
    await using second = await openRedisStore({ url: secondPath.url, node: 'second' });
    await second.sessions.put('k', { v: 1 });
    await pair.inStep();
    // The replica hears no more of what is acknowledged.
    await pair.promote();
    await first.subjects.put('s', { cutOffMs: 7 });
    secondPath.lead(pair.replica.port);
    await heard.of('disconnected', 'second');
    for (let index = 0; index < 20; index++) await second.sessions.put(`k-${index}`, { index });
    firstPath.lead(pair.replica.port);
    await heard.of('lost', 'first');
    await expect(first.subjects.get('s')).rejects.toMatchObject({ code: 'RTA_STORE_LOST' });
    await expect(second.sessions.get('k')).rejects.toMatchObject({ code: 'RTA_STORE_LOST' });
  });
});

await describeWith(redis, 'a store that waits for a replica', () => {
  test('goes on after a failover with all that was acknowledged', async () => {
    await using pair = await startRedisPair();
    await using path = await startSwitch(pair.primary.port);
    await using store = await openRedisStore({ url: path.url, node: 'a', waitReplicas: 1 });
    const acknowledged: string[] = [];
    const enough = Promise.withResolvers<void>();
    const writing = Array.from({ length: 100 }, async (_, index) => {
      try {
        await store.sessions.put(`k-${index}`, { index });
        acknowledged.push(`k-${index}`);
        if (acknowledged.length === 40) enough.resolve();
      } catch (error) {
        expect(error).toMatchObject({ code: 'RTA_STORE_UNAVAILABLE' });
      }
    });
    await enough.promise;
    await pair.primary.kill();
    await pair.promote();
    path.lead(pair.replica.port);
    await Promise.all(writing);
    // Reads need no replica.
    for (const key of acknowledged) expect(await store.sessions.get(key)).toBeDefined();
  });

  test('does not acknowledge what no replica has', async () => {
    await using server = await startRedis();
    const options = { url: server.url, node: 'a', waitReplicas: 1, limits: { replicaTimeoutMs: 50 } };
    await expect(openRedisStore(options)).rejects.toMatchObject({
      code: 'RTA_STORE_UNAVAILABLE',
      details: { replicas: 0, needed: 1 },
    });
  });
});
