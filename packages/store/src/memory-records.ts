import type { JsonObject } from '@rta/core';
import { storeError } from './errors.ts';
import { createExpiryIndex } from './expiry-index.ts';
import { checkExpiry, checkKey } from './key.ts';
import type { StoreLimits } from './limits.ts';
import type { Records } from './store.ts';

interface Kept {
  /** The record as JSON text: what is kept shares nothing with what is passed in or out. */
  readonly text: string;
  readonly bytes: number;
}

/** A collection of records in memory, kept as JSON text. */
export function createMemoryRecords(options: {
  readonly now: () => number;
  readonly checkOpen: () => void;
  readonly limits: StoreLimits;
}): Records {
  const { now, checkOpen, limits } = options;
  const kept = new Map<string, Kept>();
  const expiries = createExpiryIndex();
  let bytesKept = 0;

  const remove = (key: string): void => {
    bytesKept -= kept.get(key)?.bytes ?? 0;
    kept.delete(key);
    expiries.delete(key);
  };

  const sweep = (nowMs: number): void => {
    for (let count = 0; count < limits.sweepCount; count++) {
      const key = expiries.takeExpired(nowMs);
      if (key === undefined) return;
      remove(key);
    }
  };

  const read = (key: string): JsonObject | undefined => {
    const expiresAtMs = expiries.get(key);
    const record = expiresAtMs !== undefined && expiresAtMs < now() ? undefined : kept.get(key);
    // The text was written by `put` from a record.
    return record === undefined ? undefined : (JSON.parse(record.text) as JsonObject);
  };

  const checkRoom = (key: string, bytes: number): void => {
    const before = kept.get(key);
    const count = kept.size + (before === undefined ? 1 : 0);
    const total = bytesKept + bytes - (before?.bytes ?? 0);
    if (count > limits.recordCount || total > limits.recordsBytes) {
      throw storeError('RTA_STORE_FULL', 'no room for another record', {
        details: { records: kept.size, bytes: bytesKept },
      });
    }
  };

  return {
    async put(key, record, { expiresAtMs } = {}) {
      checkOpen();
      checkKey(key, limits);
      if (expiresAtMs !== undefined) checkExpiry(expiresAtMs);
      const text = JSON.stringify(record);
      const bytes = Buffer.byteLength(text);
      if (bytes > limits.recordBytes) {
        throw storeError('RTA_STORE_TOO_LARGE', `a record has at most ${limits.recordBytes} bytes`, {
          details: { bytes, limit: limits.recordBytes },
        });
      }
      sweep(now());
      checkRoom(key, bytes);
      remove(key);
      kept.set(key, { text, bytes });
      bytesKept += bytes;
      if (expiresAtMs !== undefined) expiries.set(key, expiresAtMs);
    },
    async get(key) {
      checkOpen();
      return read(key);
    },
    async delete(key) {
      checkOpen();
      remove(key);
    },
    async *entries() {
      checkOpen();
      // The keys of this moment: a reader that writes while it reads must come to an end.
      const keys = [...kept.keys()];
      for (const key of keys) {
        checkOpen();
        const record = read(key);
        if (record !== undefined) yield [key, record] as const;
      }
    },
  };
}
