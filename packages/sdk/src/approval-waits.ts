import type { Clock } from '@rta/core';
import type { Messages, PendingApproval } from '@rta/protocol';
import { SDK_LIMITS } from './limits.ts';

/** What became of an approval; `unheard`: the connection was another one meanwhile, and may have missed it. */
export type ApprovalOutcome = Messages['approval']['state'] | 'unheard';

/** Approvals of one session that are waited for. */
export interface ApprovalWaits {
  /**
   * Waits until somebody has decided, at most until the approval's time is over: then it is `void`.
   *
   * @throws the reason of the signal.
   */
  wait(approval: PendingApproval, signal: AbortSignal): Promise<ApprovalOutcome>;
  /** The server told what became of one. */
  settle(id: string, state: Messages['approval']['state']): void;
  /** What the server told meanwhile may be lost: who waits has to ask again. */
  unheard(): void;
}

/** The longest that a timer can wait, in milliseconds: beyond it, timers fire at once. */
const MAX_TIMER_MS = 0x7fff_ffff;

/** Makes an empty list. */
export function createApprovalWaits(clock: Pick<Clock, 'now' | 'after'>): ApprovalWaits {
  const waiting = new Map<string, Set<(outcome: ApprovalOutcome) => void>>();
  // Streams are not in order with one another: what became of an approval can be heard before that it is needed.
  const settled = new Map<string, Messages['approval']['state']>();

  const tell = (id: string, outcome: ApprovalOutcome): boolean => {
    const told = waiting.get(id);
    waiting.delete(id);
    for (const resolve of told ?? []) resolve(outcome);
    return told !== undefined;
  };

  return {
    async wait({ id, expiresAtMs }, signal) {
      signal.throwIfAborted();
      const known = settled.get(id);
      if (known !== undefined) {
        settled.delete(id);
        return known;
      }
      const { promise, resolve, reject } = Promise.withResolvers<ApprovalOutcome>();
      const others = waiting.get(id) ?? new Set();
      waiting.set(id, others.add(resolve));
      const onAbort = (): void => reject(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
      const leftMs = Math.min(Math.max(expiresAtMs - clock.now(), 0), MAX_TIMER_MS);
      const timer = clock.after(leftMs, () => resolve('void'));
      try {
        return await promise;
      } finally {
        timer.cancel();
        signal.removeEventListener('abort', onAbort);
        others.delete(resolve);
        if (others.size === 0 && waiting.get(id) === others) waiting.delete(id);
      }
    },
    settle(id, state) {
      if (tell(id, state)) return;
      settled.set(id, state);
      for (const oldest of settled.keys()) {
        if (settled.size <= SDK_LIMITS.maxSettledApprovals) break;
        settled.delete(oldest);
      }
    },
    unheard() {
      for (const id of waiting.keys()) tell(id, 'unheard');
    },
  };
}
