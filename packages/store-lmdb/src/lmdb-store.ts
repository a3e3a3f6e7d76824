import { realpath } from 'node:fs/promises';
import { type Clock, systemClock } from '@rta/core';
import {
  type CollectionName,
  encodeWrites,
  type Records,
  type RecordWrite,
  STORE_LIMITS,
  type Store,
  storeError,
} from '@rta/store';
import { startCommitThread } from './commit-thread.ts';
import { createCommits } from './commits.ts';
import { type Environment, openEnvironment } from './environment.ts';
import { lmdbError, translated } from './errors.ts';
import { checkHeader } from './file-header.ts';
import { prepareFolder } from './folder.ts';
import { AUDIT_LAST_KEY, DATABASE_NAMES, SCHEMA_VERSION, VERSION_KEY } from './layout.ts';
import { LMDB_LIMITS, type LmdbLimits } from './limits.ts';
import { createLmdbAudit } from './lmdb-audit.ts';
import { createLmdbRecords, recordWrites } from './lmdb-records.ts';
import { createLmdbSingleUse } from './lmdb-single-use.ts';
import { readThrough } from './read-through.ts';
import { createScan } from './scan.ts';

/** Options of {@link openLmdbStore}. */
export interface LmdbStoreOptions {
  /** The folder of the store; made where it is not there. It is for the store alone, on a disk of this machine. */
  readonly path: string;
  /** Says when keys and records expire; the machine's clock by default. */
  readonly clock?: Pick<Clock, 'now'>;
  /** Overrides of {@link LMDB_LIMITS}; positive integers. */
  readonly limits?: Partial<LmdbLimits>;
}

/** The files that this process has open: LMDB tells processes apart, not the openings of one. */
const OPEN_FILES = new Set<string>();

/**
 * Opens the store in a folder. Whatever it acknowledged is on the disk, as far as the operating system and the disk keep
 * their word: it survives the end of the process and of the machine.
 *
 * @throws RtaError `RTA_LMDB_LOCKED` where the store is open already; `RTA_LMDB_SCHEMA`, `RTA_LMDB_EXPOSED`;
 *   `RTA_STORE_MALFORMED` where the file is damaged; `RTA_STORE_UNAVAILABLE`, `RTA_STORE_FULL`. RangeError for a limit
 *   that is not a positive integer.
 */
export async function openLmdbStore({
  path,
  clock = systemClock,
  limits: overrides,
}: LmdbStoreOptions): Promise<Store> {
  const limits: LmdbLimits = { ...LMDB_LIMITS, ...overrides };
  for (const [name, value] of Object.entries(limits)) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new RangeError(`limit ${name} must be a positive integer`);
    }
  }
  const file = await realpath(await prepareFolder(path));
  if (OPEN_FILES.has(file)) throw lmdbError('RTA_LMDB_LOCKED');
  OPEN_FILES.add(file);
  try {
    // What is deleted leaves holes, and a commit needs pages beside those that it replaces.
    const place = { file, mapBytes: 2 * limits.storeBytes + 67_108_864 };
    if (await checkHeader(file)) await readThrough(place);
    const environment = openEnvironment(place);
    try {
      checkAlone(environment);
      checkSchema(environment);
      return joined({ environment, place, clock, limits });
    } catch (error) {
      await environment.root.close();
      throw error;
    }
  } catch (error) {
    OPEN_FILES.delete(file);
    throw translated(error);
  }
}

/**
 * LMDB has a table of the processes that read a file. Each holds a lock on its row, which the operating system takes
 * back with the process, however that ended: so a process that is gone keeps nobody out.
 */
function checkAlone({ root, databases }: Environment): void {
  // Takes a row for this process.
  databases.schema.get(Buffer.from(VERSION_KEY));
  root.readerCheck();
  const rows = root.readerList().matchAll(/^\s*(\d+) /gm);
  const others = [...rows].filter(([, pid]) => Number(pid) !== process.pid);
  if (others.length > 0) throw lmdbError('RTA_LMDB_LOCKED');
}

/** Looks whether this is a store that this version can go on with, or a new one, which it becomes. */
function checkSchema({ root, databases }: Environment): void {
  const read = (key: string): string | undefined => databases.schema.get(Buffer.from(key));
  const version = read(VERSION_KEY);
  if (version === undefined) {
    // LMDB's own table names the databases: nothing else may be there, and nothing in them.
    const isNew =
      root.getKeysCount({}) === DATABASE_NAMES.length &&
      DATABASE_NAMES.every((name) => databases[name].getKeysCount({ limit: 1 }) === 0);
    if (!isNew) throw lmdbError('RTA_LMDB_SCHEMA', undefined, { details: { found: 'none' } });
    root.transactionSync(() => databases.schema.putSync(Buffer.from(VERSION_KEY), SCHEMA_VERSION));
    return;
  }
  if (version !== SCHEMA_VERSION) {
    throw lmdbError('RTA_LMDB_SCHEMA', undefined, { details: { found: version.slice(0, 16) } });
  }
  // The audit log has a row for each number.
  const { entryCount } = databases.audit.getStats() as { entryCount: number };
  if (Number(read(AUDIT_LAST_KEY) ?? 0) !== entryCount) throw storeError('RTA_STORE_MALFORMED');
}

function joined(options: {
  readonly environment: Environment;
  readonly place: { readonly file: string; readonly mapBytes: number };
  readonly clock: Pick<Clock, 'now'>;
  readonly limits: LmdbLimits;
}): Store {
  const { environment, place, clock, limits } = options;
  const thread = startCommitThread(place);
  const now = (): number => clock.now();
  const commits = createCommits({ environment, thread, file: place.file, now, limits });
  let closing: Promise<void> | undefined;
  const checkOpen = (): void => {
    if (closing !== undefined) throw storeError('RTA_STORE_CLOSED');
  };
  const scan = createScan({ environment, checkOpen, chunkCount: limits.chunkCount });
  const parts = { commits, scan, now, checkOpen };
  const recordsIn = (database: CollectionName): Records => createLmdbRecords({ database, ...parts });

  const write = async (writes: readonly RecordWrite[]): Promise<void> => {
    checkOpen();
    const last = new Map(
      encodeWrites(writes, STORE_LIMITS).map((each) => [`${each.collection}/${each.key}`, each]),
    );
    if (last.size === 0) return;
    await commits.add(
      [...last.values()].flatMap(({ collection, key, record }) =>
        recordWrites(commits, collection, key, record),
      ),
    );
  };

  const closeAll = async (): Promise<void> => {
    await commits.close();
    await thread.close();
    await environment.root.close();
    OPEN_FILES.delete(place.file);
  };

  const close = (): Promise<void> => {
    closing ??= closeAll();
    return closing;
  };

  return {
    features: { durable: true, shared: false },
    sessions: recordsIn('sessions'),
    subjects: recordsIn('subjects'),
    approvals: recordsIn('approvals'),
    changes: recordsIn('changes'),
    cursors: recordsIn('cursors'),
    streams: recordsIn('streams'),
    outbox: recordsIn('outbox'),
    singleUse: createLmdbSingleUse(parts),
    audit: createLmdbAudit(parts),
    write,
    close,
    [Symbol.asyncDispose]: close,
  };
}
