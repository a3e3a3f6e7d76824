import type { Clock } from '@rta/core';
import { deliveryChannel, outboundStreamChannel, reportFault } from './diagnostics.ts';
import type { Leases } from './lease.ts';
import type { Outbox, Waiting } from './outbox.ts';
import { type PushResult, pushSet } from './push-delivery.ts';
import { DELIVERY_METHOD, type Delivery, type OutboundStream } from './stream.ts';
import type { StreamRegistry } from './stream-registry.ts';
import type { StreamSender } from './stream-sender.ts';
import { SSF_TRANSMITTER_LIMITS, type TransmitterLimits } from './transmitter-limits.ts';
import { createWorker, type Step, type Worker } from './worker.ts';

type PushTo = Extract<Delivery, { readonly method: typeof DELIVERY_METHOD.push }>;

/**
 * Makes the worker that pushes the events of one stream, one after the other: the next goes when the one before was
 * taken or refused. Pushes that fail for `pushGiveUpMs` pause the stream; from then on it is tried now and then with a
 * `stream-updated` token, and goes on when that arrives.
 */
export function createPushWorker(options: {
  readonly id: string;
  readonly registry: StreamRegistry;
  readonly outbox: Outbox;
  readonly sender: Pick<StreamSender, 'statusNotice'>;
  readonly leases: Leases;
  readonly fetch: typeof globalThis.fetch;
  readonly clock: Clock;
  readonly limits: TransmitterLimits;
  readonly closing: AbortSignal;
}): Worker {
  const { id, registry, outbox, sender, leases, fetch, clock, limits, closing } = options;
  const { leaseMs, pushProbeMs, pushRetryMs } = SSF_TRANSMITTER_LIMITS;
  const stopping = new AbortController();
  const ending = AbortSignal.any([closing, stopping.signal]);
  let failures = 0;
  let failingSinceMs: number | undefined;

  const push = async ({ endpointUrl, authorizationHeader }: PushTo, set: string): Promise<PushResult> =>
    pushSet({
      endpointUrl,
      authorizationHeader,
      set,
      fetch,
      clock,
      timeoutMs: limits.pushTimeoutMs,
      closing: ending,
    });

  const tell = (jti: string, result: PushResult): void => {
    const err =
      result.outcome === 'refused' ? result.err : result.outcome === 'failed' ? result.why : undefined;
    deliveryChannel.publish({
      stream: id,
      jti,
      way: 'push',
      outcome: result.outcome,
      ...(err === undefined ? {} : { err }),
    });
  };

  /** Whether a stream that failed for long works again. */
  const probe = async (stream: OutboundStream, delivery: PushTo): Promise<Step> => {
    const notice = await sender.statusNotice(stream, 'enabled', 'pushes arrive again');
    const result = await push(delivery, notice.set);
    tell(notice.jti, result);
    if (result.outcome !== 'delivered') return { waitMs: pushProbeMs };
    failures = 0;
    failingSinceMs = undefined;
    await registry.change(id, (now) => {
      if (now.isFailing === undefined) return now;
      const { isFailing: _isFailing, reason: _reason, notice: _notice, ...rest } = now;
      return { ...rest, status: 'enabled' };
    });
    outboundStreamChannel.publish({ stream: id, kind: 'status', status: 'enabled', by: 'transmitter' });
    return 'more';
  };

  const giveUp = async (): Promise<Step> => {
    // Who enables the stream again has as long once more.
    failures = 0;
    failingSinceMs = undefined;
    await registry.change(id, (now) =>
      now.status === 'enabled' ? { ...now, status: 'paused', isFailing: true, reason: 'pushes fail' } : now,
    );
    outboundStreamChannel.publish({
      stream: id,
      kind: 'status',
      status: 'paused',
      by: 'transmitter',
      code: 'RTA_SSF_NOT_DELIVERED',
    });
    return { waitMs: pushProbeMs };
  };

  const deliver = async (
    stream: OutboundStream,
    delivery: PushTo,
    item: Pick<Waiting, 'jti' | 'set'> & { readonly sequence?: number },
  ): Promise<Step> => {
    const result = await push(delivery, item.set);
    if (result.outcome === 'failed' && ending.aborted) return 'idle';
    tell(item.jti, result);
    if (result.outcome === 'failed') {
      failures += 1;
      failingSinceMs ??= clock.monotonicMs();
      const isLong = clock.monotonicMs() - failingSinceMs >= limits.pushGiveUpMs;
      if (isLong && stream.status === 'enabled') return giveUp();
      return {
        failures,
        ...(result.retryAfterMs === undefined ? {} : { retryAfterMs: result.retryAfterMs }),
      };
    }
    failures = 0;
    failingSinceMs = undefined;
    if (result.outcome === 'refused') await outbox.refuse(id, item, result);
    else if (item.sequence !== undefined) await outbox.settle(id, [item.sequence]);
    if (item.sequence === undefined) await clearNotice(registry, id, item.jti);
    return 'more';
  };

  const step = async (): Promise<Step> => {
    const stream = registry.get(id);
    if (stream === undefined || stream.delivery.method !== DELIVERY_METHOD.push) return 'idle';
    if (stream.status !== 'enabled' && stream.notice === undefined && stream.isFailing === undefined)
      return 'idle';
    if (!(await leases.hold(id))) return { waitMs: leaseMs / 2 };
    if (stream.isFailing === true) return probe(stream, stream.delivery);
    const item = stream.notice ?? (stream.status === 'enabled' ? (await outbox.first(id, 1))[0] : undefined);
    return item === undefined ? 'idle' : deliver(stream, stream.delivery, item);
  };

  const worker = createWorker({
    clock,
    step: async () => {
      try {
        return await step();
      } catch {
        // The store does not answer.
        reportFault(id);
        return { waitMs: pushRetryMs };
      }
    },
  });
  return {
    ...worker,
    stop() {
      stopping.abort();
      return worker.stop();
    },
  };
}

/** A `stream-updated` token has arrived. */
export async function clearNotice(registry: StreamRegistry, id: string, jti: string): Promise<void> {
  await registry.change(id, (now) => {
    if (now.notice?.jti !== jti) return now;
    const { notice: _notice, ...rest } = now;
    return rest;
  });
}
