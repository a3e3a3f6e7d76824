import type { SendQueue } from '@rta/transport';
import { FRAME_TYPE, type Settings } from './frame-reader.ts';
import { WEBSOCKET_LIMITS } from './limits.ts';
import { writeVarint } from './varint.ts';

/** A type and two numbers: the longest frame but for the bytes in it, since a length is a short number. */
const MAX_FRAME_HEADER_BYTES = 17;

/**
 * Writes frames into one space, message by message. A listener's connections share one: a message is written and taken
 * out in one go.
 */
export class FrameWriter {
  readonly #space = new Uint8Array(WEBSOCKET_LIMITS.maxMessageBytes);
  #offset = 0;

  get isEmpty(): boolean {
    return this.#offset === 0;
  }

  /** How many bytes of a stream still fit, with their header; negative where not even another frame does. */
  get room(): number {
    return this.#space.byteLength - this.#offset - MAX_FRAME_HEADER_BYTES;
  }

  /** The message, in memory of its own; the next one begins. */
  take(): Buffer {
    const message = Buffer.from(this.#space.subarray(0, this.#offset));
    this.#offset = 0;
    return message;
  }

  settings(settings: Settings): void {
    this.#type(FRAME_TYPE.settings);
    this.#number(settings.streamWindowBytes);
    this.#number(settings.connectionWindowBytes);
    this.#number(settings.streamCount);
    this.#number(settings.idleTimeoutMs);
  }

  /** Takes the bytes off the queue; `isLast` says that the stream's direction ends with them. */
  data(id: number, queue: SendQueue, byteLength: number, isLast: boolean): void {
    this.#type(isLast ? FRAME_TYPE.end : FRAME_TYPE.data);
    this.#number(id);
    this.#number(byteLength);
    for (let left = byteLength; left > 0; ) {
      const chunk = queue.peek();
      if (chunk === undefined) throw new RangeError('wrote more than was there');
      const part = chunk.byteLength <= left ? chunk : chunk.subarray(0, left);
      this.#space.set(part, this.#offset);
      this.#offset += part.byteLength;
      left -= part.byteLength;
      queue.consume(part.byteLength);
    }
  }

  reset(id: number, code: number): void {
    this.#type(FRAME_TYPE.reset);
    this.#number(id);
    this.#number(code);
  }

  streamCredit(id: number, bytes: number): void {
    this.#type(FRAME_TYPE.streamCredit);
    this.#number(id);
    this.#number(bytes);
  }

  connectionCredit(bytes: number): void {
    this.#type(FRAME_TYPE.connectionCredit);
    this.#number(bytes);
  }

  streams(count: number): void {
    this.#type(FRAME_TYPE.streams);
    this.#number(count);
  }

  close(code: number, reason: Uint8Array): void {
    this.#type(FRAME_TYPE.close);
    this.#number(code);
    this.#number(reason.byteLength);
    this.#space.set(reason, this.#offset);
    this.#offset += reason.byteLength;
  }

  #type(type: number): void {
    this.#space[this.#offset] = type;
    this.#offset += 1;
  }

  #number(value: number): void {
    this.#offset = writeVarint(this.#space, this.#offset, value);
  }
}
