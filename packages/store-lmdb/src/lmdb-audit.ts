import { type AuditLog, type AuditRow, checkAuditRows, STORE_LIMITS, storeError } from '@rta/store';
import type { Commits } from './commits.ts';
import { AUDIT_LAST_KEY, sortable } from './layout.ts';
import type { Scan } from './scan.ts';

/** A row under its number: the hash as JSON, a line end, the line as it was hashed. */
function encodeRow({ hash, line }: AuditRow): string {
  return `${JSON.stringify(hash)}\n${line}`;
}

function decodeRow(key: string, value: string): AuditRow {
  const end = value.indexOf('\n');
  try {
    const hash: unknown = JSON.parse(value.slice(0, end));
    if (typeof hash === 'string') return { sequence: Number(key), line: value.slice(end + 1), hash };
  } catch {
    // What stands there is not shown.
  }
  throw storeError('RTA_STORE_MALFORMED');
}

/** The number of the newest row; 0 where there is none. */
function lastSequence(value: string | undefined): number {
  return value === undefined ? 0 : Number(value);
}

/** The audit log: a row under each sequence number. */
export function createLmdbAudit(options: {
  readonly commits: Commits;
  readonly scan: Scan;
  readonly checkOpen: () => void;
}): AuditLog {
  const { commits, scan, checkOpen } = options;

  const committedLast = (): number => lastSequence(commits.committed('schema', AUDIT_LAST_KEY));

  return {
    async append(rows) {
      checkOpen();
      const before = lastSequence(commits.expected('schema', AUDIT_LAST_KEY));
      checkAuditRows(rows, before, STORE_LIMITS);
      if (rows.length === 0) return;
      await commits.add([
        ...rows.map(
          (row) => ({ database: 'audit', key: sortable(row.sequence), value: encodeRow(row) }) as const,
        ),
        { database: 'schema', key: AUDIT_LAST_KEY, value: String(before + rows.length) },
      ]);
    },
    async *read({ fromSequence = 1 } = {}) {
      checkOpen();
      if (!Number.isSafeInteger(fromSequence) || fromSequence < 1) {
        throw new RangeError('fromSequence must be 1 or more');
      }
      // The rows of this moment: a reader that audits its reading must come to an end.
      const to = sortable(committedLast() + 1);
      for (const chunk of scan('audit', { from: sortable(fromSequence), to })) {
        for (const [key, value] of chunk) {
          checkOpen();
          yield decodeRow(key, value);
        }
      }
    },
    async last() {
      checkOpen();
      const last = committedLast();
      if (last === 0) return undefined;
      const value = commits.committed('audit', sortable(last));
      if (value === undefined) throw storeError('RTA_STORE_MALFORMED');
      return decodeRow(sortable(last), value);
    },
  };
}
