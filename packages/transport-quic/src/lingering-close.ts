import type { Clock, Timer } from '@rta/core';
import type { PacketReceiver, QuicEndpoint } from './endpoint.ts';
import type { Address } from './native.ts';

/** What is left of a connection that this side closed. */
export interface LingeringCloseOptions {
  readonly endpoint: QuicEndpoint;
  readonly clock: Clock;
  /** The packet that said it. */
  readonly packet: Buffer;
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
 * @see RFC 9000 §10.2.1
 */
export class LingeringClose implements PacketReceiver {
  /** Settled when it answers no more. */
  readonly ended: Promise<void>;
  readonly #options: LingeringCloseOptions;
  readonly #settleEnded: () => void;
  readonly #timer: Timer;
  #latePackets = 0;

  constructor(options: LingeringCloseOptions) {
    this.#options = options;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#settleEnded = resolve;
    this.#timer = options.clock.after(options.lingerMs, () => this.end());
    for (const id of options.routes) options.endpoint.addRoute(id, this);
  }

  /** Answers no more. Idempotent. */
  end(): void {
    this.#timer.cancel();
    for (const id of this.#options.routes) this.#options.endpoint.removeRoute(id);
    this.#settleEnded();
  }

  /** Answers the first late packet, the second, the fourth, the eighth … */
  receive(): void {
    this.#latePackets += 1;
    const isPowerOfTwo = (this.#latePackets & (this.#latePackets - 1)) === 0;
    if (isPowerOfTwo) this.#options.endpoint.sender.sendPacket(this.#options.packet, this.#options.peer);
  }

  turn(): void {}

  flush(): void {}
}
