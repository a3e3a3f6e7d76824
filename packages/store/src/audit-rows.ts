import type { AuditRow } from '@rta/audit';
import { storeError } from './errors.ts';

/**
 * Checks rows before they are appended; for those who write a store.
 *
 * @param lastSequence - of the newest row that is there; 0 where there is none.
 * @returns the bytes of their lines, as UTF-8.
 * @throws RtaError `RTA_STORE_SEQUENCE`, `RTA_STORE_TOO_LARGE`; TypeError for a line with a line end.
 */
export function checkAuditRows(
  rows: readonly AuditRow[],
  lastSequence: number,
  limits: { readonly auditLineBytes: number },
): number {
  let bytes = 0;
  for (const [index, { sequence, line }] of rows.entries()) {
    const expected = lastSequence + index + 1;
    if (sequence !== expected) {
      throw storeError('RTA_STORE_SEQUENCE', `the next audit row is ${expected}`, {
        details: { expected, found: sequence },
      });
    }
    if (/[\n\r]/.test(line)) throw new TypeError('an audit line holds no line end');
    const lineBytes = Buffer.byteLength(line);
    if (lineBytes > limits.auditLineBytes) {
      throw storeError('RTA_STORE_TOO_LARGE', `an audit line has at most ${limits.auditLineBytes} bytes`, {
        details: { bytes: lineBytes, limit: limits.auditLineBytes },
      });
    }
    bytes += lineBytes;
  }
  return bytes;
}
