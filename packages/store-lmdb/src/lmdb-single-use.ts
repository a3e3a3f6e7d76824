import { checkExpiry, checkKey, type SingleUseKeys, STORE_LIMITS } from '@rta/store';
import type { Commits } from './commits.ts';
import { canBeKey, decodeExpiring, encodeExpiring, expiryWrites, keyOf } from './layout.ts';

function expiryOf(value: string | undefined): number | undefined {
  return value === undefined ? undefined : decodeExpiring(value).expiresAtMs;
}

/** Single-use keys: one is taken when that is on the disk, and not before. */
export function createLmdbSingleUse(options: {
  readonly commits: Commits;
  readonly now: () => number;
  readonly checkOpen: () => void;
}): SingleUseKeys {
  const { commits, now, checkOpen } = options;
  const database = 'single-use';

  return {
    async claim(portKey, expiresAtMs) {
      checkOpen();
      checkKey(portKey, STORE_LIMITS);
      checkExpiry(expiresAtMs);
      const key = keyOf(portKey);
      const before = expiryOf(commits.expected(database, key));
      if (before !== undefined && before >= now()) {
        // It may be taken by a claim that fails yet; then nobody knows whose it is.
        await commits.settled();
        return false;
      }
      await commits.add([
        { database, key, value: encodeExpiring('', expiresAtMs) },
        ...expiryWrites({ database, key }, before, expiresAtMs),
      ]);
      return true;
    },
    async has(portKey) {
      checkOpen();
      if (!canBeKey(portKey)) return false;
      const expiresAtMs = expiryOf(commits.committed(database, keyOf(portKey)));
      return expiresAtMs !== undefined && expiresAtMs >= now();
    },
  };
}
