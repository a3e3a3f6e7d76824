import { storeError } from './errors.ts';
import { createExpiryIndex } from './expiry-index.ts';
import { checkKey } from './key.ts';
import type { StoreLimits } from './limits.ts';
import { decodeRecord, type EncodedRecord, encodeRecord } from './record-text.ts';
import type { Records } from './store.ts';

/** Records by key as they shall be; undefined deletes. */
export type Replacements = ReadonlyMap<string, EncodedRecord | undefined>;

/** A collection in memory, of which several can be written at once. */
export interface MemoryRecords extends Records {
  /**
   * Finds out whether all of these have room.
   *
   * @returns writes them; cannot fail, as long as nothing else was written meanwhile.
   * @throws RtaError `RTA_STORE_FULL`
   */
  prepare(replacements: Replacements): () => void;
}

/** A collection of records in memory, kept as JSON text. */
export function createMemoryRecords(options: {
  readonly now: () => number;
  readonly checkOpen: () => void;
  readonly limits: StoreLimits;
}): MemoryRecords {
  const { now, checkOpen, limits } = options;
  const kept = new Map<string, EncodedRecord>();
  const expiries = createExpiryIndex();
  let bytesKept = 0;

  const remove = (key: string): void => {
    bytesKept -= kept.get(key)?.bytes ?? 0;
    kept.delete(key);
    expiries.delete(key);
  };

  const keep = (key: string, record: EncodedRecord): void => {
    remove(key);
    kept.set(key, record);
    bytesKept += record.bytes;
    if (record.expiresAtMs !== undefined) expiries.set(key, record.expiresAtMs);
  };

  const sweep = (nowMs: number): void => {
    for (let count = 0; count < limits.sweepCount; count++) {
      const key = expiries.takeExpired(nowMs);
      if (key === undefined) return;
      remove(key);
    }
  };

  const read = (key: string): EncodedRecord | undefined => {
    const record = kept.get(key);
    return record?.expiresAtMs !== undefined && record.expiresAtMs < now() ? undefined : record;
  };

  const prepare = (replacements: Replacements): (() => void) => {
    sweep(now());
    let count = kept.size;
    let bytes = bytesKept;
    for (const [key, record] of replacements) {
      const before = kept.get(key);
      count += (record === undefined ? 0 : 1) - (before === undefined ? 0 : 1);
      bytes += (record?.bytes ?? 0) - (before?.bytes ?? 0);
    }
    if (count > limits.recordCount || bytes > limits.recordsBytes) {
      throw storeError('RTA_STORE_FULL', 'no room for another record', {
        details: { records: kept.size, bytes: bytesKept },
      });
    }
    return () => {
      for (const [key, record] of replacements) {
        if (record === undefined) remove(key);
        else keep(key, record);
      }
    };
  };

  return {
    prepare,
    async put(key, record, { expiresAtMs } = {}) {
      checkOpen();
      checkKey(key, limits);
      const encoded = encodeRecord({ record, ...(expiresAtMs === undefined ? {} : { expiresAtMs }) }, limits);
      prepare(new Map([[key, encoded]]))();
    },
    async get(key) {
      checkOpen();
      const record = read(key);
      return record === undefined ? undefined : decodeRecord(record.text);
    },
    async update(key, change) {
      checkOpen();
      checkKey(key, limits);
      for (let attempt = 0; attempt < limits.updateAttempts; attempt++) {
        const before = read(key);
        const given = before === undefined ? undefined : decodeRecord(before.text);
        const next = change(given);
        // Nobody else has a turn meanwhile, but `change` itself may have written.
        if (read(key) !== before) continue;
        if (next !== undefined && before !== undefined && next.record === given) {
          return decodeRecord(before.text);
        }
        const after = next === undefined ? undefined : encodeRecord(next, limits);
        prepare(new Map([[key, after]]))();
        return after === undefined ? undefined : decodeRecord(after.text);
      }
      throw storeError('RTA_STORE_CONFLICT', undefined, { details: { attempts: limits.updateAttempts } });
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
        if (record !== undefined) yield [key, decodeRecord(record.text)] as const;
      }
    },
  };
}
