import type { Clock } from '@rta/core';
import { checkExpiry, checkKey, type SingleUseKeys, storeError } from '@rta/store';
import type { Ledger } from './ledger.ts';
import type { RedisStoreLimits } from './limits.ts';
import type { KeyNames } from './names.ts';
import { numberOf } from './reply.ts';
import { CLAIM_KEY, READ_KEY } from './scripts/single-use.ts';
import { isWellFormed } from './well-formed.ts';

/** Single-use keys in Redis. A key is never forgotten early: where there is no room, the claim is refused. */
export function createRedisSingleUse(options: {
  readonly ledger: Ledger;
  readonly names: KeyNames;
  readonly clock: Pick<Clock, 'now'>;
  readonly limits: RedisStoreLimits;
}): SingleUseKeys {
  const { ledger, names, clock, limits } = options;
  const keys = [names.singleUse];
  return {
    async claim(key, expiresAtMs) {
      ledger.checkOpen();
      checkKey(key, limits);
      checkExpiry(expiresAtMs);
      const args = [...ledger.sweeping(), limits.singleUseCount, clock.now(), key, expiresAtMs];
      const { status, values } = await ledger.run(CLAIM_KEY, keys, args);
      if (status === 'full') {
        throw storeError('RTA_STORE_FULL', 'no room for another single-use key', {
          details: { limit: limits.singleUseCount },
        });
      }
      return numberOf(values[0]) === 1;
    },
    async has(key) {
      ledger.checkOpen();
      // Nobody can have taken what cannot be a key; UTF-8 would make another key of it.
      if (!isWellFormed(key)) return false;
      const { values } = await ledger.run(READ_KEY, keys, [key]);
      return values[0] !== null && numberOf(values[0]) >= clock.now();
    },
  };
}
