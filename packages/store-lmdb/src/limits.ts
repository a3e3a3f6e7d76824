/** Limits of the store in LMDB, in addition to those of the port (invariant I9). */
export const LMDB_LIMITS = {
  /** Bytes of all that the store holds, in whole pages. The file can be larger by what was deleted and not yet reused. */
  storeBytes: 4_294_967_296,
  /** Bytes that wait for the disk, above which writes are refused: a disk that is too slow must not fill the memory. */
  pendingBytes: 67_108_864,
  /** Expired entries that one commit removes at most, so that no caller pays for all that expired in a quiet hour. */
  sweepCount: 256,
  /** Entries that are read at once for an iterator, so that a slow reader holds no old state in the file. */
  chunkCount: 256,
} as const;

/** A value for each of {@link LMDB_LIMITS}. */
export type LmdbLimits = { readonly [Name in keyof typeof LMDB_LIMITS]: number };
