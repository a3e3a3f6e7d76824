import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { type AuditLog, type AuditRow, STORE_LIMITS, storeError } from '@rta/store';
import { decodeRow, encodeRow } from './row-line.ts';

/** An audit log in a file. */
export interface FileAuditLog extends AuditLog, AsyncDisposable {
  /** Lets go of the file; what was appended is there. Idempotent. */
  close(): Promise<void>;
}

/**
 * Opens an audit log in a file, going on where it ends; a file that is not there is made, readable by its owner only.
 *
 * A row is one line of JSON, `{"sequence": …, "hash": …, "record": …}`. Rows are on the disk before `append` resolves. A last line
 * that a crash cut off was never acknowledged, and is removed. One process writes a file at a time.
 *
 * @throws RtaError `RTA_STORE_UNAVAILABLE` where the file cannot be opened, `RTA_STORE_SEQUENCE` where its rows do not
 *   follow one another, `RTA_STORE_MALFORMED` where a line is no row.
 */
export async function openFileAuditLog(path: string): Promise<FileAuditLog> {
  const handle = await withCode(() => open(path, 'a+', 0o600));
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

  const append = async (rows: readonly AuditRow[]): Promise<void> => {
    if (broken !== undefined) throw broken;
    const text = check(rows, written.last?.sequence ?? 0);
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
    written = { last: rows.at(-1) ?? written.last, bytes: written.bytes + Buffer.byteLength(text) };
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
      const { last, bytes } = written;
      if (last === undefined || fromSequence > last.sequence) return;
      for await (const line of linesOf(path, bytes)) {
        checkOpen();
        const row = decodeRow(line);
        if (row.sequence >= fromSequence) yield row;
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

/** How far a file is good, and the row that it ends with. */
interface End {
  readonly last: AuditRow | undefined;
  readonly bytes: number;
}

/** Reads the file through once, and takes out a last line that was cut off. */
async function findEnd(path: string, handle: FileHandle): Promise<End> {
  const { size } = await withCode(() => handle.stat());
  let last: AuditRow | undefined;
  let bytes = 0;
  for await (const line of linesOf(path, size)) {
    const row = decodeRow(line);
    checkSequence(row, last?.sequence ?? 0);
    last = row;
    bytes += Buffer.byteLength(line) + 1;
  }
  if (bytes < size) await withCode(() => handle.truncate(bytes));
  return { last, bytes };
}

/** The lines of a file, as far as it has been written; a rest without a line end is none. */
async function* linesOf(path: string, bytes: number): AsyncGenerator<string> {
  if (bytes === 0) return;
  const stream = createReadStream(path, { encoding: 'utf8', end: bytes - 1 });
  let rest = '';
  // Not by `node:readline`: it also ends lines at U+2028, which JSON text may hold.
  for await (const chunk of stream as AsyncIterable<string>) {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop() ?? '';
    yield* parts;
  }
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

async function withCode<Value>(call: () => Promise<Value>): Promise<Value> {
  try {
    return await call();
  } catch (error) {
    throw translated(error);
  }
}

/** What the file system says, in the words of the port. */
function translated(error: unknown): Error {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  const isFull = code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG';
  return storeError(isFull ? 'RTA_STORE_FULL' : 'RTA_STORE_UNAVAILABLE', `the audit file: ${code}`, {
    cause: error,
  });
}
