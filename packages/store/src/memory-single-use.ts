import { storeError } from './errors.ts';
import { createExpiryIndex } from './expiry-index.ts';
import { checkExpiry, checkKey } from './key.ts';
import type { StoreLimits } from './limits.ts';
import type { SingleUseKeys } from './store.ts';

/**
 * Single-use keys in memory. `claim` looks and takes in one turn of the event loop, which makes it atomic.
 * A key is never forgotten early: where there is no room, the claim is refused.
 */
export function createMemorySingleUse(options: {
  readonly now: () => number;
  readonly checkOpen: () => void;
  readonly limits: StoreLimits;
}): SingleUseKeys {
  const { now, checkOpen, limits } = options;
  const taken = createExpiryIndex();

  const isTaken = (key: string, nowMs: number): boolean => {
    const expiresAtMs = taken.get(key);
    return expiresAtMs !== undefined && expiresAtMs >= nowMs;
  };

  const sweep = (nowMs: number): void => {
    for (let count = 0; count < limits.sweepCount; count++) {
      if (taken.takeExpired(nowMs) === undefined) return;
    }
  };

  return {
    async claim(key, expiresAtMs) {
      checkOpen();
      checkKey(key, limits);
      checkExpiry(expiresAtMs);
      const nowMs = now();
      sweep(nowMs);
      if (isTaken(key, nowMs)) return false;
      if (taken.get(key) === undefined && taken.size >= limits.singleUseCount) {
        throw storeError('RTA_STORE_FULL', 'no room for another single-use key', {
          details: { limit: limits.singleUseCount },
        });
      }
      taken.set(key, expiresAtMs);
      return true;
    },
    async has(key) {
      checkOpen();
      return isTaken(key, now());
    },
  };
}
