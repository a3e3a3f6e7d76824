/** Limits of requests to other parties (invariant I9). */
export const SSF_HTTP_LIMITS = {
  /** One answer: key sets and metadata stay far below; a batch of events has a limit of its own. */
  responseBytes: 262_144,
  /** From the request to the last byte of the answer. */
  timeoutMs: 10_000,
  /** Connections to one host; further requests wait for one of them. */
  connectionsPerHostCount: 16,
} as const;
