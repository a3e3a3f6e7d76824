import { type AuditLog, type AuditRow, checkAuditRows, storeError } from '@rta/store';
import type { Ledger } from './ledger.ts';
import type { RedisStoreLimits } from './limits.ts';
import type { KeyNames } from './names.ts';
import { listOf, numberOf, textOf } from './reply.ts';
import { APPEND_ROWS, READ_LAST_ROW, READ_ROWS } from './scripts/audit.ts';
import { isWellFormed } from './well-formed.ts';

/** The audit log of a node in Redis. It refuses gaps and repetitions, and never drops a row to make room. */
export function createRedisAudit(options: {
  readonly ledger: Ledger;
  readonly names: KeyNames;
  readonly limits: RedisStoreLimits;
}): AuditLog {
  const { ledger, names, limits } = options;
  const keys = [names.audit];

  const last = async (): Promise<AuditRow | undefined> => {
    const { values } = await ledger.run(READ_LAST_ROW, keys, []);
    return rowsOf(values[0])[0];
  };

  return {
    async append(rows) {
      ledger.checkOpen();
      const first = rows[0];
      if (first === undefined) return;
      // That they follow one another is seen here; that they follow what is there, only in Redis.
      checkAuditRows(rows, first.sequence - 1, limits);
      // It would come back as another text than the one that was hashed.
      if (!rows.every(({ line }) => isWellFormed(line)))
        throw new TypeError('an audit line is well-formed text');
      const args = [limits.auditCount, first.sequence, ...rows.flatMap(({ line, hash }) => [line, hash])];
      const { status, values } = await ledger.run(APPEND_ROWS, keys, args);
      if (status === 'sequence') {
        const expected = numberOf(values[0]) + 1;
        throw storeError('RTA_STORE_SEQUENCE', `the next audit row is ${expected}`, {
          details: { expected, found: first.sequence },
        });
      }
      if (status === 'full') {
        throw storeError('RTA_STORE_FULL', 'no room for more audit rows', {
          details: { limit: limits.auditCount },
        });
      }
    },
    async *read({ fromSequence = 1 } = {}) {
      ledger.checkOpen();
      if (!Number.isSafeInteger(fromSequence) || fromSequence < 1) {
        throw new RangeError('fromSequence must be 1 or more');
      }
      // The rows of this moment: a reader that audits its reading must come to an end.
      const end = (await last())?.sequence ?? 0;
      let next = fromSequence;
      while (next <= end) {
        const { values } = await ledger.run(READ_ROWS, keys, [`${next}-0`, `${end}-0`, limits.pageCount]);
        const rows = rowsOf(values[0]);
        for (const row of rows) {
          ledger.checkOpen();
          if (row.sequence !== next) throw storeError('RTA_STORE_MALFORMED', 'an audit row is missing');
          next++;
          yield row;
        }
        if (rows.length === 0) throw storeError('RTA_STORE_MALFORMED', 'audit rows are missing');
      }
    },
    last,
  };
}

/** Entries of the stream: `[['7-0', ['line', …, 'hash', …]], …]`. */
function rowsOf(entries: unknown): readonly AuditRow[] {
  return listOf(entries).map((entry) => {
    const [id, fields] = listOf(entry);
    const [, line, , hash] = listOf(fields);
    return { sequence: numberOf(textOf(id).replace(/-0$/, '')), line: textOf(line), hash: textOf(hash) };
  });
}
