import { mkdir, open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { lmdbError, translated } from './errors.ts';

/** The file of a store, in its folder. LMDB keeps its table of readers beside it. */
const FILE = 'store.mdb';
const READERS = `${FILE}-lock`;

/** Permissions of the group and of others. Windows has none of this kind. */
const OF_OTHERS = process.platform === 'win32' ? 0 : 0o077;

/**
 * Makes the folder and its files where they are not there, for their owner only, and makes sure that the disk knows of
 * them.
 *
 * @returns path of the file.
 * @throws RtaError `RTA_LMDB_EXPOSED` where others can read or write what is there; `RTA_STORE_UNAVAILABLE`,
 *   `RTA_STORE_FULL`.
 */
export async function prepareFolder(folder: string): Promise<string> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await checkMode(folder);
    for (const name of [FILE, READERS]) {
      const path = join(folder, name);
      await using handle = await open(path, 'a', 0o600);
      await handle.sync();
      await checkMode(path);
    }
    if (process.platform !== 'win32') {
      // The names of the files are in the folder, which is written apart from them.
      await using handle = await open(folder, 'r');
      await handle.sync();
    }
  } catch (error) {
    throw translated(error);
  }
  return join(folder, FILE);
}

async function checkMode(path: string): Promise<void> {
  const { mode } = await stat(path);
  if ((mode & OF_OTHERS) === 0) return;
  throw lmdbError('RTA_LMDB_EXPOSED', undefined, { details: { mode: (mode & 0o777).toString(8) } });
}
