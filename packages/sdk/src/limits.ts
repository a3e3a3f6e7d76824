/** Limits of the SDK. */
export const SDK_LIMITS = {
  /** How long an answer is waited for; then the action counts as denied. */
  requestTimeoutMs: 10_000,
  /** Lanes that are opened for decisions. */
  maxLanes: 4,
  /** Decisions in flight on every open lane before another lane is opened: what a lost packet holds back at most. */
  decisionsPerLane: 16,
  /** Requests of one connection that wait for their answers. */
  maxRequestsInFlight: 16_384,
  /**
   * How long QUIC, or what stands first, is alone before the next transport is tried beside it: a handshake across an
   * ocean fits.
   */
  quicHeadStartMs: 200,
  /** How soon a client that fell back to WebSocket tries QUIC again; twice as long after each failure. */
  quicRetryMs: 10_000,
  /** Where that stops growing: a network that drops UDP today does so tomorrow. */
  quicRetryMaxMs: 300_000,
  /** How long a move to another connection may take; then the sessions stay where they were. */
  moveTimeoutMs: 5_000,
  /** Sessions that are bound at once in a move; a server works on 32 control requests of one connection. */
  bindsInFlight: 16,
  /** Sessions that are listed below one: as many as a server keeps for one user. */
  maxDescendants: 20_000,
  /** Approvals of one session that were decided before anybody waited for them; the oldest are forgotten first. */
  maxSettledApprovals: 64,
  /** Tickets in a store in memory; each is used once, and has at most 16 KB. */
  maxTicketCount: 64,
} as const;
