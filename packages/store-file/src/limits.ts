/** Limits of the audit log in files (invariant I9). */
export const STORE_FILE_LIMITS = {
  /** Bytes of one file, after which the log goes on in another: some 200 000 records, read through in seconds. */
  segmentBytes: 134_217_728,
  /** Bytes of one line when a log is read: more than any row has. What is longer is no row, and is not kept. */
  lineBytes: 262_144,
  /** Bytes that are read at once. */
  chunkBytes: 65_536,
} as const;
