/** Limits of the store port and of the in-memory store (invariant I9). */
export const STORE_LIMITS = {
  /** Length of a key, as text: the longest that every store adapter can index. */
  keyCharacters: 512,
  /** One record, as UTF-8 JSON: a session with its whole actor chain is a few KiB. */
  recordBytes: 262_144,
  /** Records in one collection of the in-memory store. */
  recordCount: 100_000,
  /** Bytes of records in one collection of the in-memory store, whatever their number. */
  recordsBytes: 134_217_728,
  /** Single-use keys that the in-memory store remembers: at about 200 bytes each, some 50 MB. */
  singleUseCount: 250_000,
  /** One audit line, as UTF-8. */
  auditLineBytes: 65_536,
  /** Audit rows that the in-memory store keeps. It never forgets one, so it fills up. */
  auditCount: 100_000,
  /** Bytes of audit lines that the in-memory store keeps. */
  auditBytes: 134_217_728,
  /** Expired entries that one call removes at most, so that no call pays for all that expired in a quiet hour. */
  sweepCount: 256,
} as const;

/** A value for each of {@link STORE_LIMITS}. */
export type StoreLimits = { readonly [Name in keyof typeof STORE_LIMITS]: number };
