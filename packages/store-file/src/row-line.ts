import { type AuditRow, storeError } from '@rta/store';

/** The row before the first one of a file. */
export type RowPlace = Pick<AuditRow, 'sequence' | 'hash'>;

/** What stands before the record; the record itself stands in the line exactly as it was hashed. */
function prefixOf({ sequence, hash }: RowPlace): string {
  return `{"sequence":${sequence},"hash":${JSON.stringify(hash)},"record":`;
}

/** A row as a line of the file: one JSON object, from which anybody can check the chain. */
export function encodeRow(row: AuditRow): string {
  return `${prefixOf(row)}${row.line}}\n`;
}

/**
 * Reads a line of the file.
 *
 * @throws RtaError `RTA_STORE_MALFORMED`; what the line holds is not shown.
 */
export function decodeRow(text: string): AuditRow {
  const row = placeOf(parse(text));
  const prefix = prefixOf(row);
  // Written by another program, perhaps: the bytes that were hashed cannot be told any more.
  if (!text.startsWith(prefix) || !text.endsWith('}')) throw storeError('RTA_STORE_MALFORMED');
  return { ...row, line: text.slice(prefix.length, -1) };
}

/** The first line of a file that goes on where another one ended: its first row can be checked without the other. */
export function encodeAfter({ sequence, hash }: RowPlace): string {
  return `{"after":${JSON.stringify({ sequence, hash })}}\n`;
}

/**
 * Reads the first line of a file.
 *
 * @returns undefined where it is no such line.
 */
export function decodeAfter(text: string): RowPlace | undefined {
  if (!text.startsWith('{"after":')) return undefined;
  const parsed = parse(text);
  const place = placeOf(
    typeof parsed === 'object' && parsed !== null && 'after' in parsed ? parsed.after : null,
  );
  // One spelling, as of rows: a byte that was changed shows.
  if (encodeAfter(place) !== `${text}\n`) throw storeError('RTA_STORE_MALFORMED');
  return place;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw storeError('RTA_STORE_MALFORMED', undefined, { cause });
  }
}

function placeOf(parsed: unknown): RowPlace {
  if (typeof parsed !== 'object' || parsed === null || !('sequence' in parsed) || !('hash' in parsed)) {
    throw storeError('RTA_STORE_MALFORMED');
  }
  const { sequence, hash } = parsed;
  if (typeof sequence !== 'number' || !Number.isSafeInteger(sequence) || typeof hash !== 'string') {
    throw storeError('RTA_STORE_MALFORMED');
  }
  return { sequence, hash };
}
