import { checkCode, surfaceHandlerError } from './close.ts';
import { transportError } from './errors.ts';
import type { TransportLimits } from './limits.ts';
import { SendQueue } from './send-queue.ts';
import type { StreamHandlers, TransportStream } from './transport.ts';

/** What a stream needs of its connection. */
export interface MemoryStreamOwner {
  readonly limits: TransportLimits;
  /** Gives the stream a turn in the next turn of the event loop. */
  attend(stream: MemoryStream): void;
  /** The stream of the peer has shown itself: it, and those opened before it, are given to the program. */
  reveal(stream: MemoryStream): void;
  /** The stream is over in both directions. */
  release(stream: MemoryStream): void;
}

/**
 * One end of an in-memory stream. What an end writes waits in its own queue until the other end takes it, in a turn
 * of its own: so a reader that pauses holds the writer back, and no call leads to a handler.
 */
export class MemoryStream implements TransportStream {
  readonly id: number;
  readonly #owner: MemoryStreamOwner;
  readonly #queue: SendQueue;
  #other: MemoryStream | undefined;
  #handlers: StreamHandlers | undefined;
  #paused = false;
  /** `ending`: the other end has not taken everything, or not heard of the end. */
  #writeSide: 'open' | 'ending' | 'done' = 'open';
  #readSide: 'open' | 'done' = 'open';
  /** Set when the stream broke off and its owner has not heard of it. */
  #resetCode: number | undefined;

  constructor(id: number, owner: MemoryStreamOwner) {
    this.id = id;
    this.#owner = owner;
    this.#queue = new SendQueue(owner.limits);
  }

  /** Makes two ends one stream. */
  static join(one: MemoryStream, other: MemoryStream): void {
    one.#other = other;
    other.#other = one;
  }

  get bufferedBytes(): number {
    return this.#writeSide === 'done' ? 0 : this.#queue.bytes;
  }

  setHandlers(handlers: StreamHandlers): void {
    this.#handlers = handlers;
    this.#owner.attend(this);
  }

  write(bytes: Uint8Array): boolean {
    if (this.#writeSide !== 'open') {
      // It broke off, and the owner could not know: the bytes are dropped like those on their way.
      if (this.#resetCode !== undefined) return false;
      throw transportError('RTA_TRANSPORT_STREAM_CLOSED');
    }
    this.#queue.admit(bytes.byteLength);
    this.#queue.push(bytes);
    if (bytes.byteLength > 0) this.#wakeOther();
    return this.#queue.acceptsMore();
  }

  end(): void {
    if (this.#writeSide !== 'open') return;
    this.#writeSide = 'ending';
    this.#wakeOther();
  }

  reset(code: number): void {
    checkCode(code);
    if (this.#isOver()) return;
    this.#finish();
    this.#queue.clear();
    const other = this.#other;
    if (other === undefined || other.#isOver()) return;
    other.#finish();
    other.#resetCode = code;
    this.#wakeOther();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#owner.attend(this);
  }

  /** The connection is over: what was not delivered never will be. */
  connectionClosed(code: number): void {
    if (this.#isOver()) return;
    this.#finish();
    this.#resetCode = code;
    this.#owner.attend(this);
  }

  /** Takes what the other end wrote, and tells the owner. Called by the connection, from the event loop. */
  turn(): void {
    const handlers = this.#handlers;
    if (handlers === undefined) return;
    try {
      this.#deliver(handlers);
    } catch (error) {
      surfaceHandlerError(error);
      // What the handler left is delivered all the same.
      this.#owner.attend(this);
    }
  }

  #deliver(handlers: StreamHandlers): void {
    if (this.#resetCode !== undefined) {
      const code = this.#resetCode;
      this.#resetCode = undefined;
      handlers.onReset?.(code);
      return;
    }
    this.#read(handlers);
    if (this.#writeSide === 'open' && this.#queue.tellWriter()) handlers.onWritable?.();
  }

  #read(handlers: StreamHandlers): void {
    const other = this.#other;
    if (other === undefined) return;
    // Only what was there when the turn began: what a handler makes the other end write comes in the next turn.
    let available = other.#queue.bytes;
    while (available > 0 && this.#readSide === 'open' && !this.#paused) {
      const chunk = other.#take(Math.min(available, this.#owner.limits.maxChunkBytes));
      available -= chunk.byteLength;
      handlers.onData(chunk);
    }
    if (this.#readSide !== 'open' || this.#paused) return;
    if (other.#queue.bytes > 0) {
      this.#owner.attend(this);
    } else if (other.#writeSide === 'ending') {
      this.#readSide = 'done';
      other.#writeSide = 'done';
      this.#releaseIfOver();
      other.#releaseIfOver();
      handlers.onEnd?.();
    }
  }

  /** Bytes off the front of the queue, in an array of their own. */
  #take(byteLength: number): Uint8Array {
    const taken = new Uint8Array(byteLength);
    for (let offset = 0; offset < byteLength; ) {
      const chunk = this.#queue.peek();
      if (chunk === undefined) throw new RangeError('took more than was there');
      const part = chunk.subarray(0, byteLength - offset);
      taken.set(part, offset);
      this.#queue.consume(part.byteLength);
      offset += part.byteLength;
    }
    this.#owner.attend(this);
    return taken;
  }

  #wakeOther(): void {
    const other = this.#other;
    if (other === undefined) return;
    other.#owner.reveal(other);
    other.#owner.attend(other);
  }

  #isOver(): boolean {
    return this.#readSide === 'done' && this.#writeSide === 'done';
  }

  #releaseIfOver(): void {
    if (this.#isOver()) this.#owner.release(this);
  }

  #finish(): void {
    this.#readSide = 'done';
    this.#writeSide = 'done';
    this.#owner.release(this);
  }
}
