import { execFile } from 'node:child_process';
import { chmod, mkdir, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isRtaError } from '@rta/core';
import { createKeyRing } from '@rta/token';
import { describe, expect, test } from 'vitest';
import { checkPrivate } from '../src/private-access.ts';
import { changesOf, DAY, hmacFile, idsOf, T0, type TestFolder, testFolder } from './folder-fixture.ts';

const SECRET = Buffer.alloc(32, 9).toString('base64url');
const edFile = (keyId: number, seed = SECRET, changes: object = {}) => {
  const { secret: _, ...rest } = hmacFile(keyId);
  return { ...rest, suite: 'ed25519', seed, ...changes };
};

async function failureOf(attempt: Promise<unknown>): Promise<{ code: string; message: string }> {
  try {
    await attempt;
  } catch (error) {
    if (isRtaError(error)) return { code: error.code, message: error.message };
    throw error;
  }
  return { code: 'none', message: '' };
}

/** A folder with key 1. */
async function soundFolder(options: Parameters<typeof testFolder>[0] = {}): Promise<TestFolder> {
  const t = await testFolder(options);
  await t.keys.create();
  return t;
}

describe('a folder that others can get at is not used', () => {
  test.each([0o750, 0o705, 0o770, 0o711])('with mode %o', async (mode) => {
    const t = await soundFolder();
    await chmod(t.path, mode);

    const { code, message } = await failureOf(t.keys.load());

    expect(code).toBe('RTA_KEYS_FILE_ACCESS');
    expect(message).toContain(`chmod 700 '${t.path}'`);
  });

  test('as a link to another one', async () => {
    const t = await soundFolder();
    await rename(t.path, `${t.path}-real`);
    await symlink(`${t.path}-real`, t.path);

    expect(await failureOf(t.keys.load())).toMatchObject({ code: 'RTA_KEYS_FILE_ACCESS' });
    expect(await failureOf(t.keys.rotate())).toMatchObject({ code: 'RTA_KEYS_FILE_ACCESS' });
  });
});

describe('a file that others can get at is not used', () => {
  test.each([0o640, 0o604, 0o620, 0o660, 0o601])('with mode %o', async (mode) => {
    const t = await soundFolder();
    await chmod(join(t.path, '1.json'), mode);

    const { code, message } = await failureOf(t.keys.load());

    expect(code).toBe('RTA_KEYS_FILE_ACCESS');
    expect(message).toContain(`chmod 600 '${t.path}/1.json'`);
  });

  test('as a link, wherever it leads', async () => {
    const t = await soundFolder();
    await symlink(join(t.path, '1.json'), join(t.path, '2.json'));

    expect(await failureOf(t.keys.load())).toMatchObject({ code: 'RTA_KEYS_FILE_ACCESS' });
  });

  test('as a folder', async () => {
    const t = await soundFolder();
    await mkdir(join(t.path, '2.json'), { mode: 0o700 });

    expect(await failureOf(t.keys.load())).toMatchObject({ code: 'RTA_KEYS_FILE_ACCESS' });
  });

  test('as a pipe, which is not waited for', async () => {
    const t = await soundFolder();
    await promisify(execFile)('mkfifo', ['-m', '600', join(t.path, '2.json')]);

    expect(await failureOf(t.keys.load())).toMatchObject({ code: 'RTA_KEYS_FILE_ACCESS' });
  });

  test.each([
    ['of another owner', 1000, 'RTA_KEYS_FILE_ACCESS', "chown 7 'it'\\''s.json'"],
    ['of its own', 7, 'none', ''],
    ['of any owner on a platform without owners', undefined, 'none', ''],
  ])('%s', async (_, owner, code, remedy) => {
    const facts = {
      mode: 0o100_600,
      uid: owner ?? 0,
      isDirectory: () => false,
      isFile: () => true,
      isSymbolicLink: () => false,
    };
    const failure = await failureOf(
      (async () => checkPrivate("it's.json", 'file', facts, owner === undefined ? undefined : 7))(),
    );
    expect(failure.code).toBe(code);
    expect(failure.message).toContain(remedy);
  });
});

