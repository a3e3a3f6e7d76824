/** Limits of a server. */
export const SERVER_LIMITS = {
  /** How old a node's view of the event broker may be before it denies everything (invariant I2). */
  maxStalenessMs: 5_000,
  /** How often a node sends itself a heartbeat through the broker. */
  heartbeatIntervalMs: 1_000,
  /** How long a connection may wait with its HELLO. */
  helloTimeoutMs: 10_000,
  /** Lanes that one connection may open. */
  maxLanesPerConnection: 16,
  /** Control requests of one connection that are being worked on. */
  maxControlRequestsInFlight: 32,
  /** Decisions of one lane that wait for an asynchronous PDP. */
  maxDecisionsInFlightPerLane: 256,
  /** Exchanges that the node works on at once; each may ask an IdP. */
  maxExchangesInFlight: 256,
  /** How long an asynchronous PDP may take before the action is denied. */
  pdpTimeoutMs: 2_000,
  /** How far the time of a RESUME may be from this node's; nonces are kept for twice as long. */
  resumeWindowMs: 30_000,
  /** Sessions that are written to the store together. */
  sessionsPerWrite: 256,
  /** Approvals that a session may wait for at a time. */
  maxApprovalsPerSession: 16,
  /** Approvals that all sessions of a user may wait for: to delegate leaves others room. */
  maxApprovalsPerUser: 128,
  /** Approvals that are waited for on one node. */
  maxApprovals: 10_000,
  /** How long somebody may take to approve, and an agent to make use of it. */
  approvalLifetimeMs: 600_000,
  /** Decisions kept for one state of one session; forgotten as a whole when full. */
  maxCachedDecisionsPerSession: 256,
  /** Audit records that wait to be written; beyond it everything is denied, or what is recorded is lost. */
  maxPendingAuditRecords: 100_000,
  /** Characters of the audit records that wait to be written, whatever their number. */
  maxPendingAuditCharacters: 67_108_864,
  /** Records of what agents were told that wait while others are to be told; beyond it the oldest are written first. */
  maxLaterRecords: 32_768,
  /** Audit records that are written at once: a disk that is nearly full still takes some. */
  maxAuditBatch: 4_096,
  /**
   * Pushes that may be on their way before the next ones are written: what the socket of a node can take of
   * acknowledgements at once, and still some 2000 a second where a round trip takes 250 ms.
   */
  maxPushesInFlight: 512,
  /** How long a push that is not acknowledged keeps others waiting. */
  pushWaitMs: 250,
  /** Pushes whose acknowledgement is awaited; the oldest are given up first. */
  maxAwaitedPushes: 500_000,
  /** How long an acknowledgement is awaited; then the connection is closed. The time in which the node stood still does not count. */
  acknowledgeTimeoutMs: 5_000,
  /** How often a node looks who did not acknowledge in time, and what has reached its time. */
  sweepIntervalMs: 1_000,
  /** Changes of which a node tells what became of them; the oldest that are complete are forgotten first. */
  maxTrackedChanges: 1_000,
  /** Enforcement points that are listed for one change; all are counted. */
  maxPointsPerChange: 10_000,
  /** Characters of a name or a reason in an order of an administrator. */
  maxOrderCharacters: 512,
  /** Sessions, changes or approvals on one page of the admin API. */
  maxPageItems: 200,
  /** Sessions that one turn of the event loop looks at for the admin API: decisions go on in between. */
  sessionsPerTurn: 512,
  /** Tasks that are put to the policies for one list of approvals. */
  maxApprovalsAsked: 1_000,
  /** How long receipts of changes are kept. */
  receiptRetentionMs: 2_592_000_000,
  /** Receipts that wait to be kept; more are given up, which is told as a fault. */
  maxPendingReceipts: 1_000,
  /** Receipts that are written at once: a durable store writes them together, and one by one each waits for the disk. */
  concurrentReceipts: 32,
  /** Characters of one part of a receipt: each is a record of the store. */
  receiptPartCharacters: 200_000,
  /** Parts of a receipt: one with all its enforcement points, with names of agents of any length, fits. */
  maxReceiptParts: 256,
  /** A transmitter's words for people, as they are passed on: one line. */
  maxSignalReasonCharacters: 256,
  /** Claims that one event changes: each is remembered by itself. */
  maxChangedClaims: 16,
  /** Bytes of a changed claim's name and value: it is part of every question to policies. */
  maxChangedClaimBytes: 1_024,
  /** Nesting of a changed claim's value: with what stands around it, a message to an agent has room for it. */
  maxChangedClaimDepth: 8,
  /** Bytes of an HTTP request body; an exchange with a large IdP token fits. Several security events in one request may have more. */
  maxHttpBodyBytes: 65_536,
  /** How long others may keep a copy of the published keys: a revoked key is gone from there in as much. */
  jwkSetMaxAgeMs: 300_000,
  /** How long agents are given to leave when the node stops. */
  drainMs: 2_000,
  /** Events for others that wait to be kept for them; beyond it they are lost, and a fault says so. */
  maxOutgoingEvents: 100_000,
} as const;
