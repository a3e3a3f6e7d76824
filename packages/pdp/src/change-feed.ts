import type { PdpChange } from './policy-decision-point.ts';

/** Those who watch a PDP; adapters build `watch` on it. */
export interface ChangeFeed {
  /** Tells of changes until the handle, or the feed, is closed. */
  watch(onChange: (change: PdpChange) => void): { close(): void };
  /**
   * Tells everyone who watches, in the order in which they came. One who throws keeps nobody else from hearing it:
   * the error surfaces in a microtask of its own, as an uncaught exception of the program that it belongs to.
   */
  emit(change: PdpChange): void;
  /** Tells nobody any more. */
  close(): void;
}

/** Makes a feed that nobody watches yet. */
export function createChangeFeed(): ChangeFeed {
  const watchers = new Set<{ readonly onChange: (change: PdpChange) => void }>();
  let closed = false;

  return {
    watch(onChange) {
      const watcher = { onChange };
      if (!closed) watchers.add(watcher);
      return { close: () => void watchers.delete(watcher) };
    },
    emit(change) {
      // Those who watch now: one may close another meanwhile, or begin to watch.
      for (const watcher of Array.from(watchers)) {
        if (!watchers.has(watcher)) continue;
        try {
          watcher.onChange(change);
        } catch (error) {
          queueMicrotask(() => {
            throw error;
          });
        }
      }
    },
    close() {
      closed = true;
      watchers.clear();
    },
  };
}
