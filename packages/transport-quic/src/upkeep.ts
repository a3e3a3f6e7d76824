import type { Clock } from '@rta/core';
import { surfaceHandlerError } from '@rta/transport';
import type { ConnectionIds } from './connection-ids.ts';
import { KeepAlive } from './keep-alive.ts';
import type { NativeConnection } from './native.ts';
import type { ConnectionPaths } from './paths.ts';

/** What is looked after, and how often. */
export interface UpkeepOptions {
  readonly native: NativeConnection;
  readonly ids: ConnectionIds;
  readonly paths: ConnectionPaths;
  readonly clock: Clock;
  /** Of this side. */
  readonly idleTimeoutMs: number;
  /** 0 for never. */
  readonly keepAliveMs: number;
  /** There is a packet to send. */
  readonly flushSoon: () => void;
}

/**
 * What an open connection needs and nobody waits for: spare ids for the peer, a sign of life now and then, the session
 * with which another connection can be resumed.
 */
export class Upkeep {
  readonly #options: UpkeepOptions;
  #idleTimeoutMs: number;
  #phase: 'postponed' | 'due' | 'begun' = 'due';
  #keepAlive: KeepAlive | undefined;
  #onSession: ((session: Uint8Array) => void) | undefined;

  constructor(options: UpkeepOptions) {
    this.#options = options;
    this.#idleTimeoutMs = options.idleTimeoutMs;
  }

  /** Of this side, and once the connection is open of both. */
  get idleTimeoutMs(): number {
    return this.#idleTimeoutMs;
  }

  /** Sets who is given the session that can be resumed, once. */
  onSession(handler: (session: Uint8Array) => void): void {
    this.#onSession = handler;
  }

  /** Leaves the next flush to what is more urgent. To be called before the first. */
  postpone(): void {
    this.#phase = 'postponed';
  }

  /** To be called in each flush of an open connection. */
  attend(): void {
    const isDue = this.#phase === 'due';
    if (this.#phase !== 'begun') this.#phase = isDue ? 'begun' : 'due';
    if (isDue) this.#begin();
    if (this.#onSession !== undefined) this.#takeSession();
  }

  /** The connection is over. */
  cancel(): void {
    this.#keepAlive?.cancel();
  }

  #begin(): void {
    const { native, ids, paths } = this.#options;
    // The shorter one counts (RFC 9000 §10.1); 0 is none.
    const { peerMaxIdleTimeout } = native.stats();
    if (peerMaxIdleTimeout > 0) this.#idleTimeoutMs = Math.min(this.#idleTimeoutMs, peerMaxIdleTimeout);
    ids.replenish();
    paths.settle();
    this.#startKeepAlive();
  }

  #startKeepAlive(): void {
    const { native, paths, clock, keepAliveMs, flushSoon } = this.#options;
    if (keepAliveMs === 0) return;
    const intervalMs = Math.min(keepAliveMs, Math.ceil(this.#idleTimeoutMs / 3));
    this.#keepAlive = new KeepAlive(native, clock, intervalMs, {
      onAsked: flushSoon,
      onSilence: () => paths.onSilence(),
    });
  }

  /** A server that issues tickets does so right after the handshake. One is enough: the last is the best. */
  #takeSession(): void {
    const session = this.#options.native.session();
    if (session === null) return;
    const handler = this.#onSession;
    this.#onSession = undefined;
    try {
      handler?.(Uint8Array.from(session));
    } catch (error) {
      surfaceHandlerError(error);
    }
  }
}
