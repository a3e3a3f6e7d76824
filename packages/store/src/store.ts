import type { AuditRow } from '@rta/audit';
import type { JsonObject } from '@rta/core';

/** What a store can do; the contract suite holds it to this. */
export interface StoreFeatures {
  /** What was acknowledged survives the end of the process, in whatever way it ends. */
  readonly durable: boolean;
  /** Several processes see the same state. */
  readonly shared: boolean;
}

/** Keys that count once, e.g. the nonce of a proof or the `jti` of a Security Event Token. */
export interface SingleUseKeys {
  /**
   * Takes a key, atomically.
   *
   * @param expiresAtMs - UNIX milliseconds after which the key may be forgotten.
   * @returns true for the first caller, false for every other until the key expires.
   * @throws RtaError `RTA_STORE_FULL` or `RTA_STORE_TOO_LARGE` where it cannot be remembered: the caller must
   *   refuse. RangeError where the time is not finite.
   */
  claim(key: string, expiresAtMs: number): Promise<boolean>;
  /** Whether a key is taken, without taking it. */
  has(key: string): Promise<boolean>;
}

/** The collections of records, by name; a key means something else in each of them. */
export const COLLECTION_NAMES = [
  'sessions',
  'subjects',
  'approvals',
  'changes',
  'cursors',
  'streams',
  'outbox',
] as const;

/** One of {@link COLLECTION_NAMES}. */
export type CollectionName = (typeof COLLECTION_NAMES)[number];

/** What an update makes of a record. */
export interface RecordUpdate {
  readonly record: JsonObject;
  /** UNIX milliseconds after which the record is gone; without it the record stays until it is deleted. */
  readonly expiresAtMs?: number;
}

/** One write of a batch: a record that is put, or deleted where `record` is undefined. */
export interface RecordWrite {
  readonly collection: CollectionName;
  readonly key: string;
  readonly record: JsonObject | undefined;
  /** UNIX milliseconds after which the record is gone; without it the record stays until it is deleted. */
  readonly expiresAtMs?: number;
}

/** A collection of JSON records under text keys. What is kept shares nothing with what is passed in or out. */
export interface Records {
  /**
   * Writes the whole record, and replaces its expiry too: without one it stays until it is deleted.
   *
   * @param options - `expiresAtMs`: UNIX milliseconds after which the record is gone.
   * @throws RtaError `RTA_STORE_FULL`, `RTA_STORE_TOO_LARGE`: what was there before is still there. RangeError where
   *   the time is not finite.
   */
  put(key: string, record: JsonObject, options?: { readonly expiresAtMs?: number }): Promise<void>;
  /** The record, or undefined where there is none or it expired. */
  get(key: string): Promise<JsonObject | undefined>;
  /**
   * Replaces a record by a function of it, atomically: no write of anybody else comes between the record that
   * `change` was given and the one that it returns.
   *
   * @param change - gets a copy of the record, or undefined where there is none. What it returns is written, expiry
   *   included, as by `put`; `undefined` deletes; a `record` that is the very object that it was given writes nothing
   *   and leaves the expiry. It is pure and synchronous, since it is called again where somebody else wrote meanwhile.
   *   What it throws is what the update rejects with, and nothing is written.
   * @returns what is there now.
   * @throws RtaError as `put` does, and `RTA_STORE_CONFLICT` where others were first `STORE_LIMITS.updateAttempts`
   *   times.
   */
  update(
    key: string,
    change: (record: JsonObject | undefined) => RecordUpdate | undefined,
  ): Promise<JsonObject | undefined>;
  delete(key: string): Promise<void>;
  /** All records that have not expired, in no particular order; those written meanwhile may be among them. */
  entries(): AsyncIterable<readonly [key: string, record: JsonObject]>;
}

/** The audit log of one node. */
export interface AuditLog {
  /**
   * Appends rows, all or none.
   *
   * @throws RtaError `RTA_STORE_SEQUENCE` where they do not go on from the last row without a gap;
   *   `RTA_STORE_FULL`, `RTA_STORE_TOO_LARGE`. TypeError for a line with a line end.
   */
  append(rows: readonly AuditRow[]): Promise<void>;
  /** Rows in order, from a sequence number on (1 by default); nothing where it lies beyond the last row. */
  read(options?: { readonly fromSequence?: number }): AsyncIterable<AuditRow>;
  /** The newest row, to go on from. */
  last(): Promise<AuditRow | undefined>;
}

/**
 * The port to durable state. What a durable store acknowledged, by a promise that resolved, survives the end of the
 * process and of the machine.
 */
export interface Store extends AsyncDisposable {
  readonly features: StoreFeatures;
  /** Session records, by session id. */
  readonly sessions: Records;
  /** Security state per subject, by the authority's subject key. */
  readonly subjects: Records;
  /** What waits for the consent of a person, by approval id. */
  readonly approvals: Records;
  /** Receipts of changes, by change id: what was received, decided, pushed and acknowledged, and when. */
  readonly changes: Records;
  /** How far each log was read, by a name that the reader chooses. */
  readonly cursors: Records;
  /** Streams of security events, to this receiver and from this transmitter, by direction and stream id. */
  readonly streams: Records;
  /** Security Event Tokens that wait to be delivered, by stream and place in it. */
  readonly outbox: Records;
  readonly singleUse: SingleUseKeys;
  readonly audit: AuditLog;
  /**
   * Puts and deletes records, also of several collections, all or nothing: whoever sees one of these writes, or comes
   * back after a crash, sees all of them. Of two writes to one record the later one counts.
   *
   * @param writes - at most `STORE_LIMITS.batchCount`, with at most `STORE_LIMITS.batchBytes` of records.
   * @throws RtaError `RTA_STORE_FULL`, `RTA_STORE_TOO_LARGE`; RangeError where a time is not finite. Nothing is written
   *   then.
   */
  write(writes: readonly RecordWrite[]): Promise<void>;
  /** Idempotent; afterwards every call fails with `RTA_STORE_CLOSED`. */
  close(): Promise<void>;
}
