import { randomUUID } from 'node:crypto';
import type { Clock, JsonObject } from '@rta/core';
import { SSF_EVENTS } from '../events/event-types.ts';
import { securityEvent } from '../events/security-event.ts';
import { type SetSigner, signSet } from '../set/sign-set.ts';
import { parseSubject } from '../subjects/subject-identifier.ts';
import { outboundStreamChannel } from './diagnostics.ts';
import type { Outbox } from './outbox.ts';
import { eventsDelivered, type OutboundStream, type StreamStatus } from './stream.ts';
import type { StreamRegistry } from './stream-registry.ts';
import { transmitterError } from './transmitter-errors.ts';
import type { TransmitterLimits } from './transmitter-limits.ts';

/** One event, as its transmitter tells it. */
export interface OutgoingEvent {
  /** `sub_id` of the token. */
  readonly subject: JsonObject;
  /** URI of the event's type. */
  readonly type: string;
  readonly value: JsonObject;
  /** What this event belongs to, e.g. `txn` of the event that caused it. */
  readonly txn?: string;
  /** When it happened. */
  readonly occurredAtMs?: number;
  /** Names the event: emitted twice under one id, say by two nodes, it has the same `jti` and so one effect. */
  readonly id?: string;
}

/** Puts tokens into streams, and changes what a stream does. */
export interface StreamSender {
  /** Resolves when the event is kept for every stream that it goes to. @throws RtaError `RTA_SSF_NOT_EMITTED` */
  emit(event: OutgoingEvent): Promise<void>;
  /** Puts a verification event into a stream. @see SSF 1.0 §8.1.4 */
  verify(stream: OutboundStream, state: string | undefined): Promise<void>;
  /** A token that says what this stream does from now on. @see SSF 1.0 §8.1.5 */
  statusNotice(
    stream: OutboundStream,
    status: StreamStatus,
    reason?: string,
  ): Promise<{ readonly jti: string; readonly set: string }>;
  /**
   * Changes the status of a stream. Where it is the transmitter who does, the receiver is told first: a
   * `stream-updated` token goes before everything else. What waits in a stream that is disabled is dropped.
   */
  setStatus(
    id: string,
    status: StreamStatus,
    how: { readonly by: 'receiver' | 'transmitter'; readonly reason: string | undefined },
  ): Promise<OutboundStream | undefined>;
  /** Disables streams that hold too much, or hold it for too long. */
  checkHeld(id: string): Promise<void>;
}

/** Makes the sender. `onWaiting` hears which stream has something to deliver. */
export function createStreamSender(options: {
  readonly issuer: string;
  readonly signer: SetSigner;
  readonly eventsSupported: readonly string[];
  readonly registry: StreamRegistry;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly limits: TransmitterLimits;
  readonly jtiOf: (eventId: string, stream: string) => string;
  readonly onWaiting: (stream: string) => void;
}): StreamSender {
  const { issuer, signer, eventsSupported, registry, outbox, clock, limits, jtiOf, onWaiting } = options;
  /** The last append of each stream that is under way: one after the other, so that the order stays. */
  const appending = new Map<string, Promise<void>>();

  const sign = async (
    { id, audience }: OutboundStream,
    event: OutgoingEvent,
  ): Promise<{ readonly jti: string; readonly set: string }> => {
    const jti = event.id === undefined ? randomUUID() : jtiOf(event.id, id);
    const set = await signSet(
      {
        issuer,
        audience,
        jti,
        subject: parseSubject(event.subject),
        event: securityEvent(event.type, event.value),
        issuedAtMs: clock.now(),
        ...(event.txn === undefined ? {} : { txn: event.txn }),
        ...(event.occurredAtMs === undefined ? {} : { occurredAtMs: event.occurredAtMs }),
      },
      signer,
    );
    return { jti, set };
  };

  const append = async (stream: OutboundStream, event: OutgoingEvent): Promise<void> => {
    const signing = sign(stream, event);
    const before = appending.get(stream.id) ?? Promise.resolve();
    const run = before.then(async () => outbox.append(stream.id, await signing));
    const settled = run.catch(() => {});
    appending.set(stream.id, settled);
    try {
      // A signature that fails while an earlier append runs is no stray rejection.
      await Promise.all([signing, run]);
    } finally {
      if (appending.get(stream.id) === settled) appending.delete(stream.id);
    }
    // Deleted while it was being kept.
    if (registry.get(stream.id) === undefined) return outbox.forget(stream.id);
    if (outbox.count(stream.id) > limits.heldCount) await disableFull(stream.id);
    return onWaiting(stream.id);
  };

  const statusNotice: StreamSender['statusNotice'] = async (stream, status, reason) =>
    sign(stream, {
      subject: streamSubject(stream),
      type: SSF_EVENTS.streamUpdated,
      value: { status, ...(reason === undefined ? {} : { reason }) },
    });

  const setStatus: StreamSender['setStatus'] = async (id, status, { by, reason }) => {
    const before = registry.get(id);
    if (before === undefined) return undefined;
    if (by === 'transmitter' && before.status === status) return before;
    const notice = by === 'transmitter' ? await statusNotice(before, status, reason) : undefined;
    const changed = await registry.change(id, (now) => {
      const { reason: _reason, isFailing: _isFailing, notice: _notice, ...rest } = now;
      return {
        ...rest,
        status,
        ...(reason === undefined ? {} : { reason }),
        ...(notice === undefined ? {} : { notice }),
      };
    });
    if (changed === undefined) return undefined;
    if (status === 'disabled') await outbox.clear(id);
    outboundStreamChannel.publish({ stream: id, kind: 'status', status, by });
    onWaiting(id);
    return changed;
  };

  const disableFull = async (id: string): Promise<void> => {
    if (registry.get(id)?.status === 'disabled') return;
    await setStatus(id, 'disabled', { by: 'transmitter', reason: 'more was held than may be' });
    outboundStreamChannel.publish({
      stream: id,
      kind: 'fault',
      by: 'transmitter',
      code: 'RTA_SSF_STREAM_FULL',
    });
  };

  return {
    async emit(event) {
      const concerned = registry
        .all()
        .filter(
          (stream) =>
            stream.status !== 'disabled' &&
            eventsDelivered(stream, eventsSupported).includes(event.type) &&
            registry.covers(stream.id, event.subject),
        );
      const results = await Promise.allSettled(concerned.map((stream) => append(stream, event)));
      const failed = results.find((result) => result.status === 'rejected');
      if (failed !== undefined) {
        throw transmitterError('RTA_SSF_NOT_EMITTED', undefined, { cause: failed.reason });
      }
    },
    verify: (stream, state) =>
      append(stream, {
        subject: streamSubject(stream),
        type: SSF_EVENTS.verification,
        value: state === undefined ? {} : { state },
      }),
    statusNotice,
    setStatus,
    async checkHeld(id) {
      const [oldest] = await outbox.first(id, 1);
      if (oldest !== undefined && clock.now() - oldest.keptAtMs > limits.heldAgeMs) await disableFull(id);
    },
  };
}

/** @see SSF 1.0 §8.1.4.1: events about a stream name it as their subject. */
function streamSubject({ id }: OutboundStream): JsonObject {
  return { format: 'opaque', id };
}
