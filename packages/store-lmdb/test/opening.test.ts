import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { open } from 'lmdb';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openLmdbStore } from '../src/index.ts';

let folder = '';
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'rta-store-lmdb-')), 'store');
});
afterEach(() => rm(dirname(folder), { recursive: true }));

/** A process that has the store open until it is killed. */
async function holdElsewhere(): Promise<{ kill(): Promise<void> }> {
  const holder = fileURLToPath(new URL('holder.ts', import.meta.url));
  const child = spawn(process.execPath, ['--conditions=rta-source', holder, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(createInterface({ input: child.stdout }), 'line');
  return {
    async kill() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

describe('one store at a time', () => {
  test('a store that is open in this process is not opened again until it is closed', async () => {
    const first = await openLmdbStore({ path: folder });
    await expect(openLmdbStore({ path: folder })).rejects.toMatchObject({ code: 'RTA_LMDB_LOCKED' });
    await first.sessions.put('k', { v: 1 });
    await first.close();
    await using second = await openLmdbStore({ path: folder });
    expect(await second.sessions.get('k')).toEqual({ v: 1 });
  });

  test('a store that another process has open is not opened, and one whose process was killed is', async () => {
    const holder = await holdElsewhere();
    try {
      await expect(openLmdbStore({ path: folder })).rejects.toMatchObject({ code: 'RTA_LMDB_LOCKED' });
      await expect(openLmdbStore({ path: folder })).rejects.toMatchObject({ code: 'RTA_LMDB_LOCKED' });
    } finally {
      await holder.kill();
    }
    await using store = await openLmdbStore({ path: folder });
    expect(await store.sessions.get('held')).toEqual({ by: 'another process' });
  });
});

describe('the folder', () => {
  test.skipIf(process.platform === 'win32')('and its files are for their owner only', async () => {
    await using _store = await openLmdbStore({ path: folder });
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect((await stat(join(folder, 'store.mdb'))).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, 'store.mdb-lock'))).mode & 0o777).toBe(0o600);
  });

  test.skipIf(process.platform === 'win32').each([
    ['the folder', '.', 0o750],
    ['the file', 'store.mdb', 0o604],
    ['the table of readers', 'store.mdb-lock', 0o660],
  ])('is refused where others can use %s', async (_what, name, mode) => {
    await (await openLmdbStore({ path: folder })).close();
    await chmod(join(folder, name), mode);
    await expect(openLmdbStore({ path: folder })).rejects.toMatchObject({ code: 'RTA_LMDB_EXPOSED' });
  });
});

describe('a file', () => {
  test.each([
    ['of noise', (file: string) => writeFile(file, Buffer.alloc(50_000, 'noise'))],
    ['of zeros', (file: string) => truncate(file, 0).then(() => truncate(file, 50_000))],
    ['of a few bytes', (file: string) => truncate(file, 100)],
    ['that was cut in its first pages', (file: string) => truncate(file, 8_192)],
    [
      'that was cut in its middle',
      async (file: string) => truncate(file, Math.floor((await stat(file)).size * 0.7)),
    ],
  ])('%s is refused as damaged', async (_what, damage) => {
    const store = await openLmdbStore({ path: folder });
    const putting = Array.from({ length: 1_000 }, (_, index) =>
      store.sessions.put(`k-${index}`, { text: 'x'.repeat(300) }),
    );
    await Promise.all(putting);
    await store.close();
    await damage(join(folder, 'store.mdb'));
    await expect(openLmdbStore({ path: folder })).rejects.toMatchObject({ code: 'RTA_STORE_MALFORMED' });
  });

  test.each([
    ['that a later version wrote', 'schema', 'version', '2', 'RTA_LMDB_SCHEMA'],
    ['in which somebody else keeps something', 'theirs', 'k', 'v', 'RTA_LMDB_SCHEMA'],
    ['of which the audit log lost its end', 'schema', 'audit-last', '3', 'RTA_STORE_MALFORMED'],
  ])('%s is refused', async (_what, database, key, value, code) => {
    if (database === 'schema') await (await openLmdbStore({ path: folder })).close();
    const root = open({
      path: join(folder, 'store.mdb'),
      noSubdir: true,
      encoding: 'string',
      keyEncoding: 'binary',
      overlappingSync: false,
    });
    await root.openDB(database, { encoding: 'string', keyEncoding: 'binary' }).put(Buffer.from(key), value);
    await root.close();
    if (database !== 'schema') {
      await chmod(folder, 0o700);
      await chmod(join(folder, 'store.mdb'), 0o600);
      await chmod(join(folder, 'store.mdb-lock'), 0o600);
    }
    await expect(openLmdbStore({ path: folder })).rejects.toMatchObject({ code });
  });
});

test.each([0, -1, 1.5, Number.NaN])('a limit of %s is refused', async (storeBytes) => {
  await expect(openLmdbStore({ path: folder, limits: { storeBytes } })).rejects.toBeInstanceOf(RangeError);
});
