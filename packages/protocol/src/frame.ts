import { protocolError } from './errors.ts';
import { PROTOCOL_LIMITS } from './limits.ts';

/** Bytes before a frame's body: type (1) · body length (3) · request id (4), big-endian. */
export const FRAME_HEADER_BYTES = 8;

/** Frame types of rta/1. The first frame of a stream says what the stream is for (P-2.2). */
export const FRAME = {
  // control stream, opened by the client with HELLO
  hello: 0x01,
  welcome: 0x02,
  exchange: 0x03,
  exchanged: 0x04,
  bind: 0x05,
  bound: 0x06,
  delegate: 0x07,
  delegated: 0x08,
  end: 0x09,
  ended: 0x0a,
  ping: 0x0b,
  pong: 0x0c,
  goaway: 0x0d,
  error: 0x0f,
  list: 0x10,
  listed: 0x11,
  narrow: 0x12,
  narrowed: 0x13,
  // lanes, opened by the client with AUTHORIZE or RESUME
  authorize: 0x20,
  decision: 0x21,
  resume: 0x22,
  // push streams, opened by the server, one per session
  context: 0x30,
  revoked: 0x31,
  ack: 0x32,
  approval: 0x33,
} as const;

/** Wire number of a frame type. */
export type FrameType = (typeof FRAME)[keyof typeof FRAME];

/** One frame, as it left the decoder. */
export interface Frame {
  readonly type: FrameType;
  /** Chosen by who asks; the answer carries the same. 0 on GOAWAY, and on no other frame (P-3.5). */
  readonly requestId: number;
  /** The body; a view of the received bytes, which nobody changes. */
  readonly body: Uint8Array;
}

const KNOWN_TYPES: ReadonlySet<number> = new Set(Object.values(FRAME));

function isFrameType(type: number): type is FrameType {
  return KNOWN_TYPES.has(type);
}

/** GOAWAY asks nothing and answers nothing; every other frame does one of the two. */
function isRequestId(type: FrameType, requestId: number): boolean {
  return (requestId === 0) === (type === FRAME.goaway);
}

/**
 * Writes a frame header in front of a body that the caller fills in at {@link FRAME_HEADER_BYTES}.
 *
 * @throws RtaError `RTA_PROTOCOL_FRAME_TOO_LARGE`, `RTA_PROTOCOL_REQUEST_ID`
 * @throws RangeError for a request id that is not a number of 32 bits.
 */
export function writeFrameHeader(
  target: Uint8Array,
  type: FrameType,
  requestId: number,
  bodyBytes: number,
): void {
  if (requestId >>> 0 !== requestId) throw new RangeError('a request id must be a number of 32 bits');
  if (!isRequestId(type, requestId))
    throw protocolError('RTA_PROTOCOL_REQUEST_ID', undefined, { details: { type } });
  if (bodyBytes > PROTOCOL_LIMITS.maxFrameBodyBytes) throw frameTooLarge(bodyBytes);
  target[0] = type;
  target[1] = bodyBytes >>> 16;
  target[2] = bodyBytes >>> 8;
  target[3] = bodyBytes;
  target[4] = requestId >>> 24;
  target[5] = requestId >>> 16;
  target[6] = requestId >>> 8;
  target[7] = requestId;
}

function frameTooLarge(bytes: number): Error {
  const limit = PROTOCOL_LIMITS.maxFrameBodyBytes;
  return protocolError('RTA_PROTOCOL_FRAME_TOO_LARGE', undefined, { details: { bytes, limit } });
}

/**
 * One frame as bytes.
 *
 * @throws RtaError `RTA_PROTOCOL_FRAME_TOO_LARGE`, `RTA_PROTOCOL_REQUEST_ID`
 * @throws RangeError for a request id that is not a number of 32 bits.
 */
export function encodeFrame(type: FrameType, requestId: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(FRAME_HEADER_BYTES + body.byteLength);
  writeFrameHeader(bytes, type, requestId, body.byteLength);
  bytes.set(body, FRAME_HEADER_BYTES);
  return bytes;
}

/** Cuts a byte stream into frames. */
export interface FrameDecoder {
  /** Bytes of an incomplete frame that wait for the rest; never more than one frame. */
  readonly bufferedBytes: number;
  /**
   * Takes bytes as they arrive and hands out the frames that they complete, in order.
   *
   * @throws RtaError `RTA_PROTOCOL_FRAME_TYPE`, `RTA_PROTOCOL_FRAME_TOO_LARGE`, `RTA_PROTOCOL_REQUEST_ID`: judged by
   *   the header alone, before anything is kept of the body. After these, and after whatever `onFrame` throws, every
   *   call fails with `RTA_PROTOCOL_DECODER_FAILED` (P-3.4).
   */
  push(chunk: Uint8Array, onFrame: (frame: Frame) => void): void;
  /**
   * The peer will send no more.
   *
   * @throws RtaError `RTA_PROTOCOL_FRAME_CUT_OFF` where a frame is incomplete (P-3.6).
   */
  end(): void;
}

