import { transportError } from './errors.ts';
import type { TransportLimits } from './limits.ts';

/**
 * What one stream holds for a peer that reads slowly: a queue of arrays that counts its bytes and knows its marks.
 * A building block of adapters.
 */
export class SendQueue {
  readonly #limits: TransportLimits;
  #chunks: Uint8Array[] = [];
  #first = 0;
  #bytes = 0;
  #writerWaits = false;

  constructor(limits: TransportLimits) {
    this.#limits = limits;
  }

  /** Bytes in the queue. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Asks whether more may be written.
   *
   * @throws RtaError `RTA_TRANSPORT_BUFFER_FULL` where the queue and these bytes together pass the hard limit.
   */
  admit(byteLength: number): void {
    if (this.#bytes + byteLength > this.#limits.maxBufferedBytes) {
      throw transportError('RTA_TRANSPORT_BUFFER_FULL', undefined, {
        details: { bufferedBytes: this.#bytes, bytes: byteLength, limitBytes: this.#limits.maxBufferedBytes },
      });
    }
  }

  /** Adds bytes at the end; the array is the queue's from here on. */
  push(bytes: Uint8Array): void {
    if (bytes.byteLength === 0) return;
    this.#chunks.push(bytes);
    this.#bytes += bytes.byteLength;
  }

  /** The array at the front, or undefined where the queue is empty. */
  peek(): Uint8Array | undefined {
    return this.#chunks[this.#first];
  }

  /** Whether the array at the front is the only one. */
  get atLast(): boolean {
    return this.#first + 1 === this.#chunks.length;
  }

  /** Takes bytes off the array at the front: no more than it has. */
  consume(byteLength: number): void {
    const chunk = this.#chunks[this.#first];
    if (chunk === undefined || byteLength > chunk.byteLength)
      throw new RangeError('consumed more than was there');
    this.#bytes -= byteLength;
    if (byteLength < chunk.byteLength) {
      this.#chunks[this.#first] = chunk.subarray(byteLength);
      return;
    }
    this.#first += 1;
    if (this.#first === this.#chunks.length) {
      this.#chunks = [];
      this.#first = 0;
    } else if (this.#first >= 64 && this.#first * 2 >= this.#chunks.length) {
      this.#chunks = this.#chunks.slice(this.#first);
      this.#first = 0;
    }
  }

  /** Drops everything. */
  clear(): void {
    this.#chunks = [];
    this.#first = 0;
    this.#bytes = 0;
    this.#writerWaits = false;
  }

  /** What `write` returns: false above the high-water mark, and then the writer waits for `tellWriter`. */
  acceptsMore(): boolean {
    if (this.#bytes <= this.#limits.highWaterBytes) return true;
    this.#writerWaits = true;
    return false;
  }

  /** Whether a writer waits and may go on: true once, when the queue has fallen to half its high-water mark. */
  tellWriter(): boolean {
    if (!this.#writerWaits || this.#bytes > this.#limits.highWaterBytes / 2) return false;
    this.#writerWaits = false;
    return true;
  }
}
