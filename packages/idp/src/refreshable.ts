import type { Clock } from '@rta/core';
import { IDP_LIMITS } from './limits.ts';

/** A value that is fetched when it is first needed, kept for a while, and fetched at most once at a time. */
export interface Refreshable<T extends object> {
  /** The value, younger than its maximum age. */
  get(signal?: AbortSignal): Promise<T>;
  /** A value other than the one seen, or undefined where the last fetch is too recent to fetch again. */
  getOtherThan(seen: T, signal?: AbortSignal): Promise<T | undefined>;
}

/**
 * Makes a refreshable value.
 *
 * A value past its age is not used, however the fetch of the next one ends: keys that were withdrawn must die. A
 * failure is remembered for {@link IDP_LIMITS.failureCooldownMs}, so that a broken issuer is not hammered.
 */
export function createRefreshable<T extends object>(options: {
  readonly load: () => Promise<T>;
  readonly clock: Clock;
  readonly maxAgeMs: number;
  /** Shortest time between two fetches by `getOtherThan`. */
  readonly cooldownMs: number;
}): Refreshable<T> {
  const { load, clock, maxAgeMs, cooldownMs } = options;
  let kept: { readonly value: T; readonly loadedAtMs: number } | undefined;
  let failure: { readonly error: unknown; readonly failedAtMs: number } | undefined;
  let flight: Promise<T> | undefined;
  let startedAtMs = Number.NEGATIVE_INFINITY;

  const fresh = (): T | undefined =>
    kept !== undefined && clock.monotonicMs() - kept.loadedAtMs < maxAgeMs ? kept.value : undefined;

  const fly = async (): Promise<T> => {
    startedAtMs = clock.monotonicMs();
    try {
      const value = await load();
      kept = { value, loadedAtMs: startedAtMs };
      return value;
    } catch (error) {
      failure = { error, failedAtMs: clock.monotonicMs() };
      throw error;
    } finally {
      flight = undefined;
    }
  };

  const join = async (signal: AbortSignal | undefined): Promise<T> => {
    signal?.throwIfAborted();
    if (flight === undefined) {
      if (failure !== undefined && clock.monotonicMs() - failure.failedAtMs < IDP_LIMITS.failureCooldownMs) {
        throw failure.error;
      }
      flight = fly();
    }
    return await raceSignal(flight, signal);
  };

  return {
    async get(signal) {
      return fresh() ?? (await join(signal));
    },
    async getOtherThan(seen, signal) {
      const current = fresh();
      if (current !== undefined && current !== seen) return current;
      if (flight === undefined && clock.monotonicMs() - startedAtMs < cooldownMs) return undefined;
      return await join(signal);
    },
  };
}

/** One waiter may leave without ending the flight for the others. */
async function raceSignal<T>(flight: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await flight;
  const { promise, reject } = Promise.withResolvers<never>();
  const leave = (): void => reject(signal.reason);
  signal.addEventListener('abort', leave, { once: true });
  try {
    return await Promise.race([flight, promise]);
  } finally {
    signal.removeEventListener('abort', leave);
  }
}
