import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { sessionIdFromBytes } from '@rta/core';
import { createKeyRing, encodeToken, type TokenSigner } from '@rta/token';
import { describe, expect, test } from 'vitest';
import { type KeysFileErrorCode, openKeyFolder } from '../src/index.ts';
import { changesOf, DAY, HOUR, hmacFile, idsOf, T0, testFolder } from './folder-fixture.ts';

const code = (name: KeysFileErrorCode) => expect.objectContaining({ code: name });
const tokenOf = (signer: TokenSigner): Uint8Array =>
  encodeToken(
    { sessionId: sessionIdFromBytes(new Uint8Array(16)), contextHash: new Uint8Array(32), issuedAtMs: 1 },
    signer,
  );
const modeOf = async (...path: string[]): Promise<string> =>
  ((await stat(join(...path))).mode & 0o777).toString(8);

describe('the first key', () => {
  test('is made with its folder, for their owner alone', async () => {
    const t = await testFolder();

    expect(await t.keys.create()).toEqual({ keyId: 1, activeFromMs: T0 });

    expect([await modeOf(t.path), await modeOf(t.path, '1.json')]).toEqual(['700', '600']);
    expect(await t.names()).toEqual(['1.json']);
    expect(await t.read('1.json')).toEqual({
      keyId: 1,
      suite: 'hmac-sha256',
      secret: expect.stringMatching(/^[\w-]{43}$/),
      createdAtMs: T0,
      activeFromMs: T0,
    });
  });

  test.each([
    ['hmac-sha256', 96],
    ['ed25519', 128],
  ] as const)('signs tokens of suite %s on every process that reads it', async (suite, bytes) => {
    const t = await testFolder({ suite });
    await t.keys.create();
    const one = await t.keys.load();
    const other = await t.open().load();

    const token = tokenOf(one.current);

    expect(token).toHaveLength(bytes);
    expect(createKeyRing(other).verify(token)).toMatchObject({ keyId: 1, suite });
  });

  test('is random', async () => {
    const [one, other] = await Promise.all([testFolder(), testFolder()]);
    await Promise.all([one.keys.create(), other.keys.create()]);

    expect((await one.read('1.json'))['secret']).not.toBe((await other.read('1.json'))['secret']);
  });

  test('is not made where there are keys', async () => {
    const t = await testFolder();
    await t.keys.create();

    await expect(t.keys.create()).rejects.toEqual(code('RTA_KEYS_FILE_EXISTS'));
    expect(await t.names()).toEqual(['1.json']);
  });

  test('is made above the ids of revoked ones [T-3.1]', async () => {
    const t = await testFolder();
    await t.keys.create();
    await t.write('7.revoked.json', '');
    await t.keys.revoke(1, { reason: 'r' });

    expect(await t.names()).toEqual(['1.revoked.json', '7.revoked.json', '8.json']);
  });

  test('is never made by reading', async () => {
    const t = await testFolder();

    await expect(t.keys.load()).rejects.toEqual(code('RTA_KEYS_FILE_FOLDER'));
    await expect(stat(t.path)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('rotation', () => {
  test('announces the next key, lets it sign, and accepts the one before for the overlap [T-6.8]', async () => {
    const t = await testFolder();
    await t.keys.create();
    t.clock.advance(DAY);

    expect(await t.keys.rotate()).toEqual({ keyId: 2, activeFromMs: T0 + DAY + HOUR });

    expect(idsOf(await t.keys.load())).toEqual({ current: 1, accepted: [2], revoked: [] });
    expect(await t.read('1.json')).toMatchObject({ retireAtMs: T0 + DAY + HOUR + 2 * DAY });
    t.clock.advance(HOUR);
    expect(idsOf(await t.keys.load())).toEqual({ current: 2, accepted: [1], revoked: [] });
    t.clock.advance(2 * DAY - 1);
    expect(idsOf(await t.keys.load())).toEqual({ current: 2, accepted: [1], revoked: [] });
    t.clock.advance(1);
    expect(idsOf(await t.keys.load())).toEqual({ current: 2, accepted: [], revoked: [] });
  });

  test('is not begun twice, and can be finished at once', async () => {
    const t = await testFolder();
    await t.keys.create();
    await t.keys.rotate();

    await expect(t.keys.rotate()).rejects.toEqual(code('RTA_KEYS_FILE_ANNOUNCED'));
    expect(await t.keys.rotate({ now: true })).toEqual({ keyId: 2, activeFromMs: T0 });
    expect(idsOf(await t.keys.load())).toEqual({ current: 2, accepted: [1], revoked: [] });
  });

  test('of two processes at once makes one key', async () => {
    const t = await testFolder();
    await t.keys.create();

    const outcomes = await Promise.allSettled([t.open().rotate(), t.open().rotate()]);

    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(outcomes).toContainEqual({ status: 'rejected', reason: code('RTA_KEYS_FILE_ANNOUNCED') });
    expect(await t.names()).toEqual(['1.json', '2.json']);
  });

  test('goes on with another suite', async () => {
    const t = await testFolder();
    await t.keys.create();
    const ed25519 = t.open({ suite: 'ed25519' });
    await ed25519.rotate({ now: true });

    const { current, accepted } = await ed25519.load();
    expect([current.suite, accepted[0]?.suite]).toEqual(['ed25519', 'hmac-sha256']);
  });

  test('happens by itself while the folder is watched, and leaves nothing behind [T-6.8]', async () => {
    const t = await testFolder();
    await t.keys.create();
    await t.keys.load();
    const changes = changesOf(t.keys, t.clock);

    t.clock.advance(30 * DAY - HOUR);
    expect(await changes.next()).toEqual({ current: 1, accepted: [2], revoked: [] });
    t.clock.advance(HOUR);
    expect(await changes.next()).toEqual({ current: 2, accepted: [1], revoked: [] });
    t.clock.advance(2 * DAY);
    expect(await changes.next()).toEqual({ current: 2, accepted: [], revoked: [] });
    await t.keys.list();
    expect(await t.names()).toEqual(['2.json']);
  });

  test('happens once where several processes watch', async () => {
    const t = await testFolder();
    await t.keys.create();
    const nodes = [t.keys, t.open(), t.open()];
    await Promise.all(nodes.map((node) => node.load()));
    const all = nodes.map((node) => changesOf(node, t.clock));

    t.clock.advance(30 * DAY - HOUR);

    for (const changes of all) {
      expect(await changes.next()).toEqual({ current: 1, accepted: [2], revoked: [] });
    }
    await Promise.all(nodes.map((node) => node.list()));
    expect(await t.names()).toEqual(['1.json', '2.json']);
  });

  test('waits for somebody to ask for it where none is scheduled', async () => {
    const t = await testFolder({ scheduled: false });
    await t.keys.create();
    await t.keys.load();
    const changes = changesOf(t.keys, t.clock);
    t.clock.advance(90 * DAY);
    t.clock.advance(2_000);
    await t.keys.list();
    expect(await t.names()).toEqual(['1.json']);

    await t.keys.rotate();

    expect(await changes.next()).toEqual({ current: 1, accepted: [2], revoked: [] });
  });

  test('is refused by a policy that cannot be', () => {
    const policy = { rotateEveryMs: DAY, overlapMs: DAY, announceMs: HOUR };
    expect(() => openKeyFolder({ path: 'keys', clock: { now: () => T0 } as never, policy })).toThrow(
      expect.objectContaining({ code: 'RTA_TOKEN_ROTATION' }),
    );
  });
});

describe('a retired key', () => {
  test('is accepted no more, from now on', async () => {
    const t = await testFolder();
    await t.keys.create();
    await t.keys.rotate({ now: true });

    await t.keys.retire(1);

    expect(idsOf(await t.keys.load())).toEqual({ current: 2, accepted: [], revoked: [] });
    expect((await t.keys.list()).keys.map(({ keyId, state }) => [keyId, state])).toEqual([
      [1, 'retired'],
      [2, 'current'],
    ]);
  });

  test('is not the one that signs, nor one that is not there', async () => {
    const t = await testFolder();
    await t.keys.create();

    await expect(t.keys.retire(1)).rejects.toEqual(code('RTA_KEYS_FILE_CURRENT'));
    await expect(t.keys.retire(2)).rejects.toEqual(code('RTA_KEYS_FILE_UNKNOWN'));
  });

  test('does not give its id away where it had the highest [T-3.1]', async () => {
    const t = await testFolder();
    await t.keys.create();
    await t.keys.rotate();
    await t.keys.retire(2);

    expect(await t.keys.rotate()).toMatchObject({ keyId: 3 });
  });
});

describe('a revoked key', () => {
  test('is gone, and another one signs from the same moment [T-6.4]', async () => {
    const t = await testFolder();
    await t.keys.create();

    const outcome = await t.keys.revoke(1, { reason: 'backup was stolen' });

    expect(outcome).toEqual({ keyId: 1, wasRevoked: false, successor: 2 });
    expect(await t.names()).toEqual(['1.revoked.json', '2.json']);
    expect(await t.read('1.revoked.json')).toEqual({
      keyId: 1,
      revokedAtMs: T0,
      reason: 'backup was stolen',
    });
    expect(idsOf(await t.keys.load())).toEqual({ current: 2, accepted: [], revoked: [1] });
    expect((await t.keys.list()).keys[0]).toEqual({
      keyId: 1,
      state: 'revoked',
      revokedAtMs: T0,
      reason: 'backup was stolen',
    });
  });

  test('is followed by the key that is announced, which every node accepts already', async () => {
    const t = await testFolder();
    await t.keys.create();
    await t.keys.rotate();

    expect(await t.keys.revoke(1, { reason: 'r' })).toMatchObject({ successor: 2 });
    expect(idsOf(await t.keys.load())).toEqual({ current: 2, accepted: [], revoked: [1] });
  });

  test('is followed by a new key, not by one that signed before it', async () => {
    const t = await testFolder();
    await t.keys.create();
    await t.keys.rotate({ now: true });

    expect(await t.keys.revoke(2, { reason: 'r' })).toMatchObject({ successor: 3 });
    expect(idsOf(await t.keys.load())).toEqual({ current: 3, accepted: [1], revoked: [2] });
  });

  test('leaves the key that signs alone where it is another one', async () => {
    const t = await testFolder();
    await t.keys.create();
    await t.keys.rotate({ now: true });

    expect(await t.keys.revoke(1, { reason: 'r' })).toEqual({
      keyId: 1,
      wasRevoked: false,
      successor: undefined,
    });
    expect(idsOf(await t.keys.load())).toEqual({ current: 2, accepted: [], revoked: [1] });
  });

  test('is told of where the folder is watched, also by another process [T-6.4]', async () => {
    const t = await testFolder();
    await t.keys.create();
    const node = t.open();
    await node.load();
    const changes = changesOf(node, t.clock);

    await t.keys.revoke(1, { reason: 'r' });

    expect(await changes.next()).toEqual({ current: 2, accepted: [], revoked: [1] });
  });

  test('can be revoked again, which removes what came back of it', async () => {
    const t = await testFolder();
    await t.keys.create();
    await t.keys.revoke(1, { reason: 'first' });
    await t.write('1.json', hmacFile(1));

    expect(await t.keys.revoke(1, { reason: 'second' })).toMatchObject({ wasRevoked: true });

    expect(await t.names()).toEqual(['1.revoked.json', '2.json']);
    expect(await t.read('1.revoked.json')).toMatchObject({ reason: 'first' });
  });

  test('is one that the folder knows', async () => {
    const t = await testFolder();
    await t.keys.create();

    await expect(t.keys.revoke(3, { reason: 'r' })).rejects.toEqual(code('RTA_KEYS_FILE_UNKNOWN'));
    await expect(t.keys.revoke(1, { reason: 'x'.repeat(513) })).rejects.toThrow(RangeError);
    expect(await t.names()).toEqual(['1.json']);
  });
});

test('a folder that was closed is not used any more', async () => {
  const t = await testFolder();
  await t.keys.create();
  await t.keys.load();
  t.keys.watch(() => undefined);
  await t.keys.close();
  await t.keys.close();

  await expect(t.keys.load()).rejects.toEqual(code('RTA_KEYS_FILE_CLOSED'));
  expect(() => t.keys.watch(() => undefined)).toThrow(code('RTA_KEYS_FILE_CLOSED'));
  expect(t.clock.pendingTimers).toBe(0);
});
