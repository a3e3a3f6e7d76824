import type { Clock, JsonObject } from '@rta/core';
import {
  type CollectionName,
  checkKey,
  decodeRecord,
  type EncodedRecord,
  type EncodedWrite,
  encodeRecord,
  type Records,
  type RecordUpdate,
  storeError,
} from '@rta/store';
import type { Argument } from './connection.ts';
import type { Answer, Ledger } from './ledger.ts';
import type { RedisStoreLimits } from './limits.ts';
import type { KeyNames } from './names.ts';
import { decodeField, encodeField } from './record-field.ts';
import { listOf, textOf } from './reply.ts';
import { READ_RECORD, REPLACE_RECORD, SCAN_RECORDS, WRITE_RECORDS } from './scripts/records.ts';
import { createTurns } from './turns.ts';
import { isWellFormed } from './well-formed.ts';

/** What the collections share. */
export interface RecordsOptions {
  readonly ledger: Ledger;
  readonly names: KeyNames;
  readonly clock: Clock;
  readonly limits: RedisStoreLimits;
}

/**
 * Writes a batch, all or nothing.
 *
 * @throws RtaError `RTA_STORE_FULL`, and as {@link Ledger.run} does.
 */
export async function writeRecords(
  { ledger, names, limits }: RecordsOptions,
  writes: readonly EncodedWrite[],
): Promise<void> {
  if (writes.length === 0) return ledger.checkOpen();
  const collections = [...new Set(writes.map(({ collection }) => collection))];
  const keys = collections.flatMap((name) => names.collection(name));
  const args = writes.flatMap(({ collection, key, record }) => [
    collections.indexOf(collection) + 1,
    key,
    ...fieldArguments(record),
  ]);
  checkRoom(await ledger.run(WRITE_RECORDS, keys, [...ledger.sweeping(), limits.recordCount, ...args]));
}

/** A collection of records in Redis. */
export function createRedisRecords(collection: CollectionName, options: RecordsOptions): Records {
  const { ledger, names, clock, limits } = options;
  const keys = names.collection(collection);
  const [hash] = keys;
  const turns = createTurns(clock, limits);

  const readField = async (key: string): Promise<string> => {
    const { values } = await ledger.run(READ_RECORD, [hash], [key]);
    return values[0] === null ? '' : textOf(values[0]);
  };

  const write = (key: string, record: EncodedRecord | undefined): Promise<void> =>
    writeRecords(options, [{ collection, key, record }]);

  const update = async (
    key: string,
    change: (record: JsonObject | undefined) => RecordUpdate | undefined,
  ): Promise<JsonObject | undefined> => {
    let field = await readField(key);
    for (let attempt = 0; attempt < limits.updateAttempts; attempt++) {
      const given = field === '' ? undefined : decodeField(field, clock.now());
      const next = change(given);
      if (next !== undefined && next.record === given) return decodeField(field, clock.now());
      if (next === undefined && field === '') return undefined;
      const record = next === undefined ? undefined : encodeRecord(next, limits);
      const args = [...ledger.sweeping(), limits.recordCount, field, 1, key, ...fieldArguments(record)];
      const answer = await ledger.run(REPLACE_RECORD, keys, args);
      checkRoom(answer);
      if (answer.status === 'ok') return record === undefined ? undefined : decodeRecord(record.text);
      field = textOf(answer.values[0]);
    }
    throw storeError('RTA_STORE_CONFLICT', undefined, { details: { attempts: limits.updateAttempts } });
  };

  return {
    async put(key, record, { expiresAtMs } = {}) {
      ledger.checkOpen();
      checkKey(key, limits);
      await write(
        key,
        encodeRecord({ record, ...(expiresAtMs === undefined ? {} : { expiresAtMs }) }, limits),
      );
    },
    async get(key) {
      ledger.checkOpen();
      // Nothing can be under what cannot be a key; UTF-8 would make another key of it.
      if (!isWellFormed(key)) return undefined;
      const field = await readField(key);
      return field === '' ? undefined : decodeField(field, clock.now());
    },
    async update(key, change) {
      ledger.checkOpen();
      checkKey(key, limits);
      // Those of this process wait for one another, so that only other processes can come between.
      return turns.take(key, () => update(key, change));
    },
    async delete(key) {
      ledger.checkOpen();
      if (isWellFormed(key)) await write(key, undefined);
    },
    async *entries() {
      ledger.checkOpen();
      // Redis may give a record twice when its table grows meanwhile.
      const seen = new Set<string>();
      let cursor = '0';
      do {
        const { values } = await ledger.run(SCAN_RECORDS, [hash], [cursor, limits.pageCount]);
        cursor = textOf(values[0]);
        const page = listOf(values[1]).map(textOf);
        for (let index = 0; index + 1 < page.length; index += 2) {
          ledger.checkOpen();
          const [key = '', field = ''] = page.slice(index, index + 2);
          if (seen.has(key)) continue;
          seen.add(key);
          const record = decodeField(field, clock.now());
          if (record !== undefined) yield [key, record] as const;
        }
      } while (cursor !== '0');
    },
  };
}

/** The third and fourth argument of a write. */
function fieldArguments(record: EncodedRecord | undefined): readonly [field: Argument, expiry: Argument] {
  return record === undefined ? ['', ''] : [encodeField(record), record.expiresAtMs ?? ''];
}

function checkRoom({ status }: Answer): void {
  if (status === 'full') throw storeError('RTA_STORE_FULL', 'no room for another record');
}
