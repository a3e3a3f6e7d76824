/** Limits of `@rta/ssf-sender` (invariant I9). */
export const SENDER_LIMITS = {
  /** SETs that were given to the sender and not answered: an hour of three a second. */
  pendingCount: 10_000,
  /** Bytes of those SETs. */
  pendingBytes: 67_108_864,
  /** SETs that are on their way at once: what a receiver acknowledges in one round trip, twice over. */
  windowCount: 256,
  /** Identifiers that were refused and are not sent again. */
  refusedCount: 1_024,
  /** For the receiver to say that it takes SETs. */
  openTimeoutMs: 10_000,
  /** Without any answer for so long, while SETs are on their way, another connection is tried. */
  answerTimeoutMs: 30_000,
  /** Without a word for so long the receiver is dead: an agent acts on what it has not been told of meanwhile. */
  idleTimeoutMs: 10_000,
  /** After so long without a word the receiver is asked for one. */
  keepAliveMs: 3_000,
  /** Before the first new attempt; doubled with each that fails. */
  retryMs: 200,
  /** Between attempts at most, and at once where somebody has to change something first. */
  retryMaxMs: 30_000,
  /** For what waits to be acknowledged when the sender is closed. */
  drainMs: 5_000,
} as const;

/** The limits that a sender's options can change. */
export type SenderLimits = { readonly [Name in keyof typeof SENDER_LIMITS]: number };
