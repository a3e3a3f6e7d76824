import type { Clock, Timer } from '@rta/core';

/** One way to reach the server. */
export interface Attempt<Kind, Winner> {
  readonly kind: Kind;
  /** Starts it; the signal fires when it is of no use any more. */
  start(signal: AbortSignal): Promise<Winner>;
}

/** How a race went. */
export interface RaceResult<Kind, Winner> {
  readonly kind: Kind;
  readonly winner: Winner;
  /** Errors of those that failed before. */
  readonly failures: ReadonlyMap<Kind, unknown>;
}

/** What a race needs to know. */
export interface RaceOptions<Kind, Winner> {
  /** In the order of preference. */
  readonly attempts: readonly Attempt<Kind, Winner>[];
  /** How long an attempt is alone before the next one starts beside it. */
  readonly headStartMs: number;
  readonly clock: Clock;
  /** Errors that no other attempt may make up for: the race is over with the first of them. */
  readonly isFinal: (error: unknown) => boolean;
  /** Takes what an attempt reaches after it lost. */
  readonly discard: (loser: Winner) => void;
  /** The error for a race that all lost; errors stand in the order of the attempts. */
  readonly allFailed: (failures: ReadonlyMap<Kind, unknown>) => unknown;
  /** Ends the race; it rejects with the reason of the signal. */
  readonly signal?: AbortSignal;
}

/**
 * Starts one attempt, the next one when the first has not succeeded after a head start or has failed before, and so
 * on. The first to succeed wins; the others are stopped.
 *
 * @throws a final error; what `allFailed` makes of the errors of all; the reason of the signal.
 * @see RFC 8305, which does the same for addresses
 */
export async function race<Kind, Winner>(
  options: RaceOptions<Kind, Winner>,
): Promise<RaceResult<Kind, Winner>> {
  const { attempts, clock, signal } = options;
  signal?.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<RaceResult<Kind, Winner>>();
  const failures = new Map<Kind, unknown>();
  const started = new Map<Kind, AbortController>();
  let timer: Timer | undefined;
  let isOver = false;

  const finish = (winner?: Kind): void => {
    isOver = true;
    timer?.cancel();
    for (const [kind, controller] of started) if (kind !== winner) controller.abort();
  };

  const run = async ({ kind, start }: Attempt<Kind, Winner>): Promise<void> => {
    const controller = new AbortController();
    started.set(kind, controller);
    try {
      const winner = await start(controller.signal);
      if (isOver) return options.discard(winner);
      finish(kind);
      resolve({ kind, winner, failures });
    } catch (error) {
      if (isOver) return;
      failures.set(kind, error);
      if (options.isFinal(error)) {
        finish();
        reject(error);
      } else if (failures.size === attempts.length) {
        finish();
        reject(options.allFailed(inOrder(failures, attempts)));
      } else {
        startNext();
      }
    }
  };

  function startNext(): void {
    timer?.cancel();
    const next = attempts[started.size];
    if (next === undefined) return;
    void run(next);
    timer = clock.after(options.headStartMs, startNext);
  }

  const onAbort = (): void => {
    finish();
    reject(signal?.reason);
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  startNext();
  try {
    return await promise;
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}

function inOrder<Kind>(
  failures: ReadonlyMap<Kind, unknown>,
  attempts: readonly { readonly kind: Kind }[],
): ReadonlyMap<Kind, unknown> {
  return new Map(attempts.map(({ kind }) => [kind, failures.get(kind)]));
}
