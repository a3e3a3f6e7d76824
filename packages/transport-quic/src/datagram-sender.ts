import type { Socket } from 'node:dgram';
import { QUIC_LIMITS } from './limits.ts';
import type { Address } from './native.ts';

const SLAB_BYTES = 65_536;

/**
 * Sends datagrams out of large slabs: a packet costs no allocation of its own, and a slab lives until the last of
 * its packets has left (a send may be asynchronous, so the memory of a packet is never used again).
 */
export class DatagramSender {
  readonly #socket: Socket;
  readonly #connected: boolean;
  readonly #onSent: ((error: Error | null) => void) | undefined;
  #slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
  #offset = 0;
  #space: Buffer | undefined;
  #isClosed = false;

  /**
   * @param connected the socket has a fixed peer.
   * @param onError told when the operating system refuses a packet, which it otherwise does in silence.
   */
  constructor(socket: Socket, connected: boolean, onError?: (error: Error) => void) {
    this.#socket = socket;
    this.#connected = connected;
    this.#onSent = onError === undefined ? undefined : (error) => error !== null && onError(error);
  }

  /** Room for the largest packet; write into it, then `send`. */
  space(): Buffer {
    if (this.#space !== undefined) return this.#space;
    if (this.#offset + QUIC_LIMITS.loopbackPacketBytes > SLAB_BYTES) {
      this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
      this.#offset = 0;
    }
    this.#space = this.#slab.subarray(this.#offset, this.#offset + QUIC_LIMITS.loopbackPacketBytes);
    return this.#space;
  }

  /** Sends the first bytes of `space()`, and returns them: they stay as they are. */
  send(byteLength: number, to: Address): Buffer {
    const packet = this.take(byteLength);
    this.sendPacket(packet, to);
    return packet;
  }

  /** The first bytes of `space()`, for the caller to send: they stay as they are. */
  take(byteLength: number): Buffer {
    const packet = this.space().subarray(0, byteLength);
    this.#space = undefined;
    this.#offset += byteLength;
    return packet;
  }

  /** Sends a packet that somebody else keeps. A packet that cannot leave is lost, as on any network. */
  sendPacket(packet: Buffer, to: Address): void {
    if (this.#isClosed || this.#socket.getSendQueueSize() > QUIC_LIMITS.maxSendBacklogBytes) return;
    // Anybody can send from port 0, and nobody can send to it: Node.js would throw.
    if (to.port === 0) return;
    // Without an offset and a length, for which Node.js would make another view of the memory.
    if (this.#connected) this.#socket.send(packet, this.#onSent);
    else this.#socket.send(packet, to.port, to.host);
  }

  /** Whether the operating system has taken everything. */
  get isIdle(): boolean {
    return this.#isClosed || this.#socket.getSendQueueCount() === 0;
  }

  /** Whether the socket is closed: whatever is to be sent is lost. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The socket is closed. */
  close(): void {
    this.#isClosed = true;
  }
}
