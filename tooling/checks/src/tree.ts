import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The files that the checks look at. Paths are relative to the root of the repository, with `/`. */
export interface Tree {
  /** Every path, sorted. */
  readonly paths: readonly string[];
  /** The text of a file, or undefined where there is none. */
  read(path: string): string | undefined;
}

const NOT_OURS: ReadonlySet<string> = new Set(['node_modules', 'dist', '.git', '.turbo', 'coverage', '.rta']);

/** The working tree on disk, without what is installed or built. Texts are read when they are asked for. */
export function readTree(root: string): Tree {
  const paths: string[] = [];
  const walk = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      if (NOT_OURS.has(entry.name)) continue;
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) walk(path);
      else if (entry.isFile()) paths.push(path);
    }
  };
  walk('');
  paths.sort();
  const known = new Set(paths);
  return {
    paths,
    read: (path) => (known.has(path) ? readFileSync(join(root, path), 'utf8') : undefined),
  };
}

/** A tree in memory, for the tests of the checks. */
export function treeOf(files: Readonly<Record<string, string>>): Tree {
  const texts = new Map(Object.entries(files));
  return { paths: [...texts.keys()].sort(), read: (path) => texts.get(path) };
}
