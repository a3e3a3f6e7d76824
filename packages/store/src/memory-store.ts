import type { Clock } from '@rta/core';
import { storeError } from './errors.ts';
import { STORE_LIMITS, type StoreLimits } from './limits.ts';
import { createMemoryAudit } from './memory-audit.ts';
import { createMemoryRecords } from './memory-records.ts';
import { createMemorySingleUse } from './memory-single-use.ts';
import type { Store } from './store.ts';

/** Options of {@link createMemoryStore}. */
export interface MemoryStoreOptions {
  /** Says when keys and records expire. */
  readonly clock: Pick<Clock, 'now'>;
  /** Overrides of {@link STORE_LIMITS}; positive integers. */
  readonly limits?: Partial<StoreLimits>;
}

/**
 * Makes a store that lives in this process, and the reference for adapters. It forgets everything when the process
 * ends: replay keys too, so a server that must survive a restart takes a durable store.
 *
 * @throws RangeError for a limit that is not a positive integer.
 */
export function createMemoryStore({ clock, limits: overrides }: MemoryStoreOptions): Store {
  const limits: StoreLimits = { ...STORE_LIMITS, ...overrides };
  for (const [name, value] of Object.entries(limits)) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new RangeError(`limit ${name} must be a positive integer`);
    }
  }
  let closed = false;
  const parts = {
    now: () => clock.now(),
    checkOpen: () => {
      if (closed) throw storeError('RTA_STORE_CLOSED');
    },
    limits,
  };
  const close = async (): Promise<void> => {
    closed = true;
  };
  return {
    features: { durable: false, shared: false },
    sessions: createMemoryRecords(parts),
    subjects: createMemoryRecords(parts),
    singleUse: createMemorySingleUse(parts),
    audit: createMemoryAudit(parts),
    close,
    [Symbol.asyncDispose]: close,
  };
}
