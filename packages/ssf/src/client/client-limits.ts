/** Limits of the receiver as a client (invariant I9). */
export const SSF_CLIENT_LIMITS = {
  /** Metadata is read again after this, so that a transmitter can move its endpoints. */
  metadataMaxAgeMs: 3_600_000,
  /** How many streams a transmitter may list for one client; more is not this client's list. */
  streamsCount: 64,
  /** Event types of one stream: about fifty are known. */
  eventTypesCount: 256,
  /** An access token: large JWTs stay below; it goes into every request. */
  accessTokenCharacters: 16_384,
  /** How long an access token is used whose lifetime is not told. */
  accessTokenAssumedMs: 300_000,
  /** An access token is not used for the last part of its life: it has to arrive. */
  accessTokenMarginMs: 10_000,
  /** Between two requests for access tokens because of a 401, so that a transmitter that takes none asks for few. */
  accessTokenCooldownMs: 5_000,
  /** The answer to one poll: 64 tokens of 64 KiB, and room for their names. */
  pollBytes: 8_388_608,
  /** Tokens that are asked for with one poll. */
  pollEventsCount: 64,
  /** How long a poll may wait for events; transmitters answer after a minute at most. */
  pollTimeoutMs: 120_000,
  /** Between the starts of two polls of which the first brought nothing new: not every transmitter can wait. */
  pollSpacingMs: 1_000,
  /** Acknowledgements and errors in one request. */
  pollAcksCount: 1_000,
  /** Tokens of one stream that are verified at once. */
  pollValidationsCount: 16,
  /** How long the last acknowledgements may take when polling ends. */
  pollCloseMs: 3_000,
  /** The first wait after a failure; each further one doubles it. */
  retryMinMs: 1_000,
  /** The longest wait after failures in a row. */
  retryMaxMs: 60_000,
  /** How far a transmitter's `Retry-After` is followed: revocations wait behind it. */
  retryAfterMaxMs: 300_000,
  /** Between two looks at the status of a stream, which also keep it from being idle. */
  statusEveryMs: 300_000,
  /** Between two verifications of a stream. */
  verifyEveryMs: 3_600_000,
  /** How long a verification event may be on its way; they are delivered behind what is queued. */
  verificationMs: 60_000,
  /** How long one node may take to create a stream before another one tries. */
  creationMs: 60_000,
  /** The longest delay that a timer of the platform keeps; a longer one would fire at once. */
  timerMs: 2_147_483_647,
} as const;
