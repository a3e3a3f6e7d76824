/** Limits of `@rta/ssf` (invariant I9). */
export const SSF_LIMITS = {
  /** One Security Event Token: published examples stay below 2 KiB, some carry new claims or translations. */
  setBytes: 65_536,
  /** Nesting of the token's JSON; CAEP needs 4, the values of changed claims somewhat more. */
  jsonDepth: 32,
  /** `jti`, `txn`, issuers and names of subjects: what is kept, compared and audited. */
  nameCharacters: 1_024,
  /** Values of an event that name something: levels, types of credentials. */
  valueCharacters: 256,
  /** Names of one subject in `aliases`, and addresses in `ip-addresses`: each is a look-up. */
  subjectIdentifierCount: 32,
  /** Tokens in one request of the multi-SET push; what is beyond is refused as a whole. */
  multiPushSetCount: 100,
  /** The body of one request of the multi-SET push: a hundred tokens of usual size. */
  multiPushBytes: 1_048_576,
  /**
   * How old a token may be by its `iat`. Transmitters hold events for paused streams, so days; replays are
   * remembered for as long.
   */
  setAgeMs: 604_800_000,
  /** How far the clock of a transmitter may be ahead. */
  clockSkewMs: 300_000,
  /** Tokens that are worked on at once; each may wait for keys or for the broker. */
  inFlightCount: 256,
  /** Verification requests that are remembered for one transmitter. */
  verificationStateCount: 16,
  /** A key set: a dozen keys with certificate chains. */
  jwksBytes: 262_144,
  /** How long a transmitter's key set may take to arrive. */
  jwksTimeoutMs: 5_000,
  /** A key that was withdrawn is trusted no longer than this. */
  jwksMaxAgeMs: 600_000,
  /** While the key set cannot be read again, the keys known last serve this long, so that revocations get through. */
  jwksStaleMs: 3_600_000,
  /** Requests for one key set in quick succession: keys that are rotated, and tokens that name none of them. */
  jwksBurstCount: 3,
  /** After those: between two requests for one key set, whatever key ids arrive. */
  jwksCooldownMs: 10_000,
} as const;

/** The limits that a receiver's options can change. */
export type ReceiverLimits = {
  readonly [Name in 'setBytes' | 'setAgeMs' | 'clockSkewMs' | 'inFlightCount']: number;
};
