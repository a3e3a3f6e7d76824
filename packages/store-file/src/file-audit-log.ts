import { constants } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { type AuditLog, type AuditRow, STORE_LIMITS, storeError } from '@rta/store';
import { type AuditFiles, openAuditFiles } from './audit-files.ts';
import { translated, withCode } from './file-errors.ts';
import { readLines } from './file-lines.ts';
import { STORE_FILE_LIMITS } from './limits.ts';
import { decodeAfter, decodeRow, encodeAfter, encodeRow, type RowPlace } from './row-line.ts';
import { listFullSegments, segmentFile, syncFolderOf } from './segments.ts';

/** An audit log in files. */
export interface FileAuditLog extends AuditLog, AsyncDisposable {
  /** Lets go of the file; what was appended is there. Idempotent. */
  close(): Promise<void>;
}

/** Options of {@link openFileAuditLog}. */
export interface FileAuditLogOptions {
  /** Bytes of a file after which the log goes on in another; `STORE_FILE_LIMITS.segmentBytes` by default. */
  readonly segmentBytes?: number;
}

/**
 * Opens an audit log in a file, going on where it ends; a file that is not there is made, readable by its owner only.
 *
 * A row is one line of JSON, `{"sequence": …, "hash": …, "record": …}`. Rows are on the disk before `append` resolves. A last line
 * that a crash cut off was never acknowledged, and is removed. One process writes a file at a time.
 *
 * A file that is full is put away as `audit.000001.jsonl` and so on, and `audit.jsonl` begins anew, with a first line
 * that names the last row before it. Files that were put away are never written again; the operator may remove the
 * oldest ones.
 *
 * @throws RtaError `RTA_STORE_UNAVAILABLE` where the file cannot be opened, `RTA_STORE_SEQUENCE` where its rows do not
 *   follow one another, `RTA_STORE_MALFORMED` where a line is no row. RangeError where `segmentBytes` is not positive.
 */
