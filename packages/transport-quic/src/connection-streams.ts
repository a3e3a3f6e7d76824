import type { Clock } from '@rta/core';
import {
  surfaceHandlerError,
  type TransportLimits,
  type TransportStream,
  transportError,
} from '@rta/transport';
import { QUIC_LIMITS } from './limits.ts';
import { isNativeError, type NativeConnection, roundTripMs } from './native.ts';
import { QuicStream, type StreamOwner } from './stream.ts';

/** A lost packet is seen to be lost within a few round trips; this is more. */
const END_WAIT_ROUND_TRIPS = 8;
/** quiche's default; to set it is quiche's way to open a stream before there is anything to send on it. */
const DEFAULT_URGENCY = 127;
/** The two low bits of a stream id say who opened it (RFC 9000 §2.1); only bidirectional streams are used. */
const STREAM_TYPE = { client: 0, server: 1 } as const;
const STREAM_TYPE_MASK = 3;
const STREAM_ID_STEP = 4;
/** Up to as many, streams are asked one by one: the control stream, pushes and lanes of most agents. */
const FEW_STREAMS = 16;

/** What the streams need of their connection. */
export interface ConnectionStreamsOptions {
  readonly role: 'client' | 'server';
  readonly native: NativeConnection;
  readonly limits: TransportLimits;
  /** Where streams are read into; what they keep they copy. */
  readonly scratch: Buffer;
  /** Asks for a turn. */
  readonly schedule: () => void;
  /** Asks for a flush at the end of this turn. */
  readonly flushSoon: () => void;
  readonly clock: Clock;
  /** Sends what waits, and says whether all that was ever sent is acknowledged. */
  readonly isQuiet: () => boolean;
}

