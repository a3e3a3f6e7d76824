import type { Clock } from '@rta/core';
import { storeError } from './errors.ts';
import { resolveLimits, type StoreLimits } from './limits.ts';
import { createMemoryAudit } from './memory-audit.ts';
import { createMemoryRecords, type MemoryRecords } from './memory-records.ts';
import { createMemorySingleUse } from './memory-single-use.ts';
import { type EncodedRecord, encodeWrites } from './record-text.ts';
import type { CollectionName, RecordWrite, Store } from './store.ts';

/** Options of {@link createMemoryStore}. */
export interface MemoryStoreOptions {
  /** Says when keys and records expire. */
  readonly clock: Pick<Clock, 'now'>;
  /** Overrides of `STORE_LIMITS`; positive integers. */
  readonly limits?: Partial<StoreLimits>;
}

/**
 * Makes a store that lives in this process, and the reference for adapters. It forgets everything when the process
 * ends: replay keys too, so a server that must survive a restart takes a durable store.
 *
 * @throws RangeError for a limit that is not a positive integer.
 */
export function createMemoryStore({ clock, limits: overrides }: MemoryStoreOptions): Store {
  const limits = resolveLimits(overrides);
  let closed = false;
  const parts = {
    now: () => clock.now(),
    checkOpen: () => {
      if (closed) throw storeError('RTA_STORE_CLOSED');
    },
    limits,
  };
  const collections: Readonly<Record<CollectionName, MemoryRecords>> = {
    sessions: createMemoryRecords(parts),
    subjects: createMemoryRecords(parts),
    approvals: createMemoryRecords(parts),
    changes: createMemoryRecords(parts),
    cursors: createMemoryRecords(parts),
    streams: createMemoryRecords(parts),
    outbox: createMemoryRecords(parts),
  };

  const write = async (writes: readonly RecordWrite[]): Promise<void> => {
    parts.checkOpen();
    const replacements = new Map<CollectionName, Map<string, EncodedRecord | undefined>>();
    for (const { collection, key, record } of encodeWrites(writes, limits)) {
      const ofCollection = replacements.get(collection) ?? new Map<string, EncodedRecord | undefined>();
      replacements.set(collection, ofCollection.set(key, record));
    }
    // All of them are found to fit before the first is written.
    const prepared = [...replacements].map(([name, records]) => collections[name].prepare(records));
    for (const apply of prepared) apply();
  };

  const close = async (): Promise<void> => {
    closed = true;
  };

  return {
    features: { durable: false, shared: false },
    ...collections,
    singleUse: createMemorySingleUse(parts),
    audit: createMemoryAudit(parts),
    write,
    close,
    [Symbol.asyncDispose]: close,
  };
}
