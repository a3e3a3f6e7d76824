import type { Clock, Timer } from '@rta/core';
import type { NativeConnection } from './native.ts';

/** Asks a silent peer for a sign of life, so that neither side nor a NAT between them takes the connection for dead. */
export class KeepAlive {
  readonly #native: NativeConnection;
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #onAsked: () => void;
  readonly #onSilence: () => void;
  #timer: Timer | undefined;
  /** Packets that quiche took: noise from somebody who wants the connection to fall silent is none. */
  #heard: number;
  /** Half intervals in which, as far as is known, nothing came and the peer was not asked. */
  #quietHalves = 0;
  /** The peer was asked. */
  #hasAsked = false;

  /**
   * @param intervalMs how long nothing has to come before the peer is asked.
   * @param events `onAsked`: there is a packet to send; `onSilence`: the peer was asked, and gave no sign.
   */
  constructor(
    native: NativeConnection,
    clock: Clock,
    intervalMs: number,
    events: { readonly onAsked: () => void; readonly onSilence: () => void },
  ) {
    this.#native = native;
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#onAsked = events.onAsked;
    this.#onSilence = events.onSilence;
    this.#heard = native.stats().recv;
    this.#wait();
  }

  cancel(): void {
    this.#timer?.cancel();
  }

  /** Looks twice in an interval: who looked once would ask up to two intervals after the last packet came. */
  #wait(): void {
    this.#timer = this.#clock.after(this.#intervalMs / 2, () => {
      this.#look();
      this.#wait();
    });
  }

  #look(): void {
    const { recv } = this.#native.stats();
    if (recv === this.#heard) {
      this.#quietHalves += 1;
    } else {
      this.#heard = recv;
      this.#hasAsked = false;
      // When it came is not known; that it came right after the last look is the safe side.
      this.#quietHalves = 1;
    }
    if (this.#quietHalves < 2) return;
    if (this.#hasAsked) this.#onSilence();
    this.#ask();
    this.#onAsked();
    this.#hasAsked = true;
    this.#quietHalves = 0;
  }

  #ask(): void {
    try {
      this.#native.sendAckEliciting();
    } catch {
      // quiche has no path to ask on, while an address changes; where that lasts, the idle timeout ends it.
    }
  }
}
