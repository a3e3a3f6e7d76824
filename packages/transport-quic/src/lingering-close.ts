import type { Clock, Timer } from '@rta/core';
import type { PacketReceiver, QuicEndpoint } from './endpoint.ts';
import type { Address, NativeConnection } from './native.ts';

/** What is left of a connection that this side closed. */
export interface LingeringCloseOptions {
  readonly endpoint: QuicEndpoint;
  readonly clock: Clock;
  /** The packet that said it; undefined where the congestion window had no room for it. */
  readonly packet: Buffer | undefined;
  /** Has been closed. Asked for the packet again where there is none, and not kept otherwise. */
  readonly native: NativeConnection;
  readonly peer: Address;
  /** Destination ids of the connection's packets. */
  readonly routes: readonly Uint8Array[];
  /** How long to go on answering. */
  readonly lingerMs: number;
}

/**
 * Says again that a connection is closed, to a peer that still sends because it has not heard: a close is sent once,
 * and one datagram may be lost. It keeps the one packet, not the connection.
 *
 * quiche holds a close back as it does data: while the peer has a window full of packets to acknowledge, as one has
 * that is closed for being too slow. Then it leaves with quiche's probe, when its timer fires.
 *
 * @see RFC 9000 §10.2.1
 */
export class LingeringClose implements PacketReceiver {
  /** Settled when the close has left, or will not. */
  readonly told: Promise<void>;
  /** Settled when it answers no more. */
  readonly ended: Promise<void>;
  readonly #endpoint: QuicEndpoint;
  readonly #clock: Clock;
  readonly #peer: Address;
  readonly #routes: readonly Uint8Array[];
  readonly #settleTold: () => void;
  readonly #settleEnded: () => void;
  readonly #timer: Timer;
  #packet: Buffer | undefined;
  #probeTimer: Timer | undefined;
  #latePackets = 0;

  constructor(options: LingeringCloseOptions) {
    this.#endpoint = options.endpoint;
    this.#clock = options.clock;
    this.#peer = options.peer;
    this.#routes = options.routes;
    const told = Promise.withResolvers<void>();
    this.told = told.promise;
    this.#settleTold = told.resolve;
    const ended = Promise.withResolvers<void>();
    this.ended = ended.promise;
    this.#settleEnded = ended.resolve;
    this.#timer = options.clock.after(options.lingerMs, () => this.end());
    for (const id of options.routes) options.endpoint.addRoute(id, this);
    if (options.packet === undefined) this.#probeLater(options.native);
    else this.#keep(options.packet);
  }

  /** Answers no more. Idempotent. */
  end(): void {
    this.#timer.cancel();
    this.#probeTimer?.cancel();
    for (const id of this.#routes) this.#endpoint.removeRoute(id);
    this.#settleTold();
    this.#settleEnded();
  }

  /** Answers the first late packet, the second, the fourth, the eighth … */
  receive(): void {
    if (this.#packet === undefined) return;
    this.#latePackets += 1;
    const isPowerOfTwo = (this.#latePackets & (this.#latePackets - 1)) === 0;
    if (isPowerOfTwo) this.#endpoint.sender.sendPacket(this.#packet, this.#peer);
  }

  turn(): void {}

  flush(): void {}

  /** The packet is a view of a large slab, which would live as long. */
  #keep(packet: Buffer): void {
    this.#packet = Buffer.from(packet);
    this.#settleTold();
  }

  #probeLater(native: NativeConnection): void {
    const leftMs = native.timeout();
    if (leftMs === null) {
      this.#settleTold();
      return;
    }
    // quiche rounds down.
    this.#probeTimer = this.#clock.after(leftMs + 1, () => {
      const { sender } = this.#endpoint;
      let sent: ReturnType<NativeConnection['send']>;
      try {
        native.onTimeout();
        sent = native.send(sender.space());
      } catch {
        // quiche has no path for it: the close cannot be said.
        this.#settleTold();
        return;
      }
      if (sent === null) this.#probeLater(native);
      else this.#keep(sender.send(sent[0], this.#peer));
    });
  }
}
