import type { AuditLog, AuditRow } from '@rta/store';

/**
 * An audit log that keeps its last row alone. The server makes, hashes and appends every row as ever; a run makes more
 * of them than memory is for, and where they would be kept is a matter of the store and not of the bench.
 */
export function createForgetfulAudit(): AuditLog {
  let last: AuditRow | undefined;
  return {
    async append(rows) {
      last = rows.at(-1) ?? last;
    },
    async *read() {
      if (last !== undefined) yield last;
    },
    last: () => Promise.resolve(last),
  };
}