export async function openFileAuditLog(
  path: string,
  options: FileAuditLogOptions = {},
): Promise<FileAuditLog> {
  const { segmentBytes = STORE_FILE_LIMITS.segmentBytes } = options;
  if (!Number.isSafeInteger(segmentBytes) || segmentBytes < 1) {
    throw new RangeError('segmentBytes must be a positive integer');
  }
  let handle = await withCode(() => open(path, 'a+', 0o600));
  let written: End;
  try {
    written = await findEnd(path, handle);
  } catch (error) {
    await handle.close();
    throw error;
  }
  let broken: Error | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  let closing: Promise<void> | undefined;

  const checkOpen = (): void => {
    if (closing !== undefined) throw storeError('RTA_STORE_CLOSED');
  };

  /** Writes all of a text behind what is there, or nothing. */
  const write = async (text: string): Promise<void> => {
    try {
      await handle.appendFile(text);
      await handle.datasync();
    } catch (error) {
      // All or none: what did get into the file is taken out again. Where even that fails, nothing more is written
      // behind half a row.
      await handle.truncate(written.bytes).catch((cause: unknown) => {
        broken = translated(cause);
      });
      throw translated(error);
    }
  };

  const append = async (rows: readonly AuditRow[]): Promise<void> => {
    if (broken !== undefined) throw broken;
    const text = check(rows, written.last?.sequence ?? 0);
    if (text === '') return;
    const bytes = Buffer.byteLength(text);
    const { last } = written;
    if (last !== undefined && written.hasRows && written.bytes + bytes > segmentBytes) {
      const next = await putAway(path, last);
      await handle.close();
      handle = next.handle;
      written = { last, bytes: next.bytes, hasRows: false };
    }
    await write(text);
    written = { last: rows.at(-1) ?? last, bytes: written.bytes + bytes, hasRows: true };
  };

  const close = (): Promise<void> => {
    closing ??= turn.then(
      () => handle.close(),
      () => handle.close(),
    );
    return closing;
  };

  return {
    append(rows) {
      // Copies: what is done to the rows while they wait for their turn is not part of them.
      const batch = rows.map((row) => Object.freeze({ ...row }));
      const appended = turn.then(() => {
        checkOpen();
        return append(batch);
      });
      turn = appended.catch(() => undefined);
      return appended;
    },
    async *read({ fromSequence = 1 } = {}) {
      checkOpen();
      if (!Number.isSafeInteger(fromSequence) || fromSequence < 1) {
        throw new RangeError('fromSequence must be 1 or more');
      }
      const { last } = written;
      if (last === undefined || fromSequence > last.sequence) return;
      await using files: AuditFiles = await openAuditFiles(path);
      for await (const row of files.read({ fromSequence })) {
        checkOpen();
        // What was not acknowledged when the reading began is not part of it.
        if (row.sequence > last.sequence) return;
        yield row;
      }
    },
    async last() {
      checkOpen();
      return written.last;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** How far a file is good, and the row that the log ends with. */
interface End {
  readonly last: AuditRow | undefined;
  readonly bytes: number;
  /** Whether the file itself holds rows. */
  readonly hasRows: boolean;
}

/** Reads the file through once, and takes out a last line that was cut off. */
async function findEnd(path: string, handle: FileHandle): Promise<End> {
  const { size } = await withCode(() => handle.stat());
  let last: AuditRow | undefined;
  let after: RowPlace = { sequence: 0, hash: '' };
  let bytes = 0;
  for await (const { text, startBytes, endBytes, isCutOff } of readLines(handle, {
    startBytes: 0,
    endBytes: size,
  })) {
    if (isCutOff) break;
    if (text === undefined) throw storeError('RTA_STORE_MALFORMED');
    const begin = startBytes === 0 ? decodeAfter(text) : undefined;
    if (begin === undefined) {
      const row = decodeRow(text);
      checkSequence(row, (last ?? after).sequence);
      last = row;
    } else {
      after = begin;
    }
    bytes = endBytes;
  }
  if (bytes < size) await withCode(() => handle.truncate(bytes));
  if (last !== undefined) return { last, bytes, hasRows: true };
  return goOn(path, handle, bytes);
}

/** Finds the row that the log ends with where its newest file holds none, and begins that file after it. */
async function goOn(path: string, handle: FileHandle, bytes: number): Promise<End> {
  const full = await listFullSegments(path);
  if (full.length === 0) return { last: undefined, bytes, hasRows: false };
  await using files = await openAuditFiles(path);
  const last = await files.last();
  if (last === undefined) throw storeError('RTA_STORE_MALFORMED');
  const begin = encodeAfter(last);
  await withCode(async () => {
    await handle.truncate(0);
    await handle.appendFile(begin);
    await handle.datasync();
  });
  return { last, bytes: Buffer.byteLength(begin), hasRows: false };
}

/**
 * Puts the file away that is full, and begins another one. What needs room on the disk comes first, so that a disk
 * that is full leaves everything as it is.
 */
async function putAway(path: string, last: RowPlace): Promise<{ handle: FileHandle; bytes: number }> {
  const nextFile = `${path}.next`;
  const begin = encodeAfter(last);
  const { O_APPEND, O_CREAT, O_EXCL, O_RDWR } = constants;
  await withCode(() => rm(nextFile, { force: true }));
  const handle = await withCode(() => open(nextFile, O_APPEND | O_CREAT | O_EXCL | O_RDWR, 0o600));
  try {
    await handle.appendFile(begin);
    await handle.datasync();
    const number = ((await listFullSegments(path)).at(-1)?.number ?? 0) + 1;
    const fullFile = segmentFile(path, number);
    await rename(path, fullFile);
    try {
      await rename(nextFile, path);
    } catch (error) {
      await rename(fullFile, path);
      throw error;
    }
    await syncFolderOf(path);
  } catch (error) {
    await handle.close();
    await rm(nextFile, { force: true }).catch(() => undefined);
    throw translated(error);
  }
  return { handle, bytes: Buffer.byteLength(begin) };
}

function check(rows: readonly AuditRow[], lastSequence: number): string {
  let text = '';
  for (const [index, row] of rows.entries()) {
    checkSequence(row, lastSequence + index);
    if (/[\n\r]/.test(row.line)) throw new TypeError('an audit line holds no line end');
    const bytes = Buffer.byteLength(row.line);
    if (bytes > STORE_LIMITS.auditLineBytes) {
      throw storeError('RTA_STORE_TOO_LARGE', undefined, {
        details: { bytes, limit: STORE_LIMITS.auditLineBytes },
      });
    }
    text += encodeRow(row);
  }
  return text;
}

function checkSequence({ sequence }: AuditRow, lastSequence: number): void {
  if (sequence === lastSequence + 1) return;
  throw storeError('RTA_STORE_SEQUENCE', `the next audit row is ${lastSequence + 1}`, {
    details: { expected: lastSequence + 1, found: sequence },
  });
}
