import type { Clock, JsonObject } from '@rta/core';
import type { Records } from '@rta/store';
import { z } from 'zod';
import { SSF_TRANSMITTER_LIMITS } from './transmitter-limits.ts';

/** A token that waits. */
export interface Waiting {
  readonly sequence: number;
  readonly jti: string;
  readonly set: string;
  readonly keptAtMs: number;
}

/** A token that its receiver says is not good: it is not sent again. */
export interface RefusedSet {
  readonly jti: string;
  readonly set: string;
  /** The receiver's error code and words, where it gave any. */
  readonly err: string;
  readonly description?: string;
  readonly refusedAtMs: number;
}

/**
 * Tokens that wait in their streams, in order, in the store: what `append` took survives a restart.
 *
 * Each stream has a place, `head` and `next`: what waits has a sequence number from `head` to below `next`. A number is
 * taken first and its record written then, so that nodes that share the store never take the same one. A record that is
 * not there was settled, or is still on its way from another node, or was lost with that node; reading goes on behind
 * it, and `head` waits `gapMs` for it.
 */
export interface Outbox {
  /** How many wait at most, as far as this node knows. */
  count(stream: string): number;
  /** Keeps a token. Those of one process keep the order of the calls. @throws RtaError of the store. */
  append(stream: string, token: { readonly jti: string; readonly set: string }): Promise<void>;
  /** The first that wait, in order. */
  first(stream: string, count: number): Promise<readonly Waiting[]>;
  /** These are delivered: they wait no longer. */
  settle(stream: string, sequences: readonly number[]): Promise<void>;
  /** Its receiver says that it is not good. */
  refuse(
    stream: string,
    waiting: Pick<Waiting, 'jti' | 'set'> & { readonly sequence?: number },
    why: { readonly err: string; readonly description?: string },
  ): Promise<void>;
  /** What was refused, oldest first. Looks through the whole outbox. */
  refused(stream: string): Promise<readonly RefusedSet[]>;
  /** Drops all that waits. */
  clear(stream: string): Promise<void>;
  /** Drops all that waits, and that a stream was there. */
  forget(stream: string): Promise<void>;
}

const place = z.object({ head: z.int().min(1), next: z.int().min(1), refused: z.int().min(0) });
type Place = z.output<typeof place>;
const START: Place = { head: 1, next: 1, refused: 0 };

const token = z.object({ jti: z.string(), set: z.string(), keptAtMs: z.number() });
const refusedToken = z.object({
  jti: z.string(),
  set: z.string(),
  err: z.string(),
  description: z.string().exactOptional(),
  refusedAtMs: z.number(),
});

/** What this node knows of a stream beyond what is kept. */
interface View {
  place: Place;
  /** Numbers that this node took, whose records are being written. */
  readonly writing: Set<number>;
  /** Numbers from `head` on that wait no longer. */
  readonly settled: Set<number>;
  /** Numbers without a record, and since when. */
  readonly missing: Map<number, number>;
}

/** Records that are read at once. */
const READ_AHEAD_COUNT = 16;
/** Records outlive the age at which their stream is disabled, so that the age is seen first. */
const DAY_MS = 86_400_000;

