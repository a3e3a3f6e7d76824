import type { Clock } from '@rta/core';
import { deliveryChannel } from './diagnostics.ts';
import type { Outbox } from './outbox.ts';
import { oneLine } from './push-delivery.ts';
import { clearNotice } from './push-worker.ts';
import type { StreamRegistry } from './stream-registry.ts';
import { SSF_TRANSMITTER_LIMITS } from './transmitter-limits.ts';

/** What a receiver asks for. @see RFC 8936 §2.4 */
export interface PollRequest {
  /** As many as fit by default; 0 only acknowledges. */
  readonly maxEvents?: number | undefined;
  readonly returnImmediately?: boolean | undefined;
  readonly ack?: readonly string[] | undefined;
  readonly setErrs?:
    | Readonly<Record<string, { readonly err: string; readonly description?: string | undefined }>>
    | undefined;
}

/** @see RFC 8936 §2.5 */
export interface PollAnswer {
  readonly sets: Readonly<Record<string, string>>;
  readonly moreAvailable?: true;
}

/** Serves polls. */
export interface Polls {
  /** Answers one poll of a stream, which is there; `signal` ends the wait. */
  answer(stream: string, request: PollRequest, signal: AbortSignal): Promise<PollAnswer>;
  /** There may be something in a stream: who waits for it looks. */
  wake(stream: string): void;
}

/** Makes what answers polls. */
export function createPolls(options: {
  readonly registry: StreamRegistry;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly longPollMs: number;
}): Polls {
  const { registry, outbox, clock, longPollMs } = options;
  const { pollCount, longPollCount } = SSF_TRANSMITTER_LIMITS;
  const waiting = new Map<string, Set<(why: 'look' | 'end') => void>>();

  const acknowledge = async (stream: string, { ack = [], setErrs = {} }: PollRequest): Promise<void> => {
    const refusals = new Map(Object.entries(setErrs));
    if (ack.length === 0 && refusals.size === 0) return;
    const taken = new Set(ack);
    // What was handed out is among the first of what waits: nothing gets in front of it.
    const given = await outbox.first(stream, pollCount);
    const delivered = given.filter(({ jti }) => taken.has(jti) && !refusals.has(jti));
    await outbox.settle(
      stream,
      delivered.map(({ sequence }) => sequence),
    );
    const notice = registry.get(stream)?.notice;
    const items = notice === undefined ? given : [notice, ...given];
    for (const item of items) {
      const { jti } = item;
      const refusal = refusals.get(jti);
      if (refusal !== undefined) {
        const { err, description } = refusal;
        const words = description === undefined ? {} : { description: oneLine(description) };
        await outbox.refuse(stream, item, { err, ...words });
        deliveryChannel.publish({ stream, jti, way: 'poll', outcome: 'refused', err });
      } else if (taken.has(jti)) {
        deliveryChannel.publish({ stream, jti, way: 'poll', outcome: 'delivered' });
      }
    }
    if (notice !== undefined && (taken.has(notice.jti) || refusals.has(notice.jti))) {
      await clearNotice(registry, stream, notice.jti);
    }
  };

  const collect = async (stream: string, count: number): Promise<PollAnswer> => {
    const now = registry.get(stream);
    if (now === undefined || count === 0) return { sets: {} };
    const all = [
      ...(now.notice === undefined ? [] : [now.notice]),
      ...(now.status === 'enabled' ? await outbox.first(stream, count + 1) : []),
    ];
    const sets = Object.fromEntries(all.slice(0, count).map(({ jti, set }) => [jti, set]));
    return { sets, ...(all.length > count ? { moreAvailable: true } : {}) };
  };

  /** Waits until there may be something, or until nothing more is to be waited for. */
  const beginWait = (stream: string, ms: number, signal: AbortSignal) => {
    const those = waiting.get(stream) ?? new Set();
    waiting.set(stream, those);
    const { promise, resolve } = Promise.withResolvers<'look' | 'end'>();
    const end = (): void => resolve('end');
    const timer = clock.after(ms, end);
    signal.addEventListener('abort', end);
    those.add(resolve);
    const [oldest] = those;
    if (oldest !== undefined && those.size > longPollCount) oldest('end');
    return {
      woken: promise,
      done(): void {
        timer.cancel();
        signal.removeEventListener('abort', end);
        those.delete(resolve);
        if (those.size === 0 && waiting.get(stream) === those) waiting.delete(stream);
      },
    };
  };

  return {
    async answer(stream, request, signal) {
      await acknowledge(stream, request);
      const count = Math.min(request.maxEvents ?? pollCount, pollCount);
      const isPatient = request.returnImmediately !== true && count > 0;
      const untilMs = clock.monotonicMs() + longPollMs;
      for (;;) {
        const leftMs = untilMs - clock.monotonicMs();
        // Before it is looked: what comes in meanwhile is not waited for in vain.
        const wait =
          isPatient && leftMs > 0 && !signal.aborted ? beginWait(stream, leftMs, signal) : undefined;
        try {
          const answer = await collect(stream, count);
          const isThere = registry.get(stream) !== undefined;
          if (wait === undefined || !isThere || Object.keys(answer.sets).length > 0) return answer;
          if ((await wait.woken) === 'end') return await collect(stream, count);
        } finally {
          wait?.done();
        }
      }
    },
    wake(stream) {
      for (const resolve of waiting.get(stream) ?? []) resolve('look');
    },
  };
}
