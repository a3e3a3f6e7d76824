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
  #slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
  #offset = 0;
  #space: Buffer | undefined;

  /** @param connected the socket has a fixed peer. */
  constructor(socket: Socket, connected: boolean) {
    this.#socket = socket;
    this.#connected = connected;
  }

  /** Room for one packet; write into it, then `send`. */
  space(): Buffer {
    if (this.#space !== undefined) return this.#space;
    if (this.#offset + QUIC_LIMITS.packetBytes > SLAB_BYTES) {
      this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
      this.#offset = 0;
    }
    this.#space = this.#slab.subarray(this.#offset, this.#offset + QUIC_LIMITS.packetBytes);
    return this.#space;
  }

  /** Sends the first bytes of `space()`, and returns them: they stay as they are. */
  send(byteLength: number, to: Address): Buffer {
    const packet = this.space().subarray(0, byteLength);
    this.#space = undefined;
    this.#offset += byteLength;
    this.sendPacket(packet, to);
    return packet;
  }

  /** Sends a packet that somebody else keeps. A packet that cannot leave is lost, as on any network. */
  sendPacket(packet: Buffer, to: Address): void {
    if (this.#socket.getSendQueueSize() > QUIC_LIMITS.maxSendBacklogBytes) return;
    // Anybody can send from port 0, and nobody can send to it: Node.js would throw.
    if (to.port === 0) return;
    if (this.#connected) this.#socket.send(packet, 0, packet.byteLength);
    else this.#socket.send(packet, 0, packet.byteLength, to.port, to.host);
  }

  /** Whether the operating system has taken everything. */
  get isIdle(): boolean {
    return this.#socket.getSendQueueCount() === 0;
  }
}