/** Makes a decoder for one direction of one stream. */
export function createFrameDecoder(): FrameDecoder {
  return new StreamFrameDecoder();
}

const NOTHING = new Uint8Array(0);

/** A class, because there is one for every stream, and most of those wait for a long time: it takes less memory. */
class StreamFrameDecoder implements FrameDecoder {
  // The start of a frame whose rest has not arrived; grows by doubling, so that a peer that trickles bytes
  // costs no more than the bytes, and one that announces much without sending it costs nothing.
  #partial = NOTHING;
  #partialBytes = 0;
  #failed = false;

  get bufferedBytes(): number {
    return this.#partialBytes;
  }

  push(chunk: Uint8Array, onFrame: (frame: Frame) => void): void {
    if (this.#failed) throw protocolError('RTA_PROTOCOL_DECODER_FAILED');
    try {
      this.#decode(chunk, onFrame);
    } catch (error) {
      this.#failed = true;
      this.#forget();
      throw error;
    }
  }

  end(): void {
    if (this.#failed) throw protocolError('RTA_PROTOCOL_DECODER_FAILED');
    if (this.#partialBytes > 0) {
      const details = { bytes: this.#partialBytes };
      throw protocolError('RTA_PROTOCOL_FRAME_CUT_OFF', undefined, { details });
    }
  }

  #decode(chunk: Uint8Array, onFrame: (frame: Frame) => void): void {
    let at = this.#partialBytes > 0 ? this.#complete(chunk, onFrame) : 0;
    while (chunk.byteLength - at >= FRAME_HEADER_BYTES) {
      const end = at + frameLength(chunk, at);
      if (end > chunk.byteLength) break;
      onFrame(readFrame(chunk.subarray(at, end)));
      at = end;
    }
    if (at < chunk.byteLength) this.#keep(chunk.subarray(at));
  }

  /** Completes the frame that was begun by earlier chunks; returns how much of this chunk it took. */
  #complete(chunk: Uint8Array, onFrame: (frame: Frame) => void): number {
    let taken = 0;
    if (this.#partialBytes < FRAME_HEADER_BYTES) {
      taken = Math.min(FRAME_HEADER_BYTES - this.#partialBytes, chunk.byteLength);
      this.#keep(chunk.subarray(0, taken));
      if (this.#partialBytes < FRAME_HEADER_BYTES) return taken;
    }
    const missing = frameLength(this.#partial, 0) - this.#partialBytes;
    const more = Math.min(missing, chunk.byteLength - taken);
    this.#keep(chunk.subarray(taken, taken + more));
    taken += more;
    if (more === missing) {
      const frame = readFrame(this.#partial.subarray(0, this.#partialBytes));
      this.#forget();
      onFrame(frame);
    }
    return taken;
  }

  #keep(bytes: Uint8Array): void {
    const needed = this.#partialBytes + bytes.byteLength;
    if (needed > this.#partial.byteLength) {
      const grown = new Uint8Array(
        Math.max(
          needed,
          Math.min(this.#partial.byteLength * 2, FRAME_HEADER_BYTES + PROTOCOL_LIMITS.maxFrameBodyBytes),
        ),
      );
      grown.set(this.#partial.subarray(0, this.#partialBytes));
      this.#partial = grown;
    }
    this.#partial.set(bytes, this.#partialBytes);
    this.#partialBytes = needed;
  }

  #forget(): void {
    this.#partial = NOTHING;
    this.#partialBytes = 0;
  }
}

/** Whole length of the frame whose header stands at `at`; refuses a header that no body should follow. */
function frameLength(bytes: Uint8Array, at: number): number {
  const type = bytes[at] ?? 0;
  if (!isFrameType(type)) throw protocolError('RTA_PROTOCOL_FRAME_TYPE', undefined, { details: { type } });
  const length = readUint24(bytes, at + 1);
  if (length > PROTOCOL_LIMITS.maxFrameBodyBytes) throw frameTooLarge(length);
  if (!isRequestId(type, readUint32(bytes, at + 4))) {
    throw protocolError('RTA_PROTOCOL_REQUEST_ID', undefined, { details: { type } });
  }
  return FRAME_HEADER_BYTES + length;
}

function readUint24(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
}

function readUint32(bytes: Uint8Array, at: number): number {
  return (((bytes[at] ?? 0) << 24) | readUint24(bytes, at + 1)) >>> 0;
}

/** Reads one whole frame whose header was judged before. */
function readFrame(bytes: Uint8Array): Frame {
  return {
    type: bytes[0] as FrameType,
    requestId: readUint32(bytes, 4),
    body: bytes.subarray(FRAME_HEADER_BYTES),
  };
}
