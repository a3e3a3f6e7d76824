import type { TLSSocket } from 'node:tls';
import type { Clock, Timer } from '@rta/core';

/** What is fixed when a listener opens. */
export interface HandshakesOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** A client took too long; its socket is destroyed. */
  readonly onTimeout: (socket: TLSSocket) => void;
}

/** The clients that are done with TLS and have no connection yet: each has until its time is over. */
export class Handshakes {
  readonly #options: HandshakesOptions;
  readonly #timers = new Map<TLSSocket, Timer>();

  constructor(options: HandshakesOptions) {
    this.#options = options;
  }

  /** TLS is complete. */
  begin(socket: TLSSocket): void {
    const { clock, timeoutMs, onTimeout } = this.#options;
    const timer = clock.after(timeoutMs, () => {
      this.end(socket);
      onTimeout(socket);
      socket.destroy();
    });
    this.#timers.set(socket, timer);
    socket.once('close', () => this.end(socket));
  }

  /** There is a connection, or there will be none. Returns whether it was in progress. */
  end(socket: TLSSocket): boolean {
    this.#timers.get(socket)?.cancel();
    return this.#timers.delete(socket);
  }

  /** Breaks all of them off. */
  destroyAll(): void {
    for (const socket of this.#timers.keys()) socket.destroy();
  }
}
