import { storeError } from './errors.ts';
import type { StoreLimits } from './limits.ts';
import type { AuditLog, AuditRow } from './store.ts';

/** An audit log in memory. It refuses gaps and repetitions, and never drops a row to make room. */
export function createMemoryAudit(options: {
  readonly checkOpen: () => void;
  readonly limits: StoreLimits;
}): AuditLog {
  const { checkOpen, limits } = options;
  const rows: AuditRow[] = [];
  let bytesKept = 0;

  /** @returns bytes of the lines. */
  const check = (added: readonly AuditRow[]): number => {
    let bytes = 0;
    for (const [index, { sequence, line }] of added.entries()) {
      const expected = rows.length + index + 1;
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
    if (rows.length + added.length > limits.auditCount || bytesKept + bytes > limits.auditBytes) {
      throw storeError('RTA_STORE_FULL', 'no room for more audit rows', {
        details: { rows: rows.length, bytes: bytesKept },
      });
    }
    return bytes;
  };

  return {
    async append(added) {
      checkOpen();
      bytesKept += check(added);
      for (const { sequence, line, hash } of added) rows.push(Object.freeze({ sequence, line, hash }));
    },
    async *read({ fromSequence = 1 } = {}) {
      checkOpen();
      if (!Number.isSafeInteger(fromSequence) || fromSequence < 1) {
        throw new RangeError('fromSequence must be 1 or more');
      }
      // The rows of this moment: a reader that audits its reading must come to an end.
      const end = rows.length;
      for (let index = fromSequence - 1; index < end; index++) {
        checkOpen();
        const row = rows[index];
        if (row !== undefined) yield row;
      }
    },
    async last() {
      checkOpen();
      return rows.at(-1);
    },
  };
}
