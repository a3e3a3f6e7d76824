import {
  checkCode,
  SendQueue,
  type StreamHandlers,
  surfaceHandlerError,
  type TransportLimits,
  type TransportStream,
  transportError,
} from '@rta/transport';
import { breakStream, isNativeError, type NativeConnection, streamBrokenCode } from './native.ts';

const NOTHING = new Uint8Array(0);

/** A small copy comes out of Node's pool, which costs a fraction of an array with memory of its own. */
function copyOf(scratch: Buffer, byteLength: number): Uint8Array {
  const copy = Buffer.allocUnsafe(byteLength);
  scratch.copy(copy, 0, 0, byteLength);
  // Not a Buffer: its `slice` would share memory where that of every other array copies.
  return new Uint8Array(copy.buffer, copy.byteOffset, byteLength);
}

/** What a stream needs of its connection. */
export interface StreamOwner {
  readonly native: NativeConnection;
  readonly limits: TransportLimits;
  /** Packets that have left. */
  readonly packetsSent: number;
  /** Packets may be waiting in quiche: send them at the end of this turn. */
  flushSoon(): void;
  /** Monotonic time. */
  nowMs(): number;
  /** Whether the peer has acknowledged, as far as can be told, what quiche took at this monotonic time. */
  isAcknowledged(takenAtMs: number): boolean;
  /** Gives the stream a turn soon: it reads on, or has something to tell. */
  attend(stream: QuicStream): void;
  /** Gives the stream a turn whenever packets arrive or the timer fires, until `unhold`. */
  hold(stream: QuicStream): void;
  /** The stream waits for the network no longer. */
  unhold(stream: QuicStream): void;
  /** The stream is over in both directions. */
  release(stream: QuicStream): void;
}

/**
 * One QUIC stream. Handlers are called from {@link QuicStream.turn} only, and only the connection calls that,
 * from the event loop: no method that the program calls leads to a handler.
 */
export class QuicStream implements TransportStream {
  readonly id: number;
  readonly #owner: StreamOwner;
  readonly #queue: SendQueue;
  #handlers: StreamHandlers | undefined;
  #paused = false;
  #writeSide: 'open' | 'ending' | 'done' = 'open';
  #readSide: 'open' | 'end-unheard' | 'done' = 'open';
  /** The owner's `packetsSent` when quiche last took bytes: while it stands, they wait in quiche. */
  #bytesTakenAt = -1;
  #bytesTakenAtMs = Number.NEGATIVE_INFINITY;
  /** Set when the stream broke off and its owner has not heard of it. */
  #resetCode: number | undefined;

  constructor(id: number, owner: StreamOwner) {
    this.id = id;
    this.#owner = owner;
    this.#queue = new SendQueue(owner.limits);
  }

  get bufferedBytes(): number {
    return this.#queue.bytes;
  }

  setHandlers(handlers: StreamHandlers): void {
    this.#handlers = handlers;
    this.#owner.attend(this);
  }

