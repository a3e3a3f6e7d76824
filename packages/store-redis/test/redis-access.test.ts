import { createDevPki } from '@rta/devkit';
import { describeWith, redis, startRedis } from '@rta/services';
import { expect, test } from 'vitest';
import { openRedisStore } from '../src/index.ts';

/** What the README asks for. */
const NEEDED = '~{rta}:* +@hash +@sortedset +@stream +eval +evalsha +wait +info +config|get';

await describeWith(redis, 'who may open a store in Redis', () => {
  test('a user with the password, and nobody without it', async () => {
    await using server = await startRedis({ password: 'secret' });
    const address = `127.0.0.1:${server.port}`;
    await using store = await openRedisStore({ url: `redis://:secret@${address}`, node: 'a' });
    await store.sessions.put('k', { v: 1 });
    for (const credentials of ['', ':wrong@', 'nobody:secret@']) {
      const opening = openRedisStore({ url: `redis://${credentials}${address}`, node: 'a' });
      await expect(opening).rejects.toMatchObject({ code: 'RTA_STORE_REFUSED', retryable: false });
    }
  });

  test('nobody with a password that Redis does not check', async () => {
    await using server = await startRedis();
    const opening = openRedisStore({ url: `redis://:secret@127.0.0.1:${server.port}`, node: 'a' });
    await expect(opening).rejects.toMatchObject({ code: 'RTA_STORE_REFUSED' });
  });

  test('a user who may do no more than the store needs', async () => {
    await using server = await startRedis({
      persistence: 'always',
      users: [`rta on >p%40ss ${NEEDED}`, 'default off'],
    });
    const url = `redis://rta:p%2540ss@127.0.0.1:${server.port}`;
    await using store = await openRedisStore({ url, node: 'a', requireDurable: true });
    await store.write([
      { collection: 'sessions', key: 'k', record: { v: 1 }, expiresAtMs: Date.now() + 60_000 },
      { collection: 'changes', key: 'k', record: undefined },
    ]);
    await store.sessions.update('k', () => ({ record: { v: 2 } }));
    await store.audit.append([{ sequence: 1, line: '{}', hash: 'h' }]);
    expect(await store.audit.last()).toEqual({ sequence: 1, line: '{}', hash: 'h' });
    expect(await store.singleUse.claim('k', Date.now() + 60_000)).toBe(true);
    for await (const [key, record] of store.sessions.entries())
      expect([key, record]).toEqual(['k', { v: 2 }]);
    // Under another prefix there is nothing for this user.
    const elsewhere = openRedisStore({ url, node: 'a', keyPrefix: 'other' });
    await expect(elsewhere).rejects.toMatchObject({ code: 'RTA_STORE_REFUSED' });
  });

  test('a Redis that does not tell is taken at the word of who runs it', async () => {
    const silent = NEEDED.replace('+info +config|get', '');
    await using server = await startRedis({ users: [`rta on >secret ${silent}`] });
    const url = `redis://rta:secret@127.0.0.1:${server.port}`;
    await expect(openRedisStore({ url, node: 'a' })).rejects.toMatchObject({ code: 'RTA_STORE_UNSAFE' });
    await using modest = await openRedisStore({ url, node: 'a', vouched: { keepsKeys: true } });
    expect(modest.features.durable).toBe(false);
    const vouched = { keepsKeys: true, durable: true };
    await using durable = await openRedisStore({ url, node: 'a', vouched, requireDurable: true });
    expect(durable.features.durable).toBe(true);
  });

  test('what Redis tells counts more than what was vouched for', async () => {
    await using server = await startRedis();
    const { url } = server;
    const vouched = { keepsKeys: true, durable: true };
    await using store = await openRedisStore({ url, node: 'a', vouched });
    expect(store.features.durable).toBe(false);
  });

  test('a client that checks the certificate, and finds it good', async () => {
    const pki = await createDevPki();
    const issued = await pki.issueServerCertificate({ names: ['localhost'], ips: ['127.0.0.1'] });
    const tls = { certificate: issued.certPem, privateKey: issued.keyPem, authority: pki.caCertPem };
    await using server = await startRedis({ tls });
    const { url } = server;
    expect(url).toBe(`rediss://127.0.0.1:${server.port}`);
    await using store = await openRedisStore({ url, node: 'a', tls: { authority: pki.caCertPem } });
    await store.sessions.put('k', { v: 1 });
    const { caCertPem } = await createDevPki();
    for (const authority of [{}, { authority: caCertPem }]) {
      const opening = openRedisStore({ url, node: 'a', tls: authority });
      await expect(opening).rejects.toMatchObject({ code: 'RTA_STORE_UNAVAILABLE' });
    }
    const plain = openRedisStore({ url: url.replace('rediss:', 'redis:'), node: 'a' });
    await expect(plain).rejects.toMatchObject({ code: 'RTA_STORE_UNAVAILABLE' });
  });

  test('errors show neither the password nor what was to be kept', async () => {
    await using server = await startRedis({ password: 'right-password' });
    const wrong = `redis://:wrong-password@127.0.0.1:${server.port}`;
    const refused: unknown = await openRedisStore({ url: wrong, node: 'a' }).catch((error: unknown) => error);
    await using store = await openRedisStore({ url: server.url, node: 'a' });
    await server.command('SET', '{rta}:sessions', 'not a hash');
    const malformed: unknown = await store.sessions
      .put('secret-key', { v: 'secret-value' })
      .catch((error: unknown) => error);
    expect(malformed).toMatchObject({ code: 'RTA_STORE_MALFORMED' });
    for (const error of [refused, malformed]) {
      const shown = JSON.stringify(error, Object.getOwnPropertyNames(error));
      expect(shown).not.toMatch(/password|secret/);
      expect((error as Error).cause).toBeUndefined();
    }
  });
});
