import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Store } from '@rta/store';
import { createFakeClock } from '@rta/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openLmdbStore } from '../src/index.ts';

let folder = '';
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'rta-store-lmdb-')), 'store');
});
afterEach(() => rm(dirname(folder), { recursive: true }));

const LARGE = { text: 'x'.repeat(100_000) };

/** Puts records until there is no room. @returns how many there are. */
async function fill(store: Store, expiresAtMs?: number): Promise<number> {
  for (let count = 0; ; count++) {
    try {
      await store.sessions.put(`k-${count}`, LARGE, expiresAtMs === undefined ? {} : { expiresAtMs });
    } catch (error) {
      expect(error).toMatchObject({ code: 'RTA_STORE_FULL', retryable: true });
      return count;
    }
  }
}

describe('a store that is full', () => {
  test('refuses every kind of write, keeps what it has, and lets go of it', async () => {
    await using store = await openLmdbStore({ path: folder, limits: { storeBytes: 1_000_000 } });
    const count = await fill(store);
    expect(count).toBe(9);
    const refused = [
      store.subjects.update('k', () => ({ record: LARGE })),
      store.write([
        { collection: 'sessions', key: 'k-0', record: undefined },
        { collection: 'changes', key: 'k', record: { text: 'x'.repeat(200_000) } },
      ]),
      store.audit.append([
        { sequence: 1, hash: 'h', line: 'x'.repeat(60_000) },
        { sequence: 2, hash: 'h', line: 'x'.repeat(60_000) },
      ]),
    ];
    for (const call of refused) await expect(call).rejects.toMatchObject({ code: 'RTA_STORE_FULL' });
    for (let index = 0; index < count; index++) expect(await store.sessions.get(`k-${index}`)).toEqual(LARGE);
    expect(await store.audit.last()).toBeUndefined();

    await store.sessions.delete('k-0');
    await store.sessions.put('again', LARGE);
    expect(await store.sessions.get('again')).toEqual(LARGE);
  });

  test('has room again when what it holds has expired', async () => {
    const clock = createFakeClock();
    await using store = await openLmdbStore({ path: folder, clock, limits: { storeBytes: 1_000_000 } });
    await fill(store, clock.now() + 50);
    clock.advance(100);
    // The one that comes too early makes room for the one after it.
    await expect(store.sessions.put('k', LARGE)).rejects.toMatchObject({ code: 'RTA_STORE_FULL' });
    await store.sessions.delete('nothing');
    await store.sessions.put('k', LARGE);
    expect(await store.sessions.get('k')).toEqual(LARGE);
  });

  test('refuses what would wait for the disk beyond its limit', async () => {
    await using store = await openLmdbStore({ path: folder, limits: { pendingBytes: 250_000 } });
    const putting = await Promise.allSettled(['a', 'b', 'c'].map((key) => store.sessions.put(key, LARGE)));
    expect(putting.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    await store.sessions.put('c', LARGE);
    expect(await store.sessions.get('c')).toEqual(LARGE);
  });
});

test.skipIf(process.platform === 'win32')(
  'a disk that is full is RTA_STORE_FULL, and the store goes on when it is not',
  async () => {
    // The shell limits the size of files to 2 MB, and lets writes fail there instead of ending the process.
    const program = fileURLToPath(new URL('full-disk.ts', import.meta.url));
    const child = spawn(
      'sh',
      [
        '-c',
        'trap "" XFSZ; ulimit -f 4096; exec "$0" "$@"',
        process.execPath,
        '--conditions=rta-source',
        program,
        folder,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const [said] = await Promise.all([text(child.stdout), once(child, 'exit')]);
    expect(JSON.parse(said)).toEqual({ code: 'RTA_STORE_FULL', kept: true, again: true });
  },
);
