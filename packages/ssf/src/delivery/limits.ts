/** Limits of SETs over QUIC that are part of the protocol: both sides keep to them (`docs/spec/ssf-quic.md` §6). */
export const DELIVERY_LIMITS = {
  /** One frame after its length: room for three SETs of the largest size, or a hundred usual ones. */
  frameBytes: 262_144,
  /** A frame of a peer that has not said who it is. */
  openFrameBytes: 16_384,
  /** SETs, acknowledgements and errors in one frame. */
  entryCount: 128,
  /** Streams that a sender has open on a connection. */
  streamCount: 8,
  /** SETs of one stream that are worked on at once; the others wait, and so does the sender. */
  concurrentSetCount: 16,
  /** Until the first frame of a stream is complete and its sender is known. */
  openTimeoutMs: 5_000,
  /** For one frame to arrive whole: a sender that is slower than 9 KB a second holds memory for nothing. */
  frameTimeoutMs: 30_000,
  /** For a sender to read the answers that wait for it. */
  slowReaderTimeoutMs: 30_000,
  /** For what is worked on to end when the receiver goes away. */
  drainMs: 2_000,
} as const;
