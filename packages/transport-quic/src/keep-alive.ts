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
    this.#wait();
  }

  cancel(): void {
    this.#timer?.cancel();
  }

  #wait(): void {
    // Packets that quiche took: noise from somebody who wants the connection to fall silent is none.
    const heard = this.#native.stats().recv;
    this.#timer = this.#clock.after(this.#intervalMs, () => {
      const isSilent = this.#native.stats().recv === heard;
      if (isSilent) {
        if (this.#hasAsked) this.#onSilence();
        this.#ask();
        this.#onAsked();
      }
      this.#hasAsked = isSilent;
      this.#wait();
    });
  }

  #ask(): void {
    try {
      this.#native.sendAckEliciting();
    } catch {
      // quiche has no path to ask on, while an address changes; where that lasts, the idle timeout ends it.
    }
  }
}
