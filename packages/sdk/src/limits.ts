/** Limits of the SDK. */
export const SDK_LIMITS = {
  /** How long an answer is waited for; then the action counts as denied. */
  requestTimeoutMs: 10_000,
  /** Lanes that are opened for decisions. */
  maxLanes: 4,
  /** Decisions in flight on every open lane before another lane is opened. */
  decisionsPerLane: 64,
  /** Requests of one connection that wait for their answers. */
  maxRequestsInFlight: 16_384,
} as const;
