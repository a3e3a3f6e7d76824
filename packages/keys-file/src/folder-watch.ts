import { type FSWatcher, watch } from 'node:fs';
import type { Clock, Timer } from '@rta/core';
import { KEYS_FILE_LIMITS } from './limits.ts';

/**
 * Reads a folder anew when a folder changed and has been quiet for a moment, and every two seconds whatever the file system
 * tells: notifications get lost, a folder that was replaced tells of nothing (so the watch is set up anew each time),
 * and keys begin and end with the time.
 *
 * @param refresh - reads it; never rejects. The next check waits for it.
 * @returns stops it.
 */
export function watchFolder(path: string, clock: Clock, refresh: () => Promise<void>): () => void {
  let settling: Timer | undefined;
  let rechecking: Timer | undefined;
  let watcher: FSWatcher | undefined;
  let stopped = false;

  const settle = (): void => {
    if (stopped) return;
    settling?.cancel();
    settling = clock.after(KEYS_FILE_LIMITS.settleMs, () => void refresh());
  };
  const watchAnew = (): void => {
    watcher?.close();
    watcher = undefined;
    try {
      watcher = watch(path, { persistent: false }, settle);
      watcher.on('error', settle);
    } catch {
      // It is tried again at the next check; until then checks alone find changes.
    }
  };
  const checkLater = (): void => {
    if (stopped) return;
    rechecking = clock.after(KEYS_FILE_LIMITS.recheckMs, () => {
      watchAnew();
      void refresh().then(checkLater);
    });
  };
  watchAnew();
  checkLater();

  return () => {
    stopped = true;
    settling?.cancel();
    rechecking?.cancel();
    watcher?.close();
  };
}
