import { inSingleUse, nextTurn, type StoreFault } from './store-fault.ts';

/** Stores with broken single-use keys, and the check that catches each. */
export const SINGLE_USE_FAULTS: readonly StoreFault[] = [
  ['lets everyone have a key', 'a key can be claimed once', inSingleUse(() => ({ claim: async () => true }))],
  [
    'looks first and takes later',
    'of many that claim a key at once exactly one has it',
    inSingleUse((inner) => ({
      async claim(key, expiresAtMs) {
        if (await inner.has(key)) return false;
        await nextTurn();
        await inner.claim(key, expiresAtMs);
        return true;
      },
    })),
  ],
  [
    'takes a key that somebody looks at',
    'to look at a key does not take it',
    inSingleUse((inner, clock) => ({ has: async (key) => !(await inner.claim(key, clock.now() + 100)) })),
  ],
  [
    'forgets a key early',
    'a key stays taken until it expires, whatever else is claimed',
    inSingleUse((inner, clock) => ({
      claim: (key, expiresAtMs) => inner.claim(key, Math.min(expiresAtMs, clock.now() + 80)),
    })),
  ],
  [
    'forgets the oldest key to make room',
    'a full store refuses a single-use key with RTA_STORE_FULL and forgets none',
    inSingleUse(() => {
      let taken: string[] = [];
      return {
        async claim(key) {
          if (taken.includes(key)) return false;
          taken = [...taken, key].slice(-4);
          return true;
        },
        has: async (key) => taken.includes(key),
      };
    }),
  ],
  [
    'never forgets a key',
    'a key is free again after it has expired, though a claim failed meanwhile',
    inSingleUse((inner, clock) => ({ claim: (key) => inner.claim(key, clock.now() + 1_000_000) })),
  ],
  [
    'lets a failed claim make the key live longer',
    'a key is free again after it has expired, though a claim failed meanwhile',
    inSingleUse((_inner, clock) => {
      const taken = new Map<string, number>();
      const isTaken = (key: string): boolean => (taken.get(key) ?? 0) >= clock.now();
      return {
        async claim(key, expiresAtMs) {
          const free = !isTaken(key);
          taken.set(key, expiresAtMs);
          return free;
        },
        has: async (key) => isTaken(key),
      };
    }),
  ],
  [
    'takes keys for the same that are not',
    'keys differ by every character',
    inSingleUse((inner) => ({
      claim: (key, expiresAtMs) => inner.claim(key.trim().normalize('NFC'), expiresAtMs),
    })),
  ],
  [
    'takes a key until no time at all',
    'a claim until no time at all is refused as a RangeError',
    inSingleUse((inner) => ({
      claim: (key, expiresAtMs) => inner.claim(key, Number.isFinite(expiresAtMs) ? expiresAtMs : 0),
    })),
  ],
];
