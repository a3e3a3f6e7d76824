import { systemClock } from '@rta/core';
import { T0 } from '@rta/histories';
import { createMemoryStore } from '@rta/store';
import { openLmdbStore } from '@rta/store-lmdb';
import { openRedisStore } from '@rta/store-redis';
import type { Place } from './stores-together.ts';

/** Time goes on in histories, and not for their stores: they keep too much rather than too little. */
const clock = { ...systemClock, now: () => T0 };

/** The store in memory, which is not closed when a node ends: only so is there something to come back to. */
export function inMemory(): Place {
  const store = createMemoryStore({ clock });
  return { name: 'memory', open: () => Promise.resolve({ ...store, close: () => Promise.resolve() }) };
}

/** The store in an embedded database. */
export const inLmdb = (path: string): Place => ({
  name: 'LMDB',
  open: () => openLmdbStore({ path, clock }),
});

/** The store in Redis. */
export const inRedis = (url: string): Place => ({
  name: 'Redis',
  // Hundreds of histories take their turns before an answer is looked at.
  open: () => openRedisStore({ url, node: 'node-1', clock, limits: { commandTimeoutMs: 120_000 } }),
});
