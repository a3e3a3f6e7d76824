import type { Clock, Timer } from '@rta/core';
import type { CedarSource } from './cedar-source.ts';
import { PDP_CEDAR_LIMITS } from './limits.ts';

/** Loads again when a source changes. */
export interface Reloader {
  /** Loads what the source holds after this call; joins a load that has not begun. @throws what `load` throws */
  reload(): Promise<void>;
  /** Stops watching; a load that runs is not waited for. */
  close(): void;
}

/**
 * Watches a source and loads from it: when it tells of a change and has been quiet for a moment, and every few
 * seconds whatever it tells. Notifications of file systems get lost, and a folder that was replaced tells of nothing;
 * so the watch itself is also set up anew each time.
 *
 * @param load - reads the source and takes what it holds; loads never overlap. What it throws by itself is dropped
 *   here: it reports its own failures.
 */
export function createReloader(source: CedarSource, clock: Clock, load: () => Promise<void>): Reloader {
  let running: Promise<void> = Promise.resolve();
  let waiting: Promise<void> | undefined;
  let settling: Timer | undefined;
  let rechecking: Timer | undefined;
  let watched: { close(): void } | undefined;
  let closed = false;

  const reload = (): Promise<void> => {
    waiting ??= running.then(() => {
      waiting = undefined;
      const loading = load();
      running = loading.catch(() => undefined);
      return loading;
    });
    return waiting;
  };
  const reloadQuietly = (): void => void reload().catch(() => undefined);

  const onChange = (): void => {
    if (closed) return;
    settling?.cancel();
    settling = clock.after(PDP_CEDAR_LIMITS.settleMs, reloadQuietly);
  };
  const watchAnew = (): void => {
    watched?.close();
    watched = undefined;
    try {
      watched = source.watch?.(onChange);
    } catch {
      // It is asked again at the next check; until then checks alone find changes.
    }
  };
  const checkLater = (): void => {
    rechecking = clock.after(PDP_CEDAR_LIMITS.recheckMs, () => {
      watchAnew();
      reloadQuietly();
      checkLater();
    });
  };
  watchAnew();
  if (source.watch !== undefined) checkLater();

  return {
    reload,
    close() {
      closed = true;
      settling?.cancel();
      rechecking?.cancel();
      watched?.close();
    },
  };
}
