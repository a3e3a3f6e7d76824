import type { FileHandle } from 'node:fs/promises';
import { STORE_FILE_LIMITS } from './limits.ts';

/** A line of a file. */
export interface FileLine {
  /** Undefined where its bytes are no UTF-8, or too many. */
  readonly text: string | undefined;
  /** Where the line begins, and where the next one does. */
  readonly startBytes: number;
  readonly endBytes: number;
  /** Whether the file ends before the line does. */
  readonly isCutOff: boolean;
}

const LINE_FEED = 10;
// Strict, with a byte order mark kept: what is read is what the bytes say, and nothing is mended.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The lines of a part of a file, one by one, byte for byte. Not by `node:readline`: it also ends lines at U+2028, which
 * JSON text may hold, and mends what is no UTF-8.
 */
export async function* readLines(
  handle: FileHandle,
  range: { readonly startBytes: number; readonly endBytes: number },
): AsyncGenerator<FileLine> {
  const { chunkBytes, lineBytes } = STORE_FILE_LIMITS;
  let at = range.startBytes;
  let startBytes = at;
  let rest: Buffer[] = [];
  let restBytes = 0;
  const take = (endBytes: number, isCutOff: boolean): FileLine => {
    const line = { text: decode(rest, restBytes), startBytes, endBytes, isCutOff };
    rest = [];
    restBytes = 0;
    startBytes = endBytes;
    return line;
  };
  while (at < range.endBytes) {
    const length = Math.min(chunkBytes, range.endBytes - at);
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(length), 0, length, at);
    if (bytesRead === 0) break;
    const chunk = buffer.subarray(0, bytesRead);
    let from = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, from)) {
      restBytes += end - from;
      if (restBytes <= lineBytes) rest.push(chunk.subarray(from, end));
      from = end + 1;
      yield take(at + from, false);
    }
    restBytes += bytesRead - from;
    if (restBytes <= lineBytes) rest.push(chunk.subarray(from));
    at += bytesRead;
  }
  if (restBytes > 0) yield take(at, true);
}

function decode(parts: readonly Buffer[], bytes: number): string | undefined {
  if (bytes > STORE_FILE_LIMITS.lineBytes) return undefined;
  try {
    return decoder.decode(parts.length === 1 ? parts[0] : Buffer.concat(parts));
  } catch {
    return undefined;
  }
}

const ROW_START = /^\{"sequence":(\d{1,16}),/;

/** A part of a file that this small is read through. */
const NEAR_BYTES = 65_536;

/**
 * Where to begin to read for a row: the start of a line that does not lie behind it. It looks at some twenty lines, however
 * long the file is. A file that was changed may lead astray, and then the whole of it is read.
 */
export async function seekRow(handle: FileHandle, endBytes: number, sequence: number): Promise<number> {
  let low = 0;
  let high = endBytes;
  while (high - low > NEAR_BYTES) {
    const middle = low + Math.floor((high - low) / 2);
    const probe = await firstRowBehind(handle, { startBytes: middle, endBytes: high });
    if (probe === undefined) {
      high = middle;
    } else if (Number.isNaN(probe.sequence)) {
      return 0;
    } else if (probe.sequence <= sequence) {
      low = probe.startBytes;
    } else {
      high = middle;
    }
  }
  return low;
}

/** The first row that begins behind a place; its number is NaN where the line is no row. */
async function firstRowBehind(
  handle: FileHandle,
  range: { readonly startBytes: number; readonly endBytes: number },
): Promise<{ readonly sequence: number; readonly startBytes: number } | undefined> {
  let isFirst = true;
  for await (const { text, startBytes, isCutOff } of readLines(handle, range)) {
    // The place is in the middle of a line, more often than not.
    if (!isFirst && !isCutOff) return { sequence: Number(ROW_START.exec(text ?? '')?.[1]), startBytes };
    isFirst = false;
  }
  return undefined;
}
