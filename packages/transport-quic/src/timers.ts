import type { Clock, Timer } from '@rta/core';

/** The timers of something that ends: none of them fires afterwards. */
export class Timers {
  readonly #clock: Clock;
  readonly #waiting = new Set<Timer>();
  #isEnded = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls back once, after `delayMs` or more. */
  after(delayMs: number, callback: () => void): Timer {
    if (this.#isEnded) return { cancel: () => {} };
    const timer = this.#clock.after(delayMs, () => {
      this.#waiting.delete(timer);
      callback();
    });
    this.#waiting.add(timer);
    return {
      cancel: () => {
        timer.cancel();
        this.#waiting.delete(timer);
      },
    };
  }

  /** Resolves after `delayMs` or more; never, when it ends before. */
  wait(delayMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.after(delayMs, resolve);
    return promise;
  }

  /** Cancels them all. */
  end(): void {
    this.#isEnded = true;
    for (const timer of this.#waiting) timer.cancel();
    this.#waiting.clear();
  }
}
