import {
  checkCode,
  SendQueue,
  type StreamHandlers,
  surfaceHandlerError,
  type TransportLimits,
  type TransportStream,
  transportError,
} from '@rta/transport';
import { webSocketError } from './errors.ts';
import { MAX_CREDIT } from './frame-reader.ts';
import type { FrameWriter } from './frame-writer.ts';
import { WEBSOCKET_LIMITS } from './limits.ts';
import { ReceiveQueue } from './receive-queue.ts';

/** What a stream needs of its connection. */
export interface StreamOwner {
  readonly limits: TransportLimits;
  /** Gives the stream a turn of its own soon: it has something to tell. */
  attend(stream: WebSocketStream): void;
  /** The stream has bytes, or an end, that may leave. */
  sendSoon(stream: WebSocketStream): void;
  /** The program took bytes, or will never ask for them. */
  consumed(byteLength: number): void;
  /** The peer may send more on this stream, and is to be told. */
  giveCreditSoon(stream: WebSocketStream): void;
  /** Breaks the stream off at the peer, too. */
  sendReset(stream: WebSocketStream, code: number): void;
  /** The stream is over in both directions. */
  release(stream: WebSocketStream): void;
}

/**
 * One stream inside a WebSocket. Handlers are called when a message arrives, and from {@link WebSocketStream.turn};
 * no method that the program calls leads to one.
 */
export class WebSocketStream implements TransportStream {
  readonly id: number;
  readonly #owner: StreamOwner;
  readonly #unsent: SendQueue;
  readonly #unread = new ReceiveQueue();
  #handlers: StreamHandlers | undefined;
  #paused = false;
  #writeSide: 'open' | 'ending' | 'done' = 'open';
  #readSide: 'open' | 'end-unheard' | 'done' = 'open';
  /** Bytes that this side may send. */
  #sendCredit: number;
  /** Bytes that the peer may send. */
  #receiveCredit: number = WEBSOCKET_LIMITS.streamWindowBytes;
  /** Bytes that the program took and the peer has not been given again. */
  #creditOwed = 0;
  /** Whether `write` returned false, and nobody has said since that there is room. */
  #writerWaits = false;
  /** Set when the stream broke off and its owner has not heard of it. */
  #resetCode: number | undefined;

  constructor(id: number, owner: StreamOwner, sendCredit: number) {
    this.id = id;
    this.#owner = owner;
    this.#sendCredit = sendCredit;
    this.#unsent = new SendQueue(owner.limits);
  }

  get bufferedBytes(): number {
    return this.#unsent.bytes;
  }

