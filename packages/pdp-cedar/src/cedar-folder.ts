import { constants, watch } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CedarFile, CedarSource } from './cedar-source.ts';
import { pdpCedarError } from './errors.ts';
import { PDP_CEDAR_LIMITS } from './limits.ts';

/**
 * Policies from the `*.cedar` and `*.cedarschema` files of one folder. Other files, files whose names begin with a
 * dot, and folders within it are left alone; links are followed.
 *
 * Replace several files that belong together by one rename of a folder or of a link to it: files that are written
 * one after the other may be read in between.
 *
 * @param path - the folder; it may vanish and come back.
 */
export function cedarFolder(path: string): CedarSource {
  return {
    name: path,

    async read() {
      let names: readonly string[];
      try {
        names = (await readdir(path)).filter(isCedarFile);
      } catch (cause) {
        throw pdpCedarError('RTA_PDP_CEDAR_SOURCE', `cannot read the folder ${path}: ${codeOf(cause)}`, {
          cause,
        });
      }
      if (names.length > PDP_CEDAR_LIMITS.maxFiles) {
        throw pdpCedarError('RTA_PDP_CEDAR_LIMIT', `${path} holds ${names.length} files of policies`);
      }
      const files: CedarFile[] = [];
      for (const name of names.toSorted()) files.push({ name, text: await readText(path, name) });
      return files;
    },

    watch(onChange) {
      const watcher = watch(path, { persistent: false }, onChange);
      // What a broken watch misses, the next reading finds.
      watcher.on('error', onChange);
      return { close: () => watcher.close() };
    },
  };
}

const isCedarFile = (name: string): boolean => /^[^.].*\.cedar(schema)?$/s.test(name);

async function readText(folder: string, name: string): Promise<string> {
  try {
    // Not blocking, so that a pipe in the folder is refused rather than waited for.
    await using handle = await open(join(folder, name), constants.O_RDONLY | constants.O_NONBLOCK);
    const { size } = await handle.stat();
    if (size > PDP_CEDAR_LIMITS.maxFileBytes) {
      throw pdpCedarError('RTA_PDP_CEDAR_LIMIT', `${name} has ${size} bytes`);
    }
    return new TextDecoder('utf-8', { fatal: true }).decode(await handle.readFile());
  } catch (cause) {
    if (codeOf(cause).startsWith('RTA_')) throw cause;
    throw pdpCedarError('RTA_PDP_CEDAR_SOURCE', `cannot read ${name}: ${codeOf(cause)}`, { cause });
  }
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown error';
