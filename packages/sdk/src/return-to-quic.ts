import { randomInt } from 'node:crypto';
import type { Clock, Timer } from '@rta/core';
import type { TransportConnection } from '@rta/transport';
import { SDK_LIMITS } from './limits.ts';

/**
 * Tries now and then to reach the server over QUIC again, and moves a client there when it can. Ends with the first
 * move that succeeds, and with the client.
 */
export function returnToQuic(options: {
  readonly dial: (signal: AbortSignal) => Promise<TransportConnection>;
  /** Rejects where the move does not come about; the connection is closed then. */
  readonly move: (connection: TransportConnection) => Promise<void>;
  /** Resolves when the client is closed. */
  readonly closed: Promise<unknown>;
  readonly clock: Clock;
}): void {
  const { dial, move, clock } = options;
  const over = new AbortController();
  let delayMs: number = SDK_LIMITS.quicRetryMs;
  let timer: Timer | undefined;

  const tryAgain = async (): Promise<void> => {
    try {
      await move(await dial(over.signal));
    } catch {
      // Why is told where it is known: the move publishes it, and a network without UDP is no news.
      delayMs = Math.min(delayMs * 2, SDK_LIMITS.quicRetryMaxMs);
      tryLater();
    }
  };

  function tryLater(): void {
    if (over.signal.aborted) return;
    timer = clock.after(spread(delayMs), () => void tryAgain());
  }

  void options.closed.then(() => {
    over.abort();
    timer?.cancel();
  });
  tryLater();
}

/** Up to a quarter less, so that the clients that one outage sent to WebSocket do not come back all at once. */
function spread(delayMs: number): number {
  return Math.round((delayMs * randomInt(750, 1_001)) / 1_000);
}
