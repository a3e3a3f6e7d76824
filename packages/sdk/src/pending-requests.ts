import { type Clock, isRtaError, type Timer } from '@rta/core';
import { sdkError } from './errors.ts';
import { SDK_LIMITS } from './limits.ts';

/** Who waits for an answer. */
interface Waiting<Answer> {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
  readonly sinceMs: number;
}

/** Requests on one stream that wait for their answers, by request id. */
export interface PendingRequests<Answer> {
  readonly size: number;
  /** Resolves when nobody waits any more. */
  whenEmpty(): Promise<void>;
  /** Takes the next request id, sends, and waits. */
  ask(send: (requestId: number) => void): Promise<Answer>;
  /** Hands an answer to who waits for it; false where nobody does. */
  answer(requestId: number, answer: Answer): boolean;
  /** Refuses one. */
  refuse(requestId: number, error: Error): boolean;
  /** Refuses all, and whatever is asked from now on. */
  failAll(error: Error): void;
}

/** How often overdue requests are looked for. */
const SWEEP_MS = 500;

/**
 * Makes an empty set of waiting requests.
 *
 * @param lastId - the id before the first one; for two sets on one stream, whose ids must not meet.
 */
export function createPendingRequests<Answer>(clock: Clock, lastId = 0): PendingRequests<Answer> {
  // In the order of asking, so that the overdue ones stand in front: one timer serves all.
  const waiting = new Map<number, Waiting<Answer>>();
  let nextId = lastId;
  let empty: PromiseWithResolvers<void> | undefined;
  let timer: Timer | undefined;
  let failure: Error | undefined;

  const sweep = (): void => {
    timer = undefined;
    const overdueMs = clock.monotonicMs() - SDK_LIMITS.requestTimeoutMs;
    for (const [id, { sinceMs, reject }] of waiting) {
      if (sinceMs > overdueMs) break;
      waiting.delete(id);
      reject(sdkError('RTA_SDK_TIMEOUT'));
    }
    if (waiting.size > 0) timer = clock.after(SWEEP_MS, sweep);
    tellWhenEmpty();
  };

  const tellWhenEmpty = (): void => {
    if (waiting.size > 0) return;
    empty?.resolve();
    empty = undefined;
  };

  const take = (requestId: number): Waiting<Answer> | undefined => {
    const found = waiting.get(requestId);
    waiting.delete(requestId);
    tellWhenEmpty();
    return found;
  };

  return {
    get size() {
      return waiting.size;
    },
    whenEmpty() {
      if (waiting.size === 0) return Promise.resolve();
      empty ??= Promise.withResolvers();
      return empty.promise;
    },
    ask(send) {
      return new Promise((resolve, reject) => {
        if (failure !== undefined) throw failure;
        if (waiting.size >= SDK_LIMITS.maxRequestsInFlight) throw sdkError('RTA_SDK_OVERLOAD');
        do nextId = nextId === 0xffff_ffff ? 1 : nextId + 1;
        while (waiting.has(nextId));
        const requestId = nextId;
        waiting.set(requestId, { resolve, reject, sinceMs: clock.monotonicMs() });
        timer ??= clock.after(SWEEP_MS, sweep);
        try {
          send(requestId);
        } catch (error) {
          take(requestId);
          // The server does not take what is sent as fast as it is asked.
          if (isRtaError(error, 'RTA_TRANSPORT_BUFFER_FULL')) {
            throw sdkError('RTA_SDK_OVERLOAD', undefined, { cause: error });
          }
          throw error;
        }
      });
    },
    answer(requestId, answer) {
      const found = take(requestId);
      found?.resolve(answer);
      return found !== undefined;
    },
    refuse(requestId, error) {
      const found = take(requestId);
      found?.reject(error);
      return found !== undefined;
    },
    failAll(error) {
      failure = error;
      timer?.cancel();
      for (const { reject } of waiting.values()) reject(error);
      waiting.clear();
      tellWhenEmpty();
    },
  };
}
