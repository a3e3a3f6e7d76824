import { TRANSPORT_LIMITS } from '@rta/transport';
import { webSocketError } from './errors.ts';
import { WEBSOCKET_LIMITS } from './limits.ts';
import { readVarint, varintByteLength } from './varint.ts';

/** Types of frames (`docs/spec/streams-over-websocket.md` §3). */
export const FRAME_TYPE = {
  settings: 0x00,
  data: 0x01,
  end: 0x02,
  reset: 0x03,
  streamCredit: 0x04,
  connectionCredit: 0x05,
  streams: 0x06,
  close: 0x07,
} as const;

/** Credit that is not used up is never above this: 2^31 - 1. */
export const MAX_CREDIT = 0x7fff_ffff;

/** What a side allows its peer at the start. */
export interface Settings {
  /** Bytes that the peer may send on each stream, whoever opens it. */
  readonly streamWindowBytes: number;
  /** Bytes that the peer may send over all streams. */
  readonly connectionWindowBytes: number;
  /** Streams that the peer may open. */
  readonly streamCount: number;
  /** A connection over which nothing arrives for this long is dead for this side. */
  readonly idleTimeoutMs: number;
}

/** Given the frames of a message, one after the other. Arrays are views of the message. */
export interface FrameHandler {
  onSettings(settings: Settings): void;
  /** Bytes of a stream; `isLast` says that the stream's direction ends with them. */
  onData(id: number, bytes: Uint8Array, isLast: boolean): void;
  onReset(id: number, code: number): void;
  onStreamCredit(id: number, bytes: number): void;
  onConnectionCredit(bytes: number): void;
  onStreams(count: number): void;
  onClose(code: number, reason: Uint8Array): void;
}

/**
 * Reads the frames of one message, which holds whole frames only.
 *
 * @throws RtaError `RTA_WEBSOCKET_FRAME` at the first frame that is not as specified: those before it were handled.
 *   And what the handler throws.
 */
export function readFrames(message: Uint8Array, handler: FrameHandler): void {
  const cursor = new Cursor(message);
  do readFrame(cursor, handler);
  while (!cursor.isAtEnd);
}

function readFrame(cursor: Cursor, handler: FrameHandler): void {
  const type = cursor.byte();
  switch (type) {
    case FRAME_TYPE.data:
    case FRAME_TYPE.end: {
      const id = cursor.number();
      const isLast = type === FRAME_TYPE.end;
      const byteLength = cursor.numberIn(isLast ? 0 : 1, WEBSOCKET_LIMITS.maxDataBytes);
      handler.onData(id, cursor.bytes(byteLength), isLast);
      return;
    }
    case FRAME_TYPE.streamCredit:
      handler.onStreamCredit(cursor.number(), cursor.numberIn(1, MAX_CREDIT));
      return;
    case FRAME_TYPE.connectionCredit:
      handler.onConnectionCredit(cursor.numberIn(1, MAX_CREDIT));
      return;
    case FRAME_TYPE.reset:
      handler.onReset(cursor.number(), cursor.number());
      return;
    case FRAME_TYPE.streams:
      handler.onStreams(cursor.numberIn(1, MAX_CREDIT));
      return;
    case FRAME_TYPE.settings:
      handler.onSettings({
        streamWindowBytes: cursor.numberIn(1, MAX_CREDIT),
        connectionWindowBytes: cursor.numberIn(1, MAX_CREDIT),
        streamCount: cursor.numberIn(0, MAX_CREDIT),
        idleTimeoutMs: cursor.numberIn(1, MAX_CREDIT),
      });
      return;
    case FRAME_TYPE.close: {
      const code = cursor.number();
      handler.onClose(code, cursor.bytes(cursor.numberIn(0, TRANSPORT_LIMITS.maxReasonBytes)));
      return;
    }
    default:
      throw webSocketError('RTA_WEBSOCKET_FRAME', 'a frame has a type that is not known', {
        details: { type },
      });
  }
}

/** A place in a message. */
class Cursor {
  readonly #message: Uint8Array;
  #offset = 0;

  constructor(message: Uint8Array) {
    this.#message = message;
  }

  get isAtEnd(): boolean {
    return this.#offset === this.#message.byteLength;
  }

  byte(): number {
    const byte = this.#message[this.#offset];
    if (byte === undefined) throw webSocketError('RTA_WEBSOCKET_FRAME', 'the message ends inside a frame');
    this.#offset += 1;
    return byte;
  }

  number(): number {
    const value = readVarint(this.#message, this.#offset);
    this.#offset += varintByteLength(value);
    return value;
  }

  numberIn(lowest: number, highest: number): number {
    const value = this.number();
    if (value < lowest || value > highest) {
      throw webSocketError('RTA_WEBSOCKET_FRAME', 'a frame has a number that is out of range', {
        details: { value, lowest, highest },
      });
    }
    return value;
  }

  bytes(byteLength: number): Uint8Array {
    const end = this.#offset + byteLength;
    if (end > this.#message.byteLength) {
      throw webSocketError('RTA_WEBSOCKET_FRAME', 'the message ends inside a frame');
    }
    const bytes = this.#message.subarray(this.#offset, end);
    this.#offset = end;
    return bytes;
  }
}
