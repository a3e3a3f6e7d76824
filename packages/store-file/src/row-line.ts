import { type AuditRow, storeError } from '@rta/store';

/** What stands before the record; the record itself stands in the line exactly as it was hashed. */
function prefixOf({ sequence, hash }: Pick<AuditRow, 'sequence' | 'hash'>): string {
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
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw storeError('RTA_STORE_MALFORMED', undefined, { cause });
  }
  if (typeof parsed !== 'object' || parsed === null || !('sequence' in parsed) || !('hash' in parsed)) {
    throw storeError('RTA_STORE_MALFORMED');
  }
  const { sequence, hash } = parsed;
  if (!Number.isSafeInteger(sequence) || typeof hash !== 'string') throw storeError('RTA_STORE_MALFORMED');
  const row = { sequence: sequence as number, hash };
  const prefix = prefixOf(row);
  // Written by another program, perhaps: the bytes that were hashed cannot be told any more.
  if (!text.startsWith(prefix)) throw storeError('RTA_STORE_MALFORMED');
  return { ...row, line: text.slice(prefix.length, -1) };
}