/** The streams of one connection: which there are, and which of them have something to do. */
export class ConnectionStreams implements StreamOwner {
  readonly native: NativeConnection;
  readonly limits: TransportLimits;
  readonly flushSoon: () => void;
  readonly #options: ConnectionStreamsOptions;
  readonly #streams = new Map<number, QuicStream>();
  /** Streams that have something to tell, or to read again. */
  #attended = new Set<QuicStream>();
  /** The stream that had something to read the last time. */
  #latest: QuicStream | undefined;
  /** Streams that get a turn whenever packets arrive or the timer fires, the longest waiting first. */
  readonly #held = new Set<QuicStream>();
  /** Streams of the peer that nobody was there to take. */
  #unclaimed: QuicStream[] = [];
  #onStream: ((stream: TransportStream) => void) | undefined;
  #nextOwnId: number;
  #nextPeerId: number;
  #packetsSent = 0;
  /** When the peer was last known to have acknowledged everything. */
  #quietAtMs = Number.NEGATIVE_INFINITY;
  /** Packets that were lost when it was last looked, and when there were more than before. */
  #lostPackets = 0;
  #lossSeenAtMs = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  constructor(options: ConnectionStreamsOptions) {
    this.#options = options;
    this.native = options.native;
    this.limits = options.limits;
    this.flushSoon = options.flushSoon;
    this.#nextOwnId = STREAM_TYPE[options.role];
    this.#nextPeerId = STREAM_TYPE[options.role === 'client' ? 'server' : 'client'];
  }

  get size(): number {
    return this.#streams.size;
  }

  get packetsSent(): number {
    return this.#packetsSent;
  }

  /** @throws RtaError `RTA_TRANSPORT_STREAM_LIMIT`. */
  open(): TransportStream {
    const id = this.#nextOwnId;
    try {
      this.native.streamPriority(id, DEFAULT_URGENCY, true);
    } catch (cause) {
      if (!isNativeError(cause, 'StreamLimit')) throw cause;
      throw transportError('RTA_TRANSPORT_STREAM_LIMIT', undefined, { details: { openStreams: this.size } });
    }
    this.#nextOwnId += STREAM_ID_STEP;
    return this.#add(id);
  }

  onStream(handler: (stream: TransportStream) => void): void {
    this.#onStream = handler;
    if (this.#unclaimed.length > 0) this.#options.schedule();
  }

  /** Reads and writes what packets or time have made possible. */
  serve(): void {
    const { scratch } = this.#options;
    this.#serveReadable();
    if (this.#isClosed) return;
    // Those that are held again go to the end of the set, and have had their turn.
    let left = this.#held.size;
    for (const stream of this.#held) {
      if (left-- === 0) break;
      stream.turn(scratch);
    }
  }

  /**
   * quiche's list of the readable streams costs as much as asking for a hundred streams one by one. So the stream that
   * had something to read the last time is tried first, which mostly is all; and where there are few, they are asked.
   * The list is for what is left then: new streams of the peer, and those that nobody reads.
   */
  #serveReadable(): void {
    const { scratch } = this.#options;
    this.#latest?.turn(scratch);
    if (this.#isClosed || !this.native.isReadable()) return;
    if (this.#streams.size <= FEW_STREAMS) {
      for (const stream of this.#streams.values()) {
        if (!this.native.streamReadable(stream.id)) continue;
        this.#latest = stream;
        stream.turn(scratch);
        if (this.#isClosed) return;
      }
      if (!this.native.isReadable()) return;
    }
    for (const id of this.native.readable()) {
      if (this.#isClosed) return;
      if (id >= this.#nextPeerId) this.#acceptUpTo(id);
      const stream = this.#streams.get(id);
      if (stream === undefined) this.#discard(id);
      else stream.turn(scratch);
    }
  }

  /** Gives the program the streams that came before `onStream`. */
  offerUnclaimed(): void {
    while (this.#onStream !== undefined) {
      const stream = this.#unclaimed.shift();
      if (stream === undefined) return;
      try {
        this.#onStream(stream);
      } catch (error) {
        surfaceHandlerError(error);
      }
    }
  }

  /** Gives their turn to the streams that asked for one; also when the connection is closed. */
  serveAttended(): void {
    if (this.#attended.size === 0) return;
    const attended = this.#attended;
    this.#attended = new Set();
    for (const stream of attended) stream.turn(this.#options.scratch);
  }

  /** A packet has left. */
  notePacketSent(): void {
    this.#packetsSent += 1;
  }

  /** Breaks all streams off. */
  closeAll(code: number): void {
    this.#isClosed = true;
    for (const stream of this.#streams.values()) stream.connectionClosed(code);
    this.#held.clear();
    this.#unclaimed = [];
  }

  nowMs(): number {
    return this.#options.clock.monotonicMs();
  }

  /**
   * quiche does not tell. But when nothing is on its way all is acknowledged; and so it is after some round trips in
   * which nothing was lost, on a connection that is never without something on its way.
   */
  isAcknowledged(takenAtMs: number): boolean {
    if (takenAtMs < this.#quietAtMs) return true;
    const nowMs = this.nowMs();
    if (this.#options.isQuiet()) {
      this.#quietAtMs = nowMs;
      return true;
    }
    const waitedMs = nowMs - Math.max(takenAtMs, this.#lossSeenAtMs);
    if (waitedMs < QUIC_LIMITS.endWaitMs + END_WAIT_ROUND_TRIPS * roundTripMs(this.native)) return false;
    const { lost } = this.native.stats();
    if (lost === this.#lostPackets) return true;
    this.#lostPackets = lost;
    this.#lossSeenAtMs = nowMs;
    return false;
  }

  attend(stream: QuicStream): void {
    this.#attended.add(stream);
    this.#options.schedule();
  }

  hold(stream: QuicStream): void {
    this.#held.delete(stream);
    this.#held.add(stream);
  }

  unhold(stream: QuicStream): void {
    this.#held.delete(stream);
  }

  release(stream: QuicStream): void {
    if (this.#latest === stream) this.#latest = undefined;
    this.#held.delete(stream);
    this.#streams.delete(stream.id);
  }

  #add(id: number): QuicStream {
    const stream = new QuicStream(id, this);
    this.#streams.set(id, stream);
    return stream;
  }

  /** A stream of the peer opens those with lower ids too (RFC 9000 §2.1). */
  #acceptUpTo(id: number): void {
    if (((id ^ this.#nextPeerId) & STREAM_TYPE_MASK) !== 0) return;
    for (; this.#nextPeerId <= id; this.#nextPeerId += STREAM_ID_STEP) {
      this.#unclaimed.push(this.#add(this.#nextPeerId));
    }
    this.offerUnclaimed();
  }

  /** Takes what arrives late for a stream that is over here, so that quiche can forget it too. */
  #discard(id: number): void {
    try {
      while (this.native.streamRecv(id, this.#options.scratch)?.[1] === false);
    } catch {
      // The peer reset it: that is an end as well.
    }
  }
}