  /** Over in both directions: nothing more will be said of it. */
  get isOver(): boolean {
    return this.#readSide === 'done' && this.#writeSide === 'done';
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
    this.#unsent.admit(bytes.byteLength);
    this.#unsent.push(bytes);
    if (this.canSend) this.#owner.sendSoon(this);
    if (this.#unsent.acceptsMore()) return true;
    this.#writerWaits = true;
    return false;
  }

  end(): void {
    if (this.#writeSide !== 'open') return;
    this.#writeSide = 'ending';
    if (this.canSend) this.#owner.sendSoon(this);
  }

  reset(code: number): void {
    checkCode(code);
    if (this.isOver) return;
    this.#owner.sendReset(this, code);
    this.#finish();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#owner.attend(this);
  }

  /** Whether there is something that this stream's own credit allows to be sent. */
  get canSend(): boolean {
    if (this.#unsent.bytes > 0) return this.#sendCredit > 0;
    return this.#writeSide === 'ending';
  }

  /**
   * Writes one frame: bytes, as far as credit and room go, and the end behind the last of them.
   *
   * @param connectionCredit bytes that may be sent over all streams.
   * @returns how many bytes it wrote.
   */
  writeFrame(writer: FrameWriter, connectionCredit: number): number {
    const byteLength = Math.min(
      this.#unsent.bytes,
      this.#sendCredit,
      connectionCredit,
      WEBSOCKET_LIMITS.maxDataBytes,
      writer.room,
    );
    const isLast = this.#writeSide === 'ending' && byteLength === this.#unsent.bytes;
    if (byteLength === 0 && !isLast) return 0;
    writer.data(this.id, this.#unsent, byteLength, isLast);
    this.#sendCredit -= byteLength;
    if (isLast) {
      this.#writeSide = 'done';
      this.#releaseIfOver();
    } else if (this.#writerWaits && this.#unsent.bytes <= this.#owner.limits.highWaterBytes / 2) {
      this.#owner.attend(this);
    }
    return byteLength;
  }

  /** The peer allows more. @throws RtaError `RTA_WEBSOCKET_CREDIT`. */
  addSendCredit(bytes: number): void {
    if (this.#sendCredit + bytes > MAX_CREDIT) throw webSocketError('RTA_WEBSOCKET_CREDIT');
    this.#sendCredit += bytes;
    if (this.canSend) this.#owner.sendSoon(this);
  }

  /** What the peer is to be given, once; 0 where it has sent its last byte. */
  takeCreditOwed(): number {
    if (this.#readSide !== 'open') return 0;
    const owed = this.#creditOwed;
    this.#creditOwed = 0;
    this.#receiveCredit += owed;
    return owed;
  }

  /** Bytes came in. @throws RtaError `RTA_WEBSOCKET_ORDER`, `RTA_WEBSOCKET_CREDIT`. */
  receive(bytes: Uint8Array, isLast: boolean): void {
    if (this.#readSide !== 'open') throw webSocketError('RTA_WEBSOCKET_ORDER', 'bytes came after an END');
    if (bytes.byteLength > this.#receiveCredit) throw webSocketError('RTA_WEBSOCKET_CREDIT');
    this.#receiveCredit -= bytes.byteLength;
    if (isLast) this.#readSide = 'end-unheard';
    this.#unread.push(this.#unread.bytes === 0 ? bytes.subarray(this.#deliver(bytes)) : bytes);
    this.#tellEnd();
  }

  /** The peer broke the stream off. */
  receiveReset(code: number): void {
    this.#breakOff(code);
    this.#tellReset();
  }

  /** The connection is over: what was not delivered never will be. */
  connectionClosed(code: number): void {
    if (this.isOver) return;
    this.#breakOff(code);
    this.#owner.attend(this);
  }

  /** Tells the program what it has not heard. Called by the connection, from the event loop. */
  turn(): void {
    this.#tellReset();
    this.#readOn();
    this.#tellEnd();
    if (this.#writeSide === 'open' && this.#handlers !== undefined && this.#unsent.tellWriter()) {
      this.#writerWaits = false;
      this.#call((handlers) => handlers.onWritable?.());
    }
  }

  /** Gives bytes to the program, each chunk in an array of its own; returns how many it took. */
  #deliver(bytes: Uint8Array): number {
    const { maxChunkBytes } = this.#owner.limits;
    let offset = 0;
    while (offset < bytes.byteLength && this.#isReading) {
      const chunk = bytes.slice(offset, offset + maxChunkBytes);
      offset += chunk.byteLength;
      this.#give(chunk);
    }
    // What a stream that broke off meanwhile had left is nobody's.
    if (this.#readSide === 'done') {
      this.#owner.consumed(bytes.byteLength - offset);
      return bytes.byteLength;
    }
    return offset;
  }

  #readOn(): void {
    while (this.#unread.bytes > 0 && this.#isReading) {
      this.#give(this.#unread.take(Math.min(this.#unread.bytes, this.#owner.limits.maxChunkBytes)));
    }
  }

  get #isReading(): boolean {
    return this.#handlers !== undefined && !this.#paused && this.#readSide !== 'done';
  }

  #give(chunk: Uint8Array): void {
    this.#owner.consumed(chunk.byteLength);
    this.#creditOwed += chunk.byteLength;
    if (this.#creditOwed >= WEBSOCKET_LIMITS.streamWindowBytes / 2 && this.#readSide === 'open') {
      this.#owner.giveCreditSoon(this);
    }
    this.#call((handlers) => handlers.onData(chunk));
  }

  #tellEnd(): void {
    if (this.#readSide !== 'end-unheard' || this.#unread.bytes > 0 || !this.#isReading) return;
    this.#readSide = 'done';
    this.#releaseIfOver();
    this.#call((handlers) => handlers.onEnd?.());
  }

  #tellReset(): void {
    const code = this.#resetCode;
    if (code === undefined || this.#handlers === undefined) return;
    this.#resetCode = undefined;
    this.#call((handlers) => handlers.onReset?.(code));
  }

  #call(tell: (handlers: StreamHandlers) => void): void {
    if (this.#handlers === undefined) return;
    try {
      tell(this.#handlers);
    } catch (error) {
      surfaceHandlerError(error);
    }
  }

  #breakOff(code: number): void {
    this.#finish();
    this.#resetCode = code;
  }

  #finish(): void {
    this.#owner.consumed(this.#unread.bytes);
    this.#unread.clear();
    this.#unsent.clear();
    this.#readSide = 'done';
    this.#writeSide = 'done';
    this.#owner.release(this);
  }

  #releaseIfOver(): void {
    if (this.isOver) this.#owner.release(this);
  }
}
