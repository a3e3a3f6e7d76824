import type { FileHandle } from 'node:fs/promises';
import { type AuditRow, storeError } from '@rta/store';
import { withCode } from './file-errors.ts';
import { readLines, seekRow } from './file-lines.ts';
import { decodeAfter, decodeRow, type RowPlace } from './row-line.ts';
import { listFullSegments, openIfThere, type Segment } from './segments.ts';

/** A line of a log, as it stands there: a row, or what is none. */
export interface AuditLine {
  readonly file: string;
  /** Byte of the file at which the line begins. */
  readonly atBytes: number;
  /** Bytes of the line, its end included. */
  readonly bytes: number;
  /** Undefined where the line is no row. */
  readonly row: AuditRow | undefined;
  /** Whether it is the rest of a file, without an end: a crash cut it off, or the node is writing it. */
  readonly isCutOff: boolean;
}

/** The files of an audit log, for reading: nothing is changed, whoever writes them meanwhile. */
export interface AuditFiles extends AsyncDisposable {
  /** Oldest first. */
  readonly files: readonly string[];
  /** Bytes of all files, as they were when they were opened. */
  readonly bytes: number;
  /** The row before the first one, where older files were removed. */
  readonly after: RowPlace | undefined;
  /** All lines in order, also those that are no rows; from a row on where `fromSequence` says so. */
  lines(options?: { readonly fromSequence?: number }): AsyncIterable<AuditLine>;
  /**
   * The rows in order, as a log of the port has them.
   *
   * @throws RtaError `RTA_STORE_MALFORMED` for a line that is no row.
   */
  read(options?: { readonly fromSequence?: number }): AsyncIterable<AuditRow>;
  /** The newest row. */
  last(): Promise<AuditRow | undefined>;
  close(): Promise<void>;
}

interface OpenFile extends Segment {
  readonly handle: FileHandle;
  readonly bytes: number;
}

/**
 * Opens the files of an audit log for reading, as they are now: what is appended later is not seen.
 *
 * @throws RtaError `RTA_STORE_UNAVAILABLE` where there is none, or one cannot be opened.
 */
export async function openAuditFiles(path: string): Promise<AuditFiles> {
  const files = await openAll(path);
  const starts = await Promise.all(files.map(startOf));
  const close = async (): Promise<void> => {
    await Promise.all(files.map(({ handle }) => handle.close()));
    files.length = 0;
  };

  async function* lines({ fromSequence = 1 } = {}): AsyncGenerator<AuditLine> {
    // The last file that begins at the row or before it.
    const first = starts.findLastIndex((start) => start !== undefined && start.sequence < fromSequence);
    let last: RowPlace | undefined;
    for (const file of files.slice(Math.max(0, first))) {
      const startBytes = fromSequence === 1 ? 0 : await seekRow(file.handle, file.bytes, fromSequence);
      for await (const { begin, ...line } of linesOf(file, startBytes)) {
        // What a file says of the one before must be so; of the oldest one that is there, the verifier must find out.
        if (begin !== undefined && (last === undefined || isSamePlace(begin, last))) continue;
        last = line.row ?? last;
        if (line.row === undefined || line.row.sequence >= fromSequence) yield line;
      }
    }
  }

  async function* read(options: { readonly fromSequence?: number } = {}): AsyncGenerator<AuditRow> {
    for await (const { row, isCutOff } of lines(options)) {
      if (row !== undefined) yield row;
      else if (!isCutOff) throw storeError('RTA_STORE_MALFORMED');
    }
  }

  const last = async (): Promise<AuditRow | undefined> => {
    for (const file of files.toReversed()) {
      const startBytes = await seekRow(file.handle, file.bytes, Number.MAX_SAFE_INTEGER);
      let newest: AuditRow | undefined;
      for await (const { row } of linesOf(file, startBytes)) newest = row ?? newest;
      if (newest !== undefined) return newest;
    }
    return undefined;
  };
  const after = starts[0];

  return {
    files: files.map(({ file }) => file),
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    after,
    lines,
    read,
    last,
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function openAll(path: string): Promise<OpenFile[]> {
  const opened: OpenFile[] = [];
  const take = async (segment: Segment): Promise<void> => {
    const handle = await openIfThere(segment.file);
    if (handle !== undefined) opened.push({ ...segment, handle, bytes: (await handle.stat()).size });
  };
  try {
    await withCode(async () => {
      // The one that is written comes first: if it is put away meanwhile, it is found under its new name as well.
      await take({ file: path, number: Number.POSITIVE_INFINITY });
      const [current] = opened;
      const known = current === undefined ? undefined : (await current.handle.stat({ bigint: true })).ino;
      for (const segment of await listFullSegments(path)) {
        await take(segment);
        const added = opened.at(-1);
        if (added === undefined || added === current) continue;
        if ((await added.handle.stat({ bigint: true })).ino !== known) continue;
        opened.pop();
        await added.handle.close();
      }
    });
    if (opened.length === 0) throw storeError('RTA_STORE_UNAVAILABLE', 'the audit file: ENOENT');
  } catch (error) {
    await Promise.all(opened.map(({ handle }) => handle.close()));
    throw error;
  }
  return opened.sort((a, b) => a.number - b.number);
}

/** The row before the first one of a file; undefined where the file begins the log. */
async function startOf({ handle, bytes }: OpenFile): Promise<RowPlace | undefined> {
  for await (const { text } of readLines(handle, { startBytes: 0, endBytes: bytes })) {
    try {
      return text === undefined ? undefined : decodeAfter(text);
    } catch {
      return undefined;
    }
  }
  return undefined;
}

function isSamePlace(a: RowPlace, b: RowPlace): boolean {
  return a.sequence === b.sequence && a.hash === b.hash;
}

/** The lines of one file; `begin` is what its first line says of the file before. */
async function* linesOf(
  file: OpenFile,
  startBytes: number,
): AsyncGenerator<AuditLine & { readonly begin?: RowPlace }> {
  for await (const line of readLines(file.handle, { startBytes, endBytes: file.bytes })) {
    const place = {
      file: file.file,
      atBytes: line.startBytes,
      bytes: line.endBytes - line.startBytes,
      isCutOff: line.isCutOff,
    };
    if (line.isCutOff || line.text === undefined) {
      yield { ...place, row: undefined };
      continue;
    }
    try {
      const begin = line.startBytes === 0 ? decodeAfter(line.text) : undefined;
      if (begin === undefined) yield { ...place, row: decodeRow(line.text) };
      else yield { ...place, row: undefined, begin };
    } catch {
      yield { ...place, row: undefined };
    }
  }
}
