import { type Database, open, type RootDatabase } from 'lmdb';
import type { DatabaseName } from './layout.ts';

/** Where the file of a store is, and how much of the address space it may take. */
export interface EnvironmentPlace {
  readonly file: string;
  readonly mapBytes: number;
}

/** One file with its databases. Keys are bytes, values text. */
export interface Environment {
  readonly root: RootDatabase<string, Buffer>;
  readonly databases: Readonly<Record<DatabaseName, Database<string, Buffer>>>;
}

/**
 * Opens the file, which several threads of one process do.
 *
 * `overlappingSync` is off: a commit then ends when its pages were flushed (`fdatasync`), and after them the page that
 * makes them count was written through (`O_DSYNC`). With it, a commit would end before it is on the disk.
 */
export function openEnvironment({ file, mapBytes }: EnvironmentPlace): Environment {
  const root = open<string, Buffer>({
    path: file,
    noSubdir: true,
    overlappingSync: false,
    mapSize: mapBytes,
    maxDbs: 16,
    encoding: 'string',
    keyEncoding: 'binary',
  });
  const openDatabase = (name: DatabaseName): Database<string, Buffer> =>
    root.openDB<string, Buffer>(name, { encoding: 'string', keyEncoding: 'binary' });
  return {
    root,
    databases: {
      schema: openDatabase('schema'),
      sessions: openDatabase('sessions'),
      subjects: openDatabase('subjects'),
      approvals: openDatabase('approvals'),
      changes: openDatabase('changes'),
      cursors: openDatabase('cursors'),
      streams: openDatabase('streams'),
      outbox: openDatabase('outbox'),
      'single-use': openDatabase('single-use'),
      audit: openDatabase('audit'),
      expiry: openDatabase('expiry'),
    },
  };
}
