/** A timer that can be stopped; stopping it twice, or after it fired, does nothing. */
export interface Timer {
  cancel(): void;
}

/**
 * Time as an argument. Code above floor 1 takes one of these instead of calling `Date.now` or `setTimeout`,
 * so that tests decide what time it is.
 */
export interface Clock {
  /** UNIX time in milliseconds. */
  now(): number;
  /** Monotonic time in milliseconds, for durations; its zero means nothing. */
  monotonicMs(): number;
  /** Calls back once, after `delayMs` or more. The timer does not keep the process alive. */
  after(delayMs: number, callback: () => void): Timer;
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};
