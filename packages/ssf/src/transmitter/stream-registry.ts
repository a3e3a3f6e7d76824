import type { JsonObject } from '@rta/core';
import type { Records } from '@rta/store';
import { z } from 'zod';
import { type OutboundStream, parseStream, streamRecord } from './stream.ts';
import { createSubjectFilter, type SubjectFilter, subjectKey } from './subject-filter.ts';
import { transmitterError } from './transmitter-errors.ts';
import type { TransmitterLimits } from './transmitter-limits.ts';

/**
 * The streams of a transmitter with their subjects, in memory as they are kept. What this node changes is seen here at
 * once; what other nodes change, after `refresh`.
 */
export interface StreamRegistry {
  get(id: string): OutboundStream | undefined;
  all(): readonly OutboundStream[];
  /** Whether events about a subject go to a stream. */
  covers(id: string, subject: JsonObject): boolean;
  /** @throws RtaError `RTA_SSF_STREAM_COUNT`, and of the store. */
  create(stream: OutboundStream): Promise<void>;
  /**
   * Changes a stream, atomically.
   *
   * @param change - pure; the very object that it was given changes nothing.
   * @param isQuiet - other nodes need not know now: they see it with the next change.
   * @returns the stream now; undefined where there is none.
   */
  change(
    id: string,
    change: (now: OutboundStream) => OutboundStream,
    isQuiet?: boolean,
  ): Promise<OutboundStream | undefined>;
  /** Deletes a stream and its subjects. */
  remove(id: string): Promise<void>;
  /** Takes a subject in, or leaves it out. @throws RtaError `RTA_SSF_STREAM_COUNT` for too many, and of the store. */
  setSubject(id: string, subject: JsonObject, isIncluded: boolean): Promise<void>;
  /** Reads the streams again where another node changed them. */
  refresh(): Promise<void>;
}

/** What is known of streams by one reading. */
interface Known {
  readonly version: number;
  readonly streams: Map<string, OutboundStream>;
  readonly subjects: Map<string, SubjectFilter>;
}

const PREFIX = { stream: 'out:', subject: 'out-subject:' } as const;
const VERSION_KEY = 'out-version';

const version = z.object({ version: z.int() });
const subjectRecord = z.object({ stream: z.string(), isIncluded: z.boolean() });

/**
 * Opens the registry.
 *
 * @param defaultSubjects - whether events about everybody go to a stream, or about nobody until they are added.
 * @throws RtaError of the store.
 */
export async function openStreamRegistry(options: {
  readonly records: Records;
  readonly defaultSubjects: 'ALL' | 'NONE';
  readonly limits: TransmitterLimits;
  /** A record that is not a stream as this version knows them. */
  readonly onUnreadable: (id: string) => void;
}): Promise<StreamRegistry> {
  const { records, defaultSubjects, limits, onUnreadable } = options;
  const includesByDefault = defaultSubjects === 'ALL';

  const read = async (): Promise<Known> => {
    // The version first: what is written meanwhile is then read once more, and never missed.
    const known: Known = {
      version: readVersion(await records.get(VERSION_KEY)),
      streams: new Map(),
      subjects: new Map(),
    };
    for await (const [key, record] of records.entries()) {
      if (key.startsWith(PREFIX.stream)) {
        const stream = parseStream(record);
        if (stream === undefined) onUnreadable(key.slice(PREFIX.stream.length));
        else known.streams.set(stream.id, stream);
      } else if (key.startsWith(PREFIX.subject)) {
        const { success, data } = subjectRecord.safeParse(record);
        const subject = record['subject'];
        // One that says what the default says anyway is of a time with another default.
        if (!success || data.isIncluded === includesByDefault) continue;
        if (typeof subject !== 'object' || subject === null || isArray(subject)) continue;
        filterOf(known, data.stream).add(subjectKey(subject), subject);
      }
    }
    return known;
  };

  let known = await read();
  let last: Promise<unknown> = Promise.resolve();
  /** One at a time, so that a reading never undoes what was changed while it ran. */
  const inTurn = async <Result>(task: () => Promise<Result>): Promise<Result> => {
    const run = last.then(task, task);
    last = run.catch(() => {});
    return run;
  };
  const announce = async (): Promise<void> => {
    const before = known.version;
    const now = readVersion(
      await records.update(VERSION_KEY, (record) => ({ record: { version: readVersion(record) + 1 } })),
    );
    // Somebody else changed something as well: the next refresh reads it.
    if (now === before + 1) known = { ...known, version: now };
  };

  return {
    get: (id) => known.streams.get(id),
    all: () => [...known.streams.values()],
    covers(id, subject) {
      const isListed = known.subjects.get(id)?.matches(subject) === true;
      return isListed !== includesByDefault;
    },
    create: (stream) =>
      inTurn(async () => {
        const { receiver } = stream;
        const own = [...known.streams.values()].filter((one) => one.receiver === receiver);
        if (own.length >= limits.streamsPerReceiverCount || known.streams.size >= limits.streamCount) {
          throw transmitterError('RTA_SSF_STREAM_COUNT');
        }
        await records.put(PREFIX.stream + stream.id, streamRecord(stream));
        known.streams.set(stream.id, stream);
        await announce();
      }),
    change: (id, change, isQuiet = false) =>
      inTurn(async () => {
        let changed: OutboundStream | undefined;
        let isSame = false;
        await records.update(PREFIX.stream + id, (record) => {
          const now = record === undefined ? undefined : parseStream(record);
          changed = now === undefined ? undefined : change(now);
          isSame = changed === now;
          if (record === undefined) return undefined;
          return { record: changed === undefined || isSame ? record : streamRecord(changed) };
        });
        if (changed === undefined) known.streams.delete(id);
        else known.streams.set(id, changed);
        if (!isSame && !isQuiet) await announce();
        return changed;
      }),
    remove: (id) =>
      inTurn(async () => {
        known.streams.delete(id);
        known.subjects.delete(id);
        await records.delete(PREFIX.stream + id);
        for await (const [key] of records.entries()) {
          if (key.startsWith(`${PREFIX.subject}${id}:`)) await records.delete(key);
        }
        await announce();
      }),
    setSubject: (id, subject, isIncluded) =>
      inTurn(async () => {
        if (!known.streams.has(id)) throw transmitterError('RTA_SSF_NO_SUCH_STREAM');
        const filter = filterOf(known, id);
        const key = subjectKey(subject);
        const recordKey = `${PREFIX.subject}${id}:${key}`;
        if (isIncluded === includesByDefault) {
          if (!filter.has(key)) return;
          await records.delete(recordKey);
          filter.delete(key);
        } else {
          if (filter.has(key)) return;
          if (filter.count >= limits.subjectsPerStreamCount) {
            throw transmitterError('RTA_SSF_STREAM_COUNT', 'the stream has as many subjects as it may have');
          }
          await records.put(recordKey, { stream: id, subject, isIncluded });
          filter.add(key, subject);
        }
        await announce();
      }),
    refresh: () =>
      inTurn(async () => {
        if (readVersion(await records.get(VERSION_KEY)) !== known.version) known = await read();
      }),
  };
}

function readVersion(record: JsonObject | undefined): number {
  const result = version.safeParse(record);
  return result.success ? result.data.version : 0;
}

function filterOf({ subjects }: Known, stream: string): SubjectFilter {
  let filter = subjects.get(stream);
  if (filter === undefined) {
    filter = createSubjectFilter();
    subjects.set(stream, filter);
  }
  return filter;
}

function isArray(value: object): value is readonly unknown[] {
  return Array.isArray(value);
}
