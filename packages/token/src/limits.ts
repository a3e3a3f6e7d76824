/** Limits of `@rta/token`. */
export const TOKEN_LIMITS = {
  /**
   * Keys in one ring, the signing one included. Each accepted key is one more key that forges tokens if it leaks:
   * a rotation that never retires must be noticed.
   */
  keysPerRingCount: 8,
  /**
   * Shortest time for which tokens of a key are accepted after another key signs: the longest life of a session, as
   * the current token of a session may be as old as the session.
   */
  overlapMinMs: 86_400_000,
  /** Shortest time between a key's announcement and its first token: every node reads its keys in less. */
  announceMinMs: 60_000,
  /** Shortest HMAC secret: as many bytes as the signature (RFC 2104 §3 discourages shorter ones). */
  hmacSecretMinBytes: 32,
  /** Longest HMAC secret: HMAC-SHA-256 hashes longer ones first, so that a secret and its digest would be one key. */
  hmacSecretMaxBytes: 64,
} as const;
