/** Limits of the events port and of the in-memory broker (invariant I9). */
export const EVENTS_LIMITS = {
  /** One event, as UTF-8 JSON: a signal is about 1 KiB, and every node holds the whole log. */
  eventBytes: 65_536,
  /** Length of an event's key: the longest that every broker adapter can use as its partition key. */
  keyCharacters: 256,
  /** Events that the in-memory log keeps: how far a subscriber may fall behind. */
  retainedCount: 10_000,
  /** Bytes of events that the in-memory log keeps, whatever their number. */
  retainedBytes: 16_777_216,
} as const;

/** A value for each of {@link EVENTS_LIMITS}. */
export type EventsLimits = { readonly [Name in keyof typeof EVENTS_LIMITS]: number };
