import type { Clock, Timer } from '@rta/core';

/** What is done again and again. */
export interface Upkeep {
  /** Does something `everyMs` after it was done last. */
  regularly(everyMs: number, task: () => Promise<void>): void;
  /** Does nothing more. */
  stop(): void;
}

/** Makes the upkeep; a task that fails is reported, and done again. */
export function createUpkeep(options: { readonly clock: Clock; readonly onFault: () => void }): Upkeep {
  const { clock, onFault } = options;
  const timers = new Set<Timer>();
  let isStopped = false;
  const regularly: Upkeep['regularly'] = (everyMs, task) => {
    const run = async (): Promise<void> => {
      try {
        await task();
      } catch {
        onFault();
      }
      if (!isStopped) regularly(everyMs, task);
    };
    const timer = clock.after(everyMs, () => {
      timers.delete(timer);
      void run();
    });
    timers.add(timer);
  };
  return {
    regularly,
    stop() {
      isStopped = true;
      for (const timer of timers) timer.cancel();
    },
  };
}
