import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** What was fetched for this user's tests, whatever checkout they run in. */
function cacheFolder(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'realtimeauth', 'services');
}

/**
 * A folder of the cache, filled at most once. It is filled beside and put in its place in one step: one that exists is
 * complete, and who comes second at the same time finds it there.
 *
 * @param fill - fills the empty folder that it is given.
 * @throws what `fill` throws; then nothing is kept.
 */
export async function cached(name: string, fill: (folder: string) => Promise<void>): Promise<string> {
  const cache = cacheFolder();
  const folder = join(cache, name);
  if (existsSync(folder)) return folder;
  await mkdir(cache, { recursive: true });
  const unfinished = await mkdtemp(join(cache, 'unfinished-'));
  try {
    await fill(unfinished);
    await rename(unfinished, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return folder;
}
