/** Limits of the audit trail (invariant I9). */
export const AUDIT_LIMITS = {
  /** Rows between two checkpoints: what somebody without the key could write anew at the end of a log. */
  checkpointRows: 1_000,
  /** Milliseconds that a row waits for a checkpoint at most. */
  checkpointMs: 10_000,
  /** One line, as UTF-8: what every store takes. A record that is longer leaves its lists out, and says so. */
  lineBytes: 65_536,
  /** Findings that a verification names; those beyond it are counted. */
  findingCount: 1_000,
  /** Gaps that a verification remembers, to tell a row that was moved from one that was put in. */
  missingRangeCount: 1_024,
  /** Sessions whose parents a query by session remembers: some 100 bytes each. */
  linkedSessionCount: 500_000,
  /** Keys of an audit key set. */
  keyCount: 64,
} as const;
