/** Limits of `@rta/keys-file`. */
export const KEYS_FILE_LIMITS = {
  /** Files in a folder of keys, of keys and of revocations: rotation removes its own, revocations stay. */
  maxFiles: 1_024,
  /** Bytes of one file; a key has some 250. */
  maxFileBytes: 4_096,
  /** Characters of the reason of a revocation. */
  maxReasonCharacters: 512,
  /** How long a folder must be quiet before it is read again. */
  settleMs: 50,
  /** How often it is read whatever the file system tells: notifications get lost, and times come by themselves. */
  recheckMs: 2_000,
  /** How often an operation begins anew where another process was faster. */
  attempts: 5,
} as const;
