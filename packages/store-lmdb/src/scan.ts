import type { Environment } from './environment.ts';
import type { DatabaseName } from './layout.ts';

/**
 * Reads a database in the order of its keys, in chunks: each is read as it is then. A reader that takes its time
 * between them keeps no old pages in the file.
 */
export type Scan = (
  database: DatabaseName,
  options?: { readonly from?: string; readonly to?: string },
) => Iterable<readonly (readonly [key: string, value: string])[]>;

/** Makes the reader of an environment. */
export function createScan(options: {
  readonly environment: Environment;
  readonly checkOpen: () => void;
  readonly chunkCount: number;
}): Scan {
  const { environment, checkOpen, chunkCount } = options;
  const { databases } = environment;
  return function* scan(database, { from = '', to } = {}) {
    let start = Buffer.from(from);
    const end = to === undefined ? {} : { end: Buffer.from(to) };
    for (;;) {
      checkOpen();
      const chunk = [...databases[database].getRange({ start, ...end, limit: chunkCount })];
      yield chunk.map(({ key, value }) => [key.toString(), value] as const);
      const last = chunk.at(-1);
      if (last === undefined || chunk.length < chunkCount) return;
      // The first key that can follow.
      start = Buffer.concat([last.key, Buffer.of(0)]);
    }
  };
}