/** Makes the outbox of a transmitter. */
export function createOutbox(options: {
  readonly records: Records;
  readonly clock: Clock;
  readonly heldAgeMs: number;
}): Outbox {
  const { records, clock, heldAgeMs } = options;
  const views = new Map<string, View>();
  const { gapMs, refusedCount, refusedAgeMs } = SSF_TRANSMITTER_LIMITS;

  const viewOf = (stream: string): View => {
    let view = views.get(stream);
    if (view === undefined) {
      view = { place: START, writing: new Set(), settled: new Set(), missing: new Map() };
      views.set(stream, view);
    }
    return view;
  };
  const see = (view: View, record: JsonObject | undefined): Place => {
    const seen = readPlace(record);
    view.place = {
      head: Math.max(view.place.head, seen.head),
      next: Math.max(view.place.next, seen.next),
      refused: seen.refused,
    };
    for (const known of [view.settled, view.missing]) {
      for (const sequence of known.keys()) if (sequence < view.place.head) known.delete(sequence);
    }
    return view.place;
  };
  const changePlace = async (stream: string, change: (now: Place) => Place): Promise<Place> =>
    readPlace(await records.update(placeKey(stream), (now) => ({ record: { ...change(readPlace(now)) } })));

  /** Moves the head over what waits no longer; over what is not there only if that was seen just now. */
  const advance = async (stream: string, isJustRead: boolean): Promise<void> => {
    const view = viewOf(stream);
    const isLost = (sequence: number): boolean => {
      const sinceMs = isJustRead ? view.missing.get(sequence) : undefined;
      return sinceMs !== undefined && clock.monotonicMs() - sinceMs >= gapMs;
    };
    let { head } = view.place;
    while (head < view.place.next && (view.settled.has(head) || isLost(head))) head += 1;
    if (head === view.place.head) return;
    see(view, { ...(await changePlace(stream, (now) => ({ ...now, head: Math.max(now.head, head) }))) });
  };

  const first: Outbox['first'] = async (stream, count) => {
    const view = viewOf(stream);
    const { head, next } = see(view, await records.get(placeKey(stream)));
    const found: Waiting[] = [];
    // What comes later waits for what is being written, so that the order stays.
    const end = Math.min(next, ...view.writing);
    let sequence = head;
    while (sequence < end && found.length < count) {
      const some: number[] = [];
      const most = Math.min(READ_AHEAD_COUNT, count - found.length);
      for (; sequence < end && some.length < most; sequence += 1) {
        if (!view.settled.has(sequence)) some.push(sequence);
      }
      const read = await Promise.all(some.map((one) => records.get(tokenKey(stream, one))));
      for (const [index, one] of some.entries()) {
        const kept = token.safeParse(read[index]);
        // Settled while it was read.
        if (view.settled.has(one)) continue;
        if (kept.success) {
          found.push({ sequence: one, ...kept.data });
          view.missing.delete(one);
        } else if (!view.missing.has(one)) view.missing.set(one, clock.monotonicMs());
      }
    }
    await advance(stream, true);
    return found;
  };

  const settle: Outbox['settle'] = async (stream, sequences) => {
    if (sequences.length === 0) return;
    await Promise.all(sequences.map((sequence) => records.delete(tokenKey(stream, sequence))));
    const { settled } = viewOf(stream);
    for (const sequence of sequences) settled.add(sequence);
    await advance(stream, false);
  };

  const clear: Outbox['clear'] = async (stream) => {
    const view = viewOf(stream);
    const { head, next } = see(view, await records.get(placeKey(stream)));
    for (let from = head; from < next; from += READ_AHEAD_COUNT) {
      const some = Array.from(
        { length: Math.min(READ_AHEAD_COUNT, next - from) },
        (_, index) => from + index,
      );
      await Promise.all(some.map((sequence) => records.delete(tokenKey(stream, sequence))));
    }
    see(view, { ...(await changePlace(stream, (now) => ({ ...now, head: Math.max(now.head, next) }))) });
  };

  return {
    count(stream) {
      const { place: seen, settled } = viewOf(stream);
      return seen.next - seen.head - settled.size;
    },
    async append(stream, { jti, set }) {
      const view = viewOf(stream);
      let sequence = 0;
      await records
        .update(placeKey(stream), (now) => {
          const at = readPlace(now);
          view.writing.delete(sequence);
          sequence = at.next;
          view.writing.add(sequence);
          return { record: { ...at, next: at.next + 1 } };
        })
        .then((now) => see(view, now))
        .catch((error: unknown) => {
          view.writing.delete(sequence);
          throw error;
        });
      const keptAtMs = clock.now();
      try {
        await records.put(
          tokenKey(stream, sequence),
          { jti, set, keptAtMs },
          { expiresAtMs: keptAtMs + heldAgeMs + DAY_MS },
        );
      } catch (error) {
        view.settled.add(sequence);
        throw error;
      } finally {
        view.writing.delete(sequence);
      }
    },
    first,
    settle,
    async refuse(stream, { sequence, jti, set }, { err, description }) {
      const { refused } = await changePlace(stream, (now) => ({ ...now, refused: now.refused + 1 }));
      const refusedAtMs = clock.now();
      await records.put(
        refusedKey(stream, refused % refusedCount),
        { jti, set, err, refusedAtMs, ...(description === undefined ? {} : { description }) },
        { expiresAtMs: refusedAtMs + refusedAgeMs },
      );
      if (sequence !== undefined) await settle(stream, [sequence]);
    },
    async refused(stream) {
      const found: RefusedSet[] = [];
      for await (const [key, record] of records.entries()) {
        if (!key.startsWith(`${stream}:refused:`)) continue;
        const kept = refusedToken.safeParse(record);
        if (kept.success) found.push(kept.data);
      }
      return found.sort((one, other) => one.refusedAtMs - other.refusedAtMs);
    },
    clear,
    async forget(stream) {
      await clear(stream);
      const { refused } = readPlace(await records.get(placeKey(stream)));
      for (let slot = 0; slot < Math.min(refused + 1, refusedCount); slot += 1) {
        await records.delete(refusedKey(stream, slot));
      }
      await records.delete(placeKey(stream));
      views.delete(stream);
    },
  };
}

function readPlace(record: JsonObject | undefined): Place {
  const result = place.safeParse(record);
  return result.success ? result.data : START;
}

function placeKey(stream: string): string {
  return `${stream}:place`;
}

function tokenKey(stream: string, sequence: number): string {
  return `${stream}:${String(sequence).padStart(16, '0')}`;
}

function refusedKey(stream: string, slot: number): string {
  return `${stream}:refused:${slot}`;
}
