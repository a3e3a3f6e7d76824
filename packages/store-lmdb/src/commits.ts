import { statfs } from 'node:fs/promises';
import { constants } from 'node:os';
import { dirname } from 'node:path';
import { storeError } from '@rta/store';
import type { CommitThread } from './commit-thread.ts';
import type { Environment } from './environment.ts';
import { translated } from './errors.ts';
import {
  DATABASE_NAMES,
  type DatabaseName,
  decodeExpiring,
  decodeExpiryKey,
  sortable,
  type Write,
} from './layout.ts';
import type { LmdbLimits } from './limits.ts';

/** Bytes that one entry takes beside its key and its value: its node, and its share of pages that are not full. */
const ENTRY_BYTES = 64;

/**
 * All writes of a store. What is added while a commit is on its way to the disk goes there together, as the next
 * commit. Decisions are made in the event loop, on {@link Commits.expected}, before anything is added: so they come one
 * after another, and nothing has to be decided inside of a transaction.
 */
export interface Commits {
  /** An entry as it will be when all that was added is written. */
  expected(database: DatabaseName, key: string): string | undefined;
  /** An entry as it is on the disk. */
  committed(database: DatabaseName, key: string): string | undefined;
  /**
   * Adds writes to the next commit, all or nothing.
   *
   * @returns resolves when they are on the disk. Where a commit fails, it and all that was decided on top of it is
   *   rejected.
   * @throws RtaError `RTA_STORE_FULL`, where anything is put; nothing was added then.
   */
  add(writes: readonly Write[]): Promise<void>;
  /** Resolves when all that was added is on the disk, and rejects where it is not: what was expected then is not so. */
  settled(): Promise<void>;
  /** Waits for what was added. Idempotent. */
  close(): Promise<void>;
}

/** Writes that are committed together: the last one of each entry. */
interface Group {
  readonly writes: Map<string, Write>;
  readonly done: PromiseWithResolvers<void>;
  bytes: number;
}

/** Makes the one writer of an environment. */
export function createCommits(options: {
  readonly environment: Environment;
  readonly thread: CommitThread;
  readonly file: string;
  readonly now: () => number;
  readonly limits: LmdbLimits;
}): Commits {
  const { environment, thread, file, now, limits } = options;
  const { root, databases } = environment;
  let gathering: Group | undefined;
  let committing: Group | undefined;
  let isScheduled = false;
  let storeBytes = liveBytes(environment);

  const committed = (database: DatabaseName, key: string): string | undefined =>
    databases[database].get(Buffer.from(key));

  const expected = (database: DatabaseName, key: string): string | undefined => {
    const id = `${database}/${key}`;
    const write = gathering?.writes.get(id) ?? committing?.writes.get(id);
    return write === undefined ? committed(database, key) : write.value;
  };

  const gather = (): Group => {
    if (gathering !== undefined) return gathering;
    gathering = { writes: new Map(), done: Promise.withResolvers<void>(), bytes: 0 };
    // Whoever added hears of a failure; a group that only sweeps has nobody who does.
    gathering.done.promise.catch(() => undefined);
    return gathering;
  };

  const addTo = (group: Group, { database, key, value }: Write): void => {
    group.writes.set(`${database}/${key}`, { database, key, value });
    group.bytes += bytesOf({ database, key, value });
  };

  /** Takes out what has expired, as it will be when the group is written. */
  const sweep = (group: Group): void => {
    const nowMs = now();
    const rows = databases.expiry.getKeys({
      start: Buffer.from(sortable(0)),
      end: Buffer.from(sortable(nowMs)),
      limit: limits.sweepCount,
    });
    for (const row of rows) {
      const key = row.toString();
      addTo(group, { database: 'expiry', key, value: undefined });
      const entry = decodeExpiryKey(key);
      const value = expected(entry.database, entry.key);
      const expiresAtMs = value === undefined ? undefined : decodeExpiring(value).expiresAtMs;
      if (expiresAtMs !== undefined && expiresAtMs < nowMs) addTo(group, { ...entry, value: undefined });
    }
  };

  /** LMDB calls a write that a full disk cut short an input/output error. */
  const nameOf = async (error: unknown, bytes: number): Promise<Error> => {
    const isCut = error instanceof Error && 'code' in error && error.code === constants.errno.EIO;
    if (isCut) {
      const { bavail, bsize } = await statfs(dirname(file));
      if (bavail * bsize < 2 * bytes + 1_048_576)
        return storeError('RTA_STORE_FULL', undefined, { cause: error });
    }
    return translated(error);
  };

  const commit = async (group: Group): Promise<void> => {
    try {
      sweep(group);
      await thread.commit([...group.writes.values()]);
      root.resetReadTxn();
      storeBytes = liveBytes(environment);
      committing = undefined;
      group.done.resolve();
    } catch (error) {
      const failure = await nameOf(error, group.bytes).catch(translated);
      // What was added meanwhile was decided on what has not come to be.
      const next = gathering;
      committing = undefined;
      gathering = undefined;
      group.done.reject(failure);
      next?.done.reject(failure);
    }
    if (gathering !== undefined) schedule();
  };

  const schedule = (): void => {
    if (isScheduled || committing !== undefined) return;
    isScheduled = true;
    // All that one turn of the event loop adds is committed at once.
    setImmediate(() => {
      isScheduled = false;
      if (gathering === undefined) return;
      committing = gathering;
      gathering = undefined;
      void commit(committing);
    });
  };

  const checkRoom = (writes: readonly Write[]): void => {
    if (writes.every(({ value }) => value === undefined)) return;
    const pendingBytes = (gathering?.bytes ?? 0) + (committing?.bytes ?? 0);
    const bytes = pendingBytes + writes.reduce((sum, write) => sum + bytesOf(write), 0);
    if (bytes <= limits.pendingBytes && storeBytes + bytes <= limits.storeBytes) return;
    // What has expired makes room for the next one.
    gather();
    schedule();
    throw storeError('RTA_STORE_FULL', undefined, { details: { storeBytes, pendingBytes } });
  };

  const settled = async (): Promise<void> => {
    await (gathering ?? committing)?.done.promise;
  };

  const drain = async (): Promise<void> => {
    if (gathering === undefined && committing === undefined) return;
    await settled().catch(() => undefined);
    await drain();
  };

  return {
    expected,
    committed,
    settled,
    async add(writes) {
      checkRoom(writes);
      const group = gather();
      for (const write of writes) addTo(group, write);
      schedule();
      await group.done.promise;
    },
    close: drain,
  };
}

/** A UTF-16 code unit has at most three bytes of UTF-8. */
function bytesOf({ key, value }: Write): number {
  return ENTRY_BYTES + key.length + (value === undefined ? 0 : Buffer.byteLength(value));
}

/** Bytes of the pages that hold something, those of deleted entries left out. */
function liveBytes({ databases }: Environment): number {
  return DATABASE_NAMES.reduce((sum, name) => {
    // LMDB's statistics are untyped.
    const stats = databases[name].getStats() as Readonly<Record<string, number>>;
    const pages =
      (stats['treeBranchPageCount'] ?? 0) + (stats['treeLeafPageCount'] ?? 0) + (stats['overflowPages'] ?? 0);
    return sum + pages * (stats['pageSize'] ?? 0);
  }, 0);
}
