import type { JsonObject } from '@rta/core';
import { storeError } from './errors.ts';
import { checkExpiry, checkKey } from './key.ts';
import type { StoreLimits } from './limits.ts';
import { COLLECTION_NAMES, type CollectionName, type RecordUpdate, type RecordWrite } from './store.ts';

/** A record as it is kept: as text it shares nothing with the object that it came from. */
export interface EncodedRecord {
  /** JSON. */
  readonly text: string;
  /** Length of the text as UTF-8. */
  readonly bytes: number;
  /** UNIX milliseconds after which the record is gone; undefined where it stays. */
  readonly expiresAtMs: number | undefined;
}

/** One write of a batch, with its record as text; undefined deletes. */
export interface EncodedWrite {
  readonly collection: CollectionName;
  readonly key: string;
  readonly record: EncodedRecord | undefined;
}

/**
 * Makes text of a record, within limits; for those who write a store.
 *
 * @throws RtaError `RTA_STORE_TOO_LARGE`; RangeError for what is not a time; TypeError for what is not an object.
 */
export function encodeRecord(
  { record, expiresAtMs }: RecordUpdate,
  limits: Pick<StoreLimits, 'recordBytes'>,
): EncodedRecord {
  if (expiresAtMs !== undefined) checkExpiry(expiresAtMs);
  if (typeof record !== 'object' || record === null || Array.isArray(record)) {
    throw new TypeError('a record is an object');
  }
  const text = JSON.stringify(record);
  const bytes = Buffer.byteLength(text);
  if (bytes > limits.recordBytes) {
    throw storeError('RTA_STORE_TOO_LARGE', `a record has at most ${limits.recordBytes} bytes`, {
      details: { bytes, limit: limits.recordBytes },
    });
  }
  return { text, bytes, expiresAtMs };
}

/**
 * Reads the text that {@link encodeRecord} made.
 *
 * @throws RtaError `RTA_STORE_MALFORMED` where it is no JSON object; what it holds is not shown.
 */
export function decodeRecord(text: string): JsonObject {
  let record: unknown;
  try {
    record = JSON.parse(text);
  } catch {
    // The cause would quote the text.
    throw storeError('RTA_STORE_MALFORMED');
  }
  if (typeof record !== 'object' || record === null || Array.isArray(record)) {
    throw storeError('RTA_STORE_MALFORMED');
  }
  // What `JSON.parse` gives is JSON.
  return record as JsonObject;
}

/**
 * Checks a whole batch and makes text of it, in its order; for those who write a store.
 *
 * @throws RtaError `RTA_STORE_TOO_LARGE`; RangeError for what is not a time; TypeError for an unknown collection and
 *   for what is not an object.
 */
export function encodeWrites(
  writes: readonly RecordWrite[],
  limits: Pick<StoreLimits, 'batchCount' | 'batchBytes' | 'keyCharacters' | 'recordBytes'>,
): EncodedWrite[] {
  if (writes.length > limits.batchCount) {
    throw storeError('RTA_STORE_TOO_LARGE', `a batch has at most ${limits.batchCount} writes`, {
      details: { writes: writes.length, limit: limits.batchCount },
    });
  }
  let bytes = 0;
  return writes.map(({ collection, key, record, expiresAtMs }) => {
    if (!COLLECTION_NAMES.includes(collection)) throw new TypeError('a write names a collection');
    checkKey(key, limits);
    if (record === undefined) return { collection, key, record: undefined };
    const encoded = encodeRecord({ record, ...(expiresAtMs === undefined ? {} : { expiresAtMs }) }, limits);
    bytes += encoded.bytes;
    if (bytes > limits.batchBytes) {
      throw storeError('RTA_STORE_TOO_LARGE', `a batch has at most ${limits.batchBytes} bytes of records`, {
        details: { limit: limits.batchBytes },
      });
    }
    return { collection, key, record: encoded };
  });
}
