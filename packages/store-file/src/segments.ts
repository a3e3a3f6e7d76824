import { type FileHandle, open, readdir } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { withCode } from './file-errors.ts';

/** A file of a log. */
export interface Segment {
  readonly file: string;
  /** 1, 2, 3 … in the order in which they were written; Infinity for the one that is written. */
  readonly number: number;
}

/** The files of a log that are full, oldest first: beside `audit.jsonl`, `audit.000001.jsonl` and so on. */
export async function listFullSegments(path: string): Promise<readonly Segment[]> {
  const folder = dirname(path);
  const { stem, extension } = partsOf(path);
  const names = await withCode(() => readdir(folder));
  return names
    .flatMap((name) => {
      if (!name.startsWith(`${stem}.`) || !name.endsWith(extension)) return [];
      const digits = name.slice(stem.length + 1, name.length - extension.length);
      return /^\d{6,15}$/.test(digits) ? [{ file: join(folder, name), number: Number(digits) }] : [];
    })
    .sort((a, b) => a.number - b.number);
}

/** The name of a file that is full. */
export function segmentFile(path: string, number: number): string {
  const { stem, extension } = partsOf(path);
  return join(dirname(path), `${stem}.${String(number).padStart(6, '0')}${extension}`);
}

/** Makes the names in a folder durable, as `fdatasync` does the bytes of a file. */
export async function syncFolderOf(path: string): Promise<void> {
  // Windows opens no folder, and keeps its names in a journal of its own.
  if (process.platform === 'win32') return;
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Opens a file for reading; undefined where it is not there. */
export async function openIfThere(file: string): Promise<FileHandle | undefined> {
  try {
    return await open(file, 'r');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function partsOf(path: string): { readonly stem: string; readonly extension: string } {
  const extension = extname(path);
  return { stem: basename(path, extension), extension };
}
