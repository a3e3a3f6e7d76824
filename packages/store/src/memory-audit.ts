import type { AuditRow } from '@rta/audit';
import { checkAuditRows } from './audit-rows.ts';
import { storeError } from './errors.ts';
import type { StoreLimits } from './limits.ts';
import type { AuditLog } from './store.ts';

/** An audit log in memory. It refuses gaps and repetitions, and never drops a row to make room. */
export function createMemoryAudit(options: {
  readonly checkOpen: () => void;
  readonly limits: StoreLimits;
}): AuditLog {
  const { checkOpen, limits } = options;
  const rows: AuditRow[] = [];
  let bytesKept = 0;

  const check = (added: readonly AuditRow[]): number => {
    const bytes = checkAuditRows(added, rows.length, limits);
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
