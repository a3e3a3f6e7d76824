import type { JsonObject } from '@rta/core';
import {
  type CollectionName,
  checkKey,
  decodeRecord,
  type EncodedRecord,
  encodeRecord,
  type Records,
  STORE_LIMITS,
  storeError,
} from '@rta/store';
import type { Commits } from './commits.ts';
import {
  canBeKey,
  decodeExpiring,
  encodeExpiring,
  expiryWrites,
  keyOf,
  portKeyOf,
  type Write,
} from './layout.ts';
import type { Scan } from './scan.ts';

/** The writes that make a record what it shall be; undefined deletes. */
export function recordWrites(
  commits: Commits,
  database: CollectionName,
  portKey: string,
  record: EncodedRecord | undefined,
): Write[] {
  const key = keyOf(portKey);
  const before = commits.expected(database, key);
  if (before === undefined && record === undefined) return [];
  const expiresBefore = before === undefined ? undefined : decodeExpiring(before).expiresAtMs;
  return [
    { database, key, value: record && encodeExpiring(record.text, record.expiresAtMs) },
    ...expiryWrites({ database, key }, expiresBefore, record?.expiresAtMs),
  ];
}

function decoded(text: string | undefined): JsonObject | undefined {
  return text === undefined ? undefined : decodeRecord(text);
}

/** A collection of records. */
export function createLmdbRecords(options: {
  readonly database: CollectionName;
  readonly commits: Commits;
  readonly scan: Scan;
  readonly now: () => number;
  readonly checkOpen: () => void;
}): Records {
  const { database, commits, scan, now, checkOpen } = options;

  /** The text of a record that has not expired. */
  const live = (value: string | undefined): string | undefined => {
    if (value === undefined) return undefined;
    const { text, expiresAtMs } = decodeExpiring(value);
    return expiresAtMs !== undefined && expiresAtMs < now() ? undefined : text;
  };

  const replace = async (key: string, record: EncodedRecord | undefined): Promise<void> => {
    const writes = recordWrites(commits, database, key, record);
    // That a record is gone may be expected and not yet so.
    await (writes.length === 0 ? commits.settled() : commits.add(writes));
  };

  return {
    async put(key, record, { expiresAtMs } = {}) {
      checkOpen();
      checkKey(key, STORE_LIMITS);
      const update = { record, ...(expiresAtMs === undefined ? {} : { expiresAtMs }) };
      await replace(key, encodeRecord(update, STORE_LIMITS));
    },
    async get(key) {
      checkOpen();
      if (!canBeKey(key)) return undefined;
      return decoded(live(commits.committed(database, keyOf(key))));
    },
    async update(key, change) {
      checkOpen();
      checkKey(key, STORE_LIMITS);
      for (let attempt = 0; attempt < STORE_LIMITS.updateAttempts; attempt++) {
        const before = commits.expected(database, keyOf(key));
        const text = live(before);
        const given = decoded(text);
        const next = change(given);
        // Nobody else has a turn meanwhile, but `change` itself may have written.
        if (commits.expected(database, keyOf(key)) !== before) continue;
        if (next !== undefined && given !== undefined && next.record === given) {
          await commits.settled();
          return decoded(text);
        }
        const after = next === undefined ? undefined : encodeRecord(next, STORE_LIMITS);
        await replace(key, after);
        return decoded(after?.text);
      }
      throw storeError('RTA_STORE_CONFLICT', undefined, {
        details: { attempts: STORE_LIMITS.updateAttempts },
      });
    },
    async delete(key) {
      checkOpen();
      if (!canBeKey(key)) return;
      await replace(key, undefined);
    },
    async *entries() {
      checkOpen();
      for (const chunk of scan(database)) {
        for (const [key, value] of chunk) {
          checkOpen();
          const record = decoded(live(value));
          if (record !== undefined) yield [portKeyOf(key), record] as const;
        }
      }
    },
  };
}
