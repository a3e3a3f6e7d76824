/** Limits of the transmitter (invariant I9). */
export const SSF_TRANSMITTER_LIMITS = {
  /** Streams of one receiver: one for each of its environments. */
  streamsPerReceiverCount: 8,
  /** Streams in all: each is asked about every event. */
  streamCount: 1_000,
  /** Subjects that a stream has added or removed; they are held in memory. */
  subjectsPerStreamCount: 10_000,
  /** Tokens that wait in one stream: a week of a receiver that is down, at one a minute. Then it is disabled. */
  heldCount: 10_000,
  /** How long a token waits; receivers refuse older ones. Then its stream is disabled. */
  heldAgeMs: 604_800_000,
  /** One request to the management API, or one poll. */
  requestBytes: 65_536,
  /** Event types that a receiver may name. */
  eventsRequestedCount: 256,
  /** The text by which a receiver describes its stream, or says why it changes its status. */
  textCharacters: 1_024,
  /** A push endpoint. */
  urlCharacters: 2_048,
  /** `authorization_header`: a token of an identity provider may be some KiB. */
  authorizationHeaderCharacters: 8_192,
  /** Tokens in the answer to one poll, whatever `maxEvents` says: at most 4 MiB with the largest. */
  pollCount: 64,
  /** Acknowledgements and errors in one poll: what is handed out at once, and what was handed out before. */
  pollAcknowledgementCount: 512,
  /** How long a poll waits for an event: shorter than what proxies cut off. */
  longPollMs: 25_000,
  /** Polls of one stream that wait; the oldest is answered when another comes. */
  longPollCount: 4,
  /** How long a push may take. */
  pushTimeoutMs: 10_000,
  /** The first wait after a push that failed; it doubles with each. */
  pushRetryMs: 1_000,
  /** The longest wait between two pushes, also where the receiver asks for more. */
  pushRetryMaxMs: 300_000,
  /** Pushes that failed for so long pause the stream. */
  pushGiveUpMs: 3_600_000,
  /** How often a stream that is paused for this is tried. */
  pushProbeMs: 600_000,
  /** Tokens that their receiver refused, kept for operators; the newest of each stream. */
  refusedCount: 256,
  /** How long they are kept. */
  refusedAgeMs: 604_800_000,
  /** `min_verification_interval`. */
  verificationIntervalMs: 5_000,
  /** How often what others did to the store is looked at, where it is shared. */
  sharedCheckMs: 1_000,
  /** How long a node that is gone keeps others from pushing for it. */
  leaseMs: 30_000,
  /** What another node announced is waited for as long before it counts as lost. */
  gapMs: 60_000,
  /** How often ages are looked at: of what waits, and of streams that nobody uses. */
  sweepMs: 10_000,
} as const;

/** The limits that a transmitter's options can change. */
export type TransmitterLimits = {
  readonly [Name in
    | 'streamsPerReceiverCount'
    | 'streamCount'
    | 'subjectsPerStreamCount'
    | 'heldCount'
    | 'heldAgeMs'
    | 'longPollMs'
    | 'pushTimeoutMs'
    | 'pushGiveUpMs'
    | 'verificationIntervalMs']: number;
};