describe('a file that is not a key is not used, and not shown', () => {
  test.each([
    ['half written', JSON.stringify(hmacFile(2)).slice(0, -20)],
    ['empty', ''],
    ['a list', '[]'],
    ['with the id of another key', hmacFile(3)],
    ['with an id that is no number', hmacFile(2, 2, { keyId: '2' })],
    ['with a member that is not known', hmacFile(2, 2, { note: SECRET })],
    ['without a time', hmacFile(2, 2, { activeFromMs: undefined })],
    ['with a time that is none', hmacFile(2, 2, { retireAtMs: -1 })],
    ['of a suite that is not known', hmacFile(2, 2, { suite: 'none' })],
    ['of suite ed25519 with the secret of the other suite', hmacFile(2, 2, { suite: 'ed25519' })],
    ['of suite hmac-sha256 with the seed of the other suite', edFile(2, SECRET, { suite: 'hmac-sha256' })],
    ['with secrets of both suites', edFile(2, SECRET, { secret: SECRET })],
    ['with 31 bytes', hmacFile(2, 2, { secret: Buffer.alloc(31, 9).toString('base64url') })],
    ['with a seed of 33 bytes', edFile(2, Buffer.alloc(33, 9).toString('base64url'))],
    ['with nothing but zeros', hmacFile(2, 0)],
    ['with a secret in base64', hmacFile(2, 2, { secret: `${SECRET}=` })],
    ['too large', { ...hmacFile(2), reason: 'x'.repeat(5_000) }],
  ])('%s', async (_, content) => {
    const t = await soundFolder();
    await t.write('2.json', content);

    const { code, message } = await failureOf(t.keys.load());

    expect(code).toBe('RTA_KEYS_FILE_MALFORMED');
    expect(message).toContain('2.json');
    expect(message).not.toContain(SECRET.slice(0, 8));
  });

  test.each(['02.json', '4294967296.json', 'key.json', '1.JSON', '1.revoked.revoked.json', '-1.json'])(
    'named %s',
    async (name) => {
      const t = await soundFolder();
      await t.write(name, hmacFile(2));

      expect(await failureOf(t.keys.load())).toMatchObject({ code: 'RTA_KEYS_FILE_MALFORMED' });
    },
  );

  test('but files that nobody takes for keys are left alone', async () => {
    const t = await soundFolder();
    await t.write('README', 'of the operator');
    await t.write('.0123.tmp', JSON.stringify(hmacFile(2)));
    await t.write('.2.json', JSON.stringify(hmacFile(2)));

    expect(idsOf(await t.keys.load())).toEqual({ current: 1, accepted: [], revoked: [] });
  });

  test('nor is a folder with more files than it may have', async () => {
    const t = await soundFolder();
    await Promise.all(Array.from({ length: 1_024 }, (_, index) => t.write(`note-${index}`, '')));

    expect(await failureOf(t.keys.load())).toMatchObject({ code: 'RTA_KEYS_FILE_LIMIT' });
  });

  test('nor are nine keys that are all accepted', async () => {
    const t = await soundFolder();
    for (const keyId of [2, 3, 4, 5, 6, 7, 8]) await t.write(`${keyId}.json`, hmacFile(keyId));
    expect(idsOf(await t.keys.load())).toMatchObject({ current: 1 });
    await t.write('9.json', hmacFile(9));

    expect(await failureOf(t.keys.load())).toMatchObject({ code: 'RTA_KEYS_FILE_LIMIT' });
  });
});

describe('one secret is one key', () => {
  test.each([
    ['in one suite', hmacFile(3, 2)],
    ['in two suites', edFile(3, Buffer.alloc(32, 2).toString('base64url'))],
  ])('and not two under two ids, %s [T-3.1]', async (_, content) => {
    const t = await soundFolder();
    await t.write('2.json', hmacFile(2));
    await t.write('3.json', content);

    expect(await failureOf(t.keys.load())).toMatchObject({ code: 'RTA_KEYS_FILE_REUSED' });
  });

  test('and does not come back under another id after it was revoked [T-6.4]', async () => {
    const t = await soundFolder();
    await t.write('2.json', hmacFile(2));
    await t.keys.load();
    await t.keys.revoke(2, { reason: 'r' });
    await t.write('3.json', hmacFile(3, 2));

    expect(await failureOf(t.keys.load())).toMatchObject({ code: 'RTA_KEYS_FILE_REUSED' });
  });
});

