import type { Clock, Timer } from '@rta/core';

/** What is fixed when a connection begins. */
export interface LivenessOptions {
  readonly clock: Clock;
  /** Of this side. */
  readonly idleTimeoutMs: number;
  /** Ping when nothing arrived for this long; undefined for never. */
  readonly keepAliveMs: number | undefined;
  readonly ping: () => void;
  /** The peer is taken for dead; told once. */
  readonly onDead: (reason: string) => void;
}

/**
 * Watches whether the peer is there: something arrives now and then, and what is sent is taken. A peer that goes on
 * sending and never reads is as dead as one that is silent.
 *
 * Timers are not moved by each arrival, which would cost more than it saves: one that fires too early looks again.
 */
export class Liveness {
  readonly #options: LivenessOptions;
  #heardAtMs: number;
  /** Messages that the operating system has not taken. */
  #unsentCount = 0;
  /** When the operating system last took a message, or there was none to take. */
  #progressAtMs: number;
  #idleTimer: Timer | undefined;
  #keepAliveTimer: Timer | undefined;
  #isStopped = false;

  constructor(options: LivenessOptions) {
    this.#options = options;
    this.#heardAtMs = options.clock.monotonicMs();
    this.#progressAtMs = this.#heardAtMs;
  }

  /** Begins to watch. The shorter of the two idle timeouts counts, so that a keep-alive comes in time for it. */
  start(peerIdleTimeoutMs: number): void {
    const { idleTimeoutMs, keepAliveMs } = this.#options;
    this.#watch();
    if (keepAliveMs === undefined) return;
    this.#keepAlive(Math.min(keepAliveMs, Math.ceil(Math.min(idleTimeoutMs, peerIdleTimeoutMs) / 3)));
  }

  /** Something arrived. */
  heard(): void {
    this.#heardAtMs = this.#options.clock.monotonicMs();
  }

  /** A message is given to the socket. */
  sending(): void {
    if (this.#unsentCount === 0) this.#progressAtMs = this.#options.clock.monotonicMs();
    this.#unsentCount += 1;
  }

  /** The operating system took a message. */
  sent(): void {
    this.#unsentCount -= 1;
    this.#progressAtMs = this.#options.clock.monotonicMs();
  }

  /** Ends watching. Idempotent. */
  stop(): void {
    this.#isStopped = true;
    this.#idleTimer?.cancel();
    this.#keepAliveTimer?.cancel();
  }

  #watch(): void {
    const { clock, idleTimeoutMs, onDead } = this.#options;
    const nowMs = clock.monotonicMs();
    const heardMs = this.#heardAtMs + idleTimeoutMs - nowMs;
    const takenMs = this.#unsentCount === 0 ? heardMs : this.#progressAtMs + idleTimeoutMs - nowMs;
    if (heardMs <= 0) onDead('nothing was heard of the peer');
    else if (takenMs <= 0) onDead('the peer takes nothing');
    if (this.#isStopped) return;
    this.#idleTimer = clock.after(Math.min(heardMs, takenMs), () => this.#watch());
  }

  #keepAlive(everyMs: number): void {
    const { clock, ping } = this.#options;
    const leftMs = this.#heardAtMs + everyMs - clock.monotonicMs();
    if (leftMs <= 0) ping();
    this.#keepAliveTimer = clock.after(leftMs > 0 ? leftMs : everyMs, () => this.#keepAlive(everyMs));
  }
}
