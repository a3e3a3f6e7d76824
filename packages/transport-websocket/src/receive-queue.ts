import { WEBSOCKET_LIMITS } from './limits.ts';

/**
 * What a stream holds for a reader that pauses or has not come yet. Bytes are copied into blocks: the message that they
 * came in is not kept for their sake, and a peer that sends byte by byte costs no array a byte.
 */
export class ReceiveQueue {
  #blocks: Uint8Array[] = [];
  /** Bytes of the first block that were taken. */
  #taken = 0;
  /** Bytes of the last block that are in use. */
  #used = 0;
  #bytes = 0;

  /** Bytes in the queue. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Adds a copy of the bytes. */
  push(bytes: Uint8Array): void {
    this.#bytes += bytes.byteLength;
    const last = this.#blocks.at(-1);
    let copied = 0;
    if (last !== undefined) {
      const part = bytes.subarray(0, last.byteLength - this.#used);
      last.set(part, this.#used);
      this.#used += part.byteLength;
      copied = part.byteLength;
    }
    if (copied === bytes.byteLength) return;
    const rest = bytes.subarray(copied);
    const block = new Uint8Array(Math.max(rest.byteLength, WEBSOCKET_LIMITS.receiveBlockBytes));
    block.set(rest);
    this.#blocks.push(block);
    this.#used = rest.byteLength;
  }

  /** Bytes off the front, in an array of their own: no more than are there. */
  take(byteLength: number): Uint8Array {
    if (byteLength > this.#bytes) throw new RangeError('took more than was there');
    const out = new Uint8Array(byteLength);
    let offset = 0;
    let finished = 0;
    for (const block of this.#blocks) {
      if (offset === byteLength) break;
      const end = finished + 1 === this.#blocks.length ? this.#used : block.byteLength;
      const part = block.subarray(this.#taken, Math.min(end, this.#taken + byteLength - offset));
      out.set(part, offset);
      offset += part.byteLength;
      this.#taken += part.byteLength;
      if (this.#taken < end) break;
      this.#taken = 0;
      finished += 1;
    }
    if (finished > 0) this.#blocks.splice(0, finished);
    this.#bytes -= byteLength;
    return out;
  }

  /** Drops everything. */
  clear(): void {
    this.#blocks = [];
    this.#taken = 0;
    this.#used = 0;
    this.#bytes = 0;
  }
}
