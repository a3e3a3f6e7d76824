import type { Clock, RtaError, Timer } from '@rta/core';
import { storeError } from '@rta/store';
import type { Connection } from './connection.ts';
import type { RedisStoreLimits } from './limits.ts';
import { translated } from './reply-error.ts';

/** A connection that is made again when it ends. */
export interface Link {
  /**
   * Does something over the connection, or over the next one where there is none at the moment; never twice.
   *
   * @param characters - that it sends.
   * @throws RtaError `RTA_STORE_UNAVAILABLE` where it is not done in `commandTimeoutMs`, or there are too many calls;
   *   the reason of `close`; what the task throws; and what keeps the link from connecting, where waiting does not help.
   */
  use<Value>(characters: number, task: (connection: Connection) => Promise<Value>): Promise<Value>;
  /** Lets what has begun come to its end, then disconnects. Idempotent; the first reason is what calls fail with. */
  close(reason: RtaError): Promise<void>;
}

/** What a link needs, and whom it tells. */
export interface LinkOptions {
  /**
   * Makes a connection, and refuses one that is no good. The signal ends what is made, and fires when it takes longer
   * than `connectTimeoutMs`.
   */
  readonly dial: (signal: AbortSignal) => Promise<Connection>;
  readonly clock: Pick<Clock, 'after'>;
  readonly limits: RedisStoreLimits;
  readonly onEnd: () => void;
  readonly onFailure: (error: RtaError) => void;
}

/** Opens a link. @throws what `dial` does, where the first connection cannot be made. */
export async function openLink({ dial, clock, limits, onEnd, onFailure }: LinkOptions): Promise<Link> {
  let current: Connection | undefined;
  let waiting = Promise.withResolvers<Connection>();
  /** Why there is no connection. */
  let failure: RtaError | undefined;
  let calls = 0;
  let sending = 0;
  let whenIdle: (() => void) | undefined;
  let closing: Promise<void> | undefined;
  let closed: RtaError | undefined;
  let stopWaiting: (() => void) | undefined;
  let reconnecting: Promise<void> | undefined;

  const isClosed = (): boolean => closed !== undefined;

  const adopt = (connection: Connection): void => {
    current = connection;
    failure = undefined;
    waiting.resolve(connection);
    void connection.ended.then(() => {
      if (current !== connection) return;
      current = undefined;
      waiting = Promise.withResolvers();
      // Nobody may be waiting.
      waiting.promise.catch(() => undefined);
      onEnd();
      reconnecting = reconnect();
    });
  };

  const pause = (delayMs: number): Promise<void> =>
    new Promise((resolve) => {
      const timer: Timer = clock.after(delayMs, resolve);
      stopWaiting = () => {
        timer.cancel();
        resolve();
      };
    });

  const dialInTime = async (): Promise<Connection> => {
    const abort = new AbortController();
    stopWaiting = () => abort.abort();
    const timer = clock.after(limits.connectTimeoutMs, stopWaiting);
    try {
      return await dial(abort.signal);
    } finally {
      timer.cancel();
    }
  };

  const reconnect = async (): Promise<void> => {
    let delayMs = limits.minReconnectMs;
    while (!isClosed()) {
      try {
        const connection = await dialInTime();
        if (isClosed()) connection.disconnect();
        else adopt(connection);
        return;
      } catch (error) {
        if (isClosed()) return;
        failure = translated(error);
        onFailure(failure);
        if (!failure.retryable) {
          waiting.reject(failure);
          waiting = Promise.withResolvers();
          waiting.promise.catch(() => undefined);
        }
      }
      await pause(delayMs);
      delayMs = Math.min(2 * delayMs, limits.maxReconnectMs);
    }
  };

  const close = async (reason: RtaError): Promise<void> => {
    closed = reason;
    stopWaiting?.();
    waiting.promise.catch(() => undefined);
    waiting.reject(reason);
    if (calls > 0) {
      await new Promise<void>((resolve) => {
        whenIdle = resolve;
      });
    }
    const last = current;
    current = undefined;
    last?.disconnect();
    await reconnecting;
  };

  adopt(await dialInTime());

  return {
    async use(characters, task) {
      if (closed !== undefined) throw closed;
      if (calls >= limits.callCount || sending + characters > limits.callCharacters) {
        throw storeError('RTA_STORE_UNAVAILABLE', 'too many calls at once', {
          details: { calls, characters: sending },
        });
      }
      if (current === undefined && failure?.retryable === false) throw failure;
      calls++;
      sending += characters;
      const late = Promise.withResolvers<never>();
      let connection = current;
      const timer = clock.after(limits.commandTimeoutMs, () => {
        const message = `no answer in ${limits.commandTimeoutMs} ms`;
        late.reject(
          storeError('RTA_STORE_UNAVAILABLE', message, failure === undefined ? {} : { cause: failure }),
        );
        // What does not answer this call does not answer others either, and its answers would come late.
        connection?.disconnect();
      });
      try {
        connection ??= await Promise.race([waiting.promise, late.promise]);
        return await Promise.race([task(connection), late.promise]);
      } finally {
        timer.cancel();
        calls--;
        sending -= characters;
        if (calls === 0) whenIdle?.();
      }
    },
    close(reason) {
      closing ??= close(reason);
      return closing;
    },
  };
}