describe('while a folder is watched', () => {
  test('a broken file is told of once, and the keys stay as they were', async () => {
    const t = await soundFolder();
    await t.keys.load();
    const changes = changesOf(t.keys, t.clock);
    await t.write('2.json', '{"keyId":2,');
    expect(await changes.next()).toEqual({ fault: 'RTA_KEYS_FILE_MALFORMED' });
    for (let checks = 0; checks < 3; checks++) {
      t.clock.advance(2_000);
      await t.keys.list();
    }

    await t.write('2.json', hmacFile(2, 2, { activeFromMs: T0 + DAY }));

    expect(await changes.next()).toEqual({ current: 1, accepted: [2], revoked: [] });
  });

  test.each([
    ['a broken file stands beside it', (t: TestFolder) => t.write('3.json', '{')],
    ['the folder is open to others', (t: TestFolder) => chmod(t.path, 0o755)],
    ['a key was exchanged', (t: TestFolder) => t.write('1.json', hmacFile(1, 99))],
    ['what it says is broken', (t: TestFolder) => t.write('2.revoked.json', '{')],
  ])('a revocation takes effect also where %s [T-6.6]', async (_, breakFolder) => {
    const t = await soundFolder();
    await t.write('2.json', hmacFile(2));
    await t.keys.load();
    const changes = changesOf(t.keys, t.clock);
    await t.write('2.revoked.json', '');
    await breakFolder(t);

    expect(await changes.next()).toEqual({ current: 1, accepted: [], revoked: [2] });
  });

  test('a key that was revoked does not come back with its file, nor when the revocation is gone [T-6.4]', async () => {
    const t = await soundFolder();
    await t.write('2.json', hmacFile(2));
    await t.keys.load();
    await t.keys.revoke(2, { reason: 'r' });
    await t.write('2.json', hmacFile(2));
    expect(idsOf(await t.keys.load())).toEqual({ current: 1, accepted: [], revoked: [2] });
    expect(idsOf(await t.open().load())).toEqual({ current: 1, accepted: [], revoked: [2] });

    await rm(join(t.path, '2.revoked.json'));

    expect(idsOf(await t.keys.load())).toEqual({ current: 1, accepted: [], revoked: [2] });
  });

  test('a key whose file says another secret is not taken [T-3.1]', async () => {
    const t = await soundFolder();
    await t.keys.load();
    const changes = changesOf(t.keys, t.clock);
    await t.write('1.json', hmacFile(1, 77));

    expect(await changes.next()).toEqual({ fault: 'RTA_KEYS_FILE_REUSED' });
  });

  test.each([
    ['vanishes', (t: TestFolder) => rm(t.path, { recursive: true }), 'RTA_KEYS_FILE_FOLDER'],
    [
      'is empty, as where nothing is mounted',
      (t: TestFolder) => rm(join(t.path, '1.json')),
      'RTA_KEYS_FILE_EMPTY',
    ],
  ])('a folder that %s leaves the keys in force, and gets no new ones', async (_, remove, code) => {
    const t = await soundFolder();
    const { current } = await t.keys.load();
    const changes = changesOf(t.keys, t.clock);
    await remove(t);
    expect(await changes.next()).toEqual({ fault: code });

    await mkdir(t.path, { recursive: true, mode: 0o700 });
    t.clock.advance(2_000);
    await t.keys.list();
    expect(await t.names()).toEqual([]);
    await t.write('2.json', hmacFile(2));

    expect(current.keyId).toBe(1);
    let told = await changes.next();
    while ('fault' in told) told = await changes.next();
    expect(told).toEqual({ current: 2, accepted: [], revoked: [] });
  });

  test('the only key can be revoked by the name of a file alone, and a new one is made', async () => {
    const t = await soundFolder();
    await t.keys.load();
    const changes = changesOf(t.keys, t.clock);
    await t.write('1.revoked.json', '', 0o644);

    expect(await changes.next()).toMatchObject({ accepted: [], revoked: [1] });
    expect(await changes.next()).toEqual({ current: 2, accepted: [], revoked: [1] });
  });

  test('the only key is revoked at once also where no other can be made: the process signs with its own', async () => {
    const t = await soundFolder({ scheduled: false });
    const ring = createKeyRing(await t.keys.load());
    await t.write('1.revoked.json', '');

    expect(ring.replace(await t.keys.load())).toEqual([1]);
    expect(ring.keyIds).toEqual([expect.toSatisfy((keyId: number) => keyId >= 0x8000_0000)]);
  });

  test('a key whose file cannot be read can be revoked all the same', async () => {
    const t = await soundFolder();
    await t.write('1.json', '{');

    expect(await t.keys.revoke(1, { reason: 'r' })).toEqual({ keyId: 1, wasRevoked: false, successor: 2 });
    expect(idsOf(await t.keys.load())).toEqual({ current: 2, accepted: [], revoked: [1] });
  });
});
