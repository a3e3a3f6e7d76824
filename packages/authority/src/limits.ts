/** Limits of the authority. */
export const AUTHORITY_LIMITS = {
  /** Sessions on one node, with those whose end was not told yet; about 3 KB of memory each. */
  maxSessions: 200_000,
  /** Sessions that one session has delegated and that live. */
  maxChildrenPerSession: 1_000,
  /** Live sessions of one user on one node, those that were delegated included. */
  maxSessionsPerUser: 20_000,
  /** How far below the user's own session a delegated session may stand. */
  maxDelegationDepth: 10,
  /** How long sessions go on while the agent that delegated them is away, unless they may go on alone. */
  parentAbsenceMs: 30_000,
  /** Details, and patterns in all lists of a grant, together: intersecting two grants takes their product. */
  maxGrantParts: 128,
  /** Characters of a scope, action or location pattern. */
  maxPatternCharacters: 512,
  /** Longest life of a session; also bounds how long a cut-off must be remembered. */
  maxSessionLifetimeMs: 86_400_000,
  /** Security facts that are remembered, over all subjects; about 1 KB of memory each. */
  maxFacts: 1_000_000,
  /** Changed claims in one context: each is told to policies with every question. */
  maxClaims: 32,
  /** How long a fact is remembered: longer than any session that it may concern. */
  factRetentionMs: 2_592_000_000,
  /** How far the clock of a source may run ahead to be believed: sign-ins and revocations are compared by it. */
  maxSourceAheadMs: 300_000,
  /** How far two issuers' clocks may be apart: a sign-in that follows another issuer's revocation so closely ends too. */
  foreignClockSkewMs: 30_000,
  /** Ended sessions that are remembered, so that their agents hear why they are refused; about 1 KB each. */
  maxEndedSessions: 100_000,
} as const;