  write(bytes: Uint8Array): boolean {
    // A stream that broke off without its owner's knowledge takes bytes and drops them: the owner could not know.
    if (this.#writeSide !== 'open') {
      if (this.#resetCode !== undefined) return false;
      throw transportError('RTA_TRANSPORT_STREAM_CLOSED');
    }
    this.#queue.admit(bytes.byteLength);
    const taken = this.#queue.bytes === 0 ? (this.#offer(bytes, false) ?? 0) : 0;
    if (this.#resetCode !== undefined) return false;
    if (taken < bytes.byteLength) {
      this.#queue.push(bytes.subarray(taken));
      this.#owner.hold(this);
    }
    this.#owner.flushSoon();
    return this.#queue.acceptsMore();
  }

  end(): void {
    if (this.#writeSide !== 'open') return;
    this.#writeSide = 'ending';
    this.#sendQueued();
    this.#owner.flushSoon();
  }

  reset(code: number): void {
    checkCode(code);
    if (this.#isOver()) return;
    breakStream(this.#owner.native, this.id, code);
    this.#finish();
    this.#owner.flushSoon();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#owner.attend(this);
  }

  /** Whether the peer has ended its side and this side is open: then only asking shows that the peer reset it. */
  get #awaitsStop(): boolean {
    return this.#readSide !== 'open' && this.#writeSide !== 'done';
  }

  /** The connection is over: what was not delivered never will be. */
  connectionClosed(code: number): void {
    if (this.#isOver()) return;
    this.#finish();
    this.#resetCode = code;
    this.#owner.attend(this);
  }

  /**
   * Reads, writes and tells, as far as the network and the owner allow.
   *
   * @param scratch where native reads go; its contents are copied out.
   */
  turn(scratch: Buffer): void {
    if (this.#readSide === 'open') this.#read(scratch);
    if (this.#awaitsStop) this.#askForStop();
    if (this.#writeSide !== 'done') this.#sendQueued();
    this.#tell();
  }

  #isOver(): boolean {
    return this.#readSide === 'done' && this.#writeSide === 'done';
  }

  #read(scratch: Buffer): void {
    while (this.#readSide === 'open') {
      const handlers = this.#paused ? undefined : this.#handlers;
      let result: [number, boolean] | null;
      try {
        // With no room to read into, quiche still says whether the peer reset the stream.
        result = this.#owner.native.streamRecv(this.id, handlers === undefined ? NOTHING : scratch);
      } catch (error) {
        // A stream that the peer opened by opening a later one has no state before its first bytes (RFC 9000 §2.1).
        if (!isNativeError(error, 'InvalidStreamState')) this.#breakOff(error);
        return;
      }
      if (result === null) return;
      const [byteLength, ended] = result;
      if (ended) this.#readSide = 'end-unheard';
      if (handlers === undefined) return;
      if (byteLength > 0) {
        try {
          handlers.onData(copyOf(scratch, byteLength));
        } catch (error) {
          surfaceHandlerError(error);
        }
      }
      // quiche gives all that it has in order: where it left room, there is no more.
      if (byteLength < scratch.byteLength) return;
    }
  }

  #askForStop(): void {
    try {
      this.#owner.native.streamWritable(this.id, 1);
    } catch (error) {
      this.#breakOff(error);
    }
  }

  #sendQueued(): void {
    for (let chunk = this.#queue.peek(); chunk !== undefined; chunk = this.#queue.peek()) {
      const isLast = this.#writeSide === 'ending' && this.#queue.atLast;
      const taken = this.#offer(chunk, isLast) ?? 0;
      if (this.#writeSide === 'done') return;
      this.#queue.consume(taken);
      if (taken < chunk.byteLength) {
        this.#owner.hold(this);
        return;
      }
      if (isLast) {
        this.#writeSideDone();
        return;
      }
    }
    if (this.#writeSide !== 'ending') {
      if (this.#readSide === 'open') this.#owner.unhold(this);
      return;
    }
    const isSent = this.#sendEnd();
    if (this.#resetCode !== undefined) return;
    if (isSent) this.#writeSideDone();
    else this.#owner.hold(this);
  }

  /**
   * quiche forgets a stream whose bytes are all acknowledged, and with it an end that it has not sent, or that was
   * lost (https://github.com/cloudflare/quiche/issues/2525). An end that travels with bytes is safe, and so is one
   * that comes after their acknowledgement. One that would come in between waits.
   */
  #sendEnd(): boolean {
    const travelsWithBytes = this.#bytesTakenAt === this.#owner.packetsSent;
    if (!travelsWithBytes && !this.#owner.isAcknowledged(this.#bytesTakenAtMs)) return false;
    return this.#offer(NOTHING, true) !== null;
  }

  /** Gives bytes to quiche, which takes as many as the windows allow: null for none, and for no end either. */
  #offer(bytes: Uint8Array, fin: boolean): number | null {
    try {
      const taken = this.#owner.native.streamSend(this.id, bytes, fin);
      if (taken !== null && taken > 0) {
        this.#bytesTakenAt = this.#owner.packetsSent;
        this.#bytesTakenAtMs = this.#owner.nowMs();
      }
      return taken;
    } catch (error) {
      if (isNativeError(error, 'InvalidStreamState')) return null;
      this.#breakOff(error);
      return null;
    }
  }

  #writeSideDone(): void {
    this.#writeSide = 'done';
    this.#owner.unhold(this);
    if (this.#isOver()) this.#owner.release(this);
  }

  /** The peer reset the stream, as this native error says. */
  #breakOff(error: unknown): void {
    // Where the peer stopped a stream whose end had arrived, quiche may have forgotten it, and its code with it.
    const code = streamBrokenCode(error) ?? (isNativeError(error, 'InvalidStreamState') ? 0 : undefined);
    if (code === undefined) throw error;
    breakStream(this.#owner.native, this.id, code);
    this.#finish();
    this.#resetCode = code;
    this.#owner.attend(this);
  }

  #finish(): void {
    this.#queue.clear();
    this.#readSide = 'done';
    this.#writeSide = 'done';
    this.#owner.release(this);
  }

  #tell(): void {
    const handlers = this.#handlers;
    if (handlers === undefined) return;
    try {
      if (this.#resetCode !== undefined) {
        const code = this.#resetCode;
        this.#resetCode = undefined;
        handlers.onReset?.(code);
        return;
      }
      if (this.#readSide === 'end-unheard' && !this.#paused) {
        this.#readSide = 'done';
        if (this.#isOver()) this.#owner.release(this);
        else this.#owner.hold(this);
        handlers.onEnd?.();
      }
      if (this.#writeSide === 'open' && this.#queue.tellWriter()) handlers.onWritable?.();
    } catch (error) {
      surfaceHandlerError(error);
    }
  }
}
