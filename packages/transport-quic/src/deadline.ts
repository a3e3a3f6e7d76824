import type { Clock, Timer } from '@rta/core';
import type { NativeConnection } from './native.ts';

/** A timer that fires so much too late tells that the process was held up. */
const LATE_MS = 20;

/**
 * The one timer of a connection: tells quiche when its time has come.
 *
 * It is moved only when the time comes nearer. One that fires too early looks again; so a packet need not move it,
 * which would cost more than it saves.
 */
export class Deadline {
  readonly #native: NativeConnection;
  readonly #clock: Clock;
  readonly #onPassed: () => void;
  readonly #afterReading: (callback: () => void) => void;
  #timer: Timer | undefined;
  #atMs = 0;
  #isOver = false;

  /**
   * @param events `afterReading`: calls back when what waits in the socket has been read; `onPassed`: quiche has looked
   *   at the time; there may be something to send, or the connection is over.
   */
  constructor(
    native: NativeConnection,
    clock: Clock,
    events: {
      readonly afterReading: (callback: () => void) => void;
      readonly onPassed: () => void;
    },
  ) {
    this.#native = native;
    this.#clock = clock;
    this.#afterReading = events.afterReading;
    this.#onPassed = events.onPassed;
  }

  /** Looks when quiche wants to be told next. To be called when anything was sent or read. */
  arm(): void {
    const leftMs = this.#native.timeout();
    if (leftMs === null) return;
    // quiche rounds down.
    const delayMs = leftMs + 1;
    const atMs = this.#clock.monotonicMs() + delayMs;
    if (this.#timer !== undefined) {
      if (this.#atMs <= atMs) return;
      this.#timer.cancel();
    }
    this.#atMs = atMs;
    this.#timer = this.#clock.after(delayMs, () => this.#pass());
  }

  /**
   * Where the process was held up, what the peer sent meanwhile waits in the socket, and timers come first. It is read
   * before quiche is told what time it is: or it would take a peer for silent that was not heard, and send again what
   * was acknowledged.
   */
  #pass(): void {
    const lateMs = this.#clock.monotonicMs() - this.#atMs;
    if (lateMs > LATE_MS) this.#afterReading(this.#tell);
    else this.#tell();
  }

  readonly #tell = (): void => {
    this.#timer = undefined;
    if (this.#isOver) return;
    this.#native.onTimeout();
    this.#onPassed();
  };

  cancel(): void {
    this.#isOver = true;
    this.#timer?.cancel();
  }
}
