import type { Clock } from '@rta/core';
import { storeError } from '@rta/store';
import type { RedisStoreLimits } from './limits.ts';

/** Does things one after another where they have the same key. */
export interface Turns {
  /**
   * Does it when those before have come to their end, however they did.
   *
   * @throws RtaError `RTA_STORE_UNAVAILABLE` where `callCount` wait already, or its turn comes after
   *   `commandTimeoutMs`; and what `task` throws.
   */
  take<Value>(key: string, task: () => Promise<Value>): Promise<Value>;
}

/** Makes turns; a key that nobody waits for takes no room. */
export function createTurns(
  clock: Pick<Clock, 'monotonicMs'>,
  limits: Pick<RedisStoreLimits, 'callCount' | 'commandTimeoutMs'>,
): Turns {
  const last = new Map<string, Promise<unknown>>();
  let waiting = 0;
  return {
    async take(key, task) {
      if (waiting >= limits.callCount) {
        throw storeError('RTA_STORE_UNAVAILABLE', 'too many updates at once', { details: { waiting } });
      }
      waiting++;
      const sinceMs = clock.monotonicMs();
      const inTime = (): ReturnType<typeof task> => {
        // Those before it have waited for Redis in vain, most likely; all who come after shall not do so in turn.
        if (clock.monotonicMs() - sinceMs > limits.commandTimeoutMs) {
          throw storeError('RTA_STORE_UNAVAILABLE', 'updates of this record take too long');
        }
        return task();
      };
      const before = last.get(key);
      const taken = before === undefined ? task() : before.then(inTime, inTime);
      last.set(key, taken);
      try {
        return await taken;
      } finally {
        waiting--;
        if (last.get(key) === taken) last.delete(key);
      }
    },
  };
}
