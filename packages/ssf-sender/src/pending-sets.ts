import type { Clock } from '@rta/core';
import { jsonBytes, type SetError } from '@rta/ssf/delivery';
import { codeOf, senderChannel } from './diagnostics.ts';
import { senderError } from './errors.ts';
import type { SenderLimits } from './limits.ts';
import type { OutboxEntry, SetOutbox } from './outbox.ts';

interface Pending extends OutboxEntry {
  readonly bytes: number;
  /** In a frame. */
  readonly jsonBytes: number;
  readonly since: number;
  readonly answered: PromiseWithResolvers<void>;
}

/** SETs from when they are given to the sender until they are answered, in their order. */
export interface PendingSets {
  readonly count: number;
  readonly bytes: number;
  /** SETs that are on their way. */
  readonly sentCount: number;
  /** Since when the oldest waits, monotonic; undefined where none does. */
  readonly oldestSinceMs: number | undefined;
  /**
   * Takes a SET, and resolves when it was acknowledged.
   *
   * @throws RtaError `RTA_SENDER_FULL`, `RTA_SENDER_OUTBOX`, `RTA_SENDER_REFUSED`, `RTA_SENDER_CLOSED`
   */
  add(entry: OutboxEntry): Promise<void>;
  /** Takes what the outbox kept over a restart. */
  restore(entries: readonly OutboxEntry[]): void;
  /** The next ones that are not on their way; they are from now on. Of more than one, so many bytes in JSON at most. */
  take(max: { readonly count: number; readonly jsonBytes: number }): OutboxEntry[];
  /** The connection is gone: nothing is on its way. */
  rewind(): void;
  acknowledge(jti: string): void;
  refuse(jti: string, setErr: SetError): void;
  /** Resolves when nothing waits. */
  drained(): Promise<void>;
  /** Gives up what waits; an outbox keeps it. */
  abandon(): void;
}

/** @param onAdded there is something to send. */
export function createPendingSets(options: {
  readonly issuer: string;
  readonly outbox: SetOutbox | undefined;
  readonly limits: Pick<SenderLimits, 'pendingCount' | 'pendingBytes' | 'refusedCount'>;
  readonly clock: Clock;
  readonly onAdded: () => void;
}): PendingSets {
  const { issuer, outbox, limits, clock, onAdded } = options;
  const pending = new Map<string, Pending>();
  /** Those of them that the outbox has, and that are not on their way. */
  let unsent = new Set<Pending>();
  const sent = new Set<string>();
  const refused = new Map<string, Error>();
  let bytes = 0;
  let onDrained: (() => void) | undefined;

  const enter = ({ jti, set }: OutboxEntry): Pending => {
    const answered = Promise.withResolvers<void>();
    // It may be refused or given up before anybody waits for it, and what the outbox kept nobody ever waits for.
    answered.promise.catch(() => {});
    const entered = {
      jti,
      set,
      bytes: Buffer.byteLength(set),
      jsonBytes: jsonBytes(jti) + jsonBytes(set),
      since: clock.monotonicMs(),
      answered,
    };
    pending.set(jti, entered);
    bytes += entered.bytes;
    return entered;
  };
  const leave = (entry: Pending): void => {
    if (pending.get(entry.jti) !== entry) return;
    pending.delete(entry.jti);
    sent.delete(entry.jti);
    unsent.delete(entry);
    bytes -= entry.bytes;
    if (pending.size === 0) onDrained?.();
  };
  /** The answer counts, whatever the outbox says: what it still has is sent once more, and acknowledged again. */
  const forget = async (entry: Pending): Promise<void> => {
    leave(entry);
    try {
      await outbox?.remove(entry.jti);
    } catch (error) {
      senderChannel.publish({ fact: 'outbox-failed', issuer, because: codeOf(error) });
    }
  };

  return {
    get count() {
      return pending.size;
    },
    get bytes() {
      return bytes;
    },
    get sentCount() {
      return sent.size;
    },
    get oldestSinceMs() {
      const [oldest] = pending.values();
      return oldest?.since;
    },
    async add({ jti, set }) {
      const refusal = refused.get(jti);
      if (refusal !== undefined) throw refusal;
      const known = pending.get(jti);
      if (known !== undefined) {
        if (known.set !== set) throw new TypeError('another token with this `jti` is on its way');
        return known.answered.promise;
      }
      if (pending.size >= limits.pendingCount || bytes + Buffer.byteLength(set) > limits.pendingBytes) {
        throw senderError('RTA_SENDER_FULL', undefined, { details: { pendingCount: pending.size } });
      }
      const entry = enter({ jti, set });
      try {
        await outbox?.put({ jti, set });
      } catch (cause) {
        leave(entry);
        const error = senderError('RTA_SENDER_OUTBOX', undefined, { cause });
        entry.answered.reject(error);
        throw error;
      }
      if (pending.get(jti) === entry) {
        unsent.add(entry);
        onAdded();
      }
      return entry.answered.promise;
    },
    restore(entries) {
      for (const entry of entries) {
        if (!pending.has(entry.jti)) unsent.add(enter(entry));
      }
      if (entries.length > 0) onAdded();
    },
    take(max) {
      const taken: OutboxEntry[] = [];
      let room = max.jsonBytes;
      for (const entry of unsent) {
        room -= entry.jsonBytes;
        if (taken.length >= max.count || (room < 0 && taken.length > 0)) break;
        unsent.delete(entry);
        sent.add(entry.jti);
        taken.push(entry);
      }
      return taken;
    },
    rewind() {
      const again = [...pending.values()].filter((entry) => sent.has(entry.jti));
      unsent = new Set([...again, ...unsent]);
      sent.clear();
    },
    acknowledge(jti) {
      const entry = pending.get(jti);
      if (entry === undefined || !sent.has(jti)) return;
      void forget(entry).then(() => entry.answered.resolve());
    },
    refuse(jti, { err, description }) {
      const entry = pending.get(jti);
      if (entry === undefined || !sent.has(jti)) return;
      const error = senderError('RTA_SENDER_REFUSED', undefined, { details: { jti, err, description } });
      refused.set(jti, error);
      const [oldest] = refused.keys();
      if (refused.size > limits.refusedCount && oldest !== undefined) refused.delete(oldest);
      senderChannel.publish({ fact: 'refused', issuer, jti, err });
      void forget(entry).then(() => entry.answered.reject(error));
    },
    drained() {
      const { promise, resolve } = Promise.withResolvers<void>();
      onDrained = resolve;
      if (pending.size === 0) resolve();
      return promise;
    },
    abandon() {
      for (const entry of pending.values()) {
        leave(entry);
        entry.answered.reject(senderError('RTA_SENDER_CLOSED'));
      }
    },
  };
}
