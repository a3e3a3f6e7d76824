/** Limits of the store port and of the in-memory store (invariant I9). */
export const STORE_LIMITS = {
  /** Length of a key, as text: the longest that every store adapter can index. */
  keyCharacters: 512,
  /** One record, as UTF-8 JSON: a session with its whole actor chain is a few KiB. */
  recordBytes: 262_144,
  /** Writes in one batch: what the end of a large delegation tree changes goes in few batches. */
  batchCount: 1_024,
  /** Bytes of the records of one batch, which a store holds in memory until all of it is written. */
  batchBytes: 8_388_608,
  /** How often an update is tried where others write the same record: enough for a hundred writers at once. */
  updateAttempts: 128,
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

/**
 * The limits with some replaced; for those who write a store.
 *
 * @throws RangeError for a limit that is not a positive integer.
 */
export function resolveLimits(overrides: Partial<StoreLimits> = {}): StoreLimits {
  const limits: StoreLimits = { ...STORE_LIMITS, ...overrides };
  for (const [name, value] of Object.entries(limits)) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new RangeError(`limit ${name} must be a positive integer`);
    }
  }
  return limits;
}
