import { type AuditLog, type AuditRow, storeError } from '@rta/store';
import { inAudit, type StoreFault } from './store-fault.ts';

/** An audit log that takes whatever it is given. */
function createCarelessAudit(): AuditLog {
  const rows: AuditRow[] = [];
  return {
    append: async (added) => void rows.push(...structuredClone(added)),
    async *read({ fromSequence = 1 } = {}) {
      yield* rows.filter(({ sequence }) => sequence >= fromSequence);
    },
    last: async () => rows.at(-1),
  };
}

/** Stores with a broken audit log, and the check that catches each. */
export const AUDIT_FAULTS: readonly StoreFault[] = [
  [
    'reads the newest audit row first',
    'audit rows come back in order, as they were appended',
    inAudit((inner) => ({
      async *read(options) {
        const rows = [];
        for await (const row of inner.read(options)) rows.unshift(row);
        yield* rows;
      },
    })),
  ],
  [
    'orders audit rows as text',
    'audit rows come back in order, as they were appended',
    inAudit((inner) => ({
      async *read(options) {
        const rows = [];
        for await (const row of inner.read(options)) rows.push(row);
        yield* rows.sort((a, b) => `${a.sequence}`.localeCompare(`${b.sequence}`));
      },
    })),
  ],
  [
    'reads from the row after the one that was asked for',
    'audit rows can be read from any row on',
    inAudit((inner) => ({
      read: ({ fromSequence = 0 } = {}) => inner.read({ fromSequence: fromSequence + 1 }),
    })),
  ],
  [
    'takes audit rows with gaps',
    'rows that do not go on from the last one are refused, all of them',
    () => ({ audit: createCarelessAudit() }),
  ],
  [
    'appends audit rows until one does not fit',
    'rows that do not go on from the last one are refused, all of them',
    inAudit((inner) => ({
      async append(rows) {
        for (const row of rows) await inner.append([row]);
      },
    })),
  ],
  [
    'loses one of two writers',
    'of two that append the same row at once one is refused',
    inAudit((inner) => ({
      append: (rows) =>
        inner.append(rows).catch((error: unknown) => {
          if (rows.length !== 2) throw error;
        }),
    })),
  ],
  [
    'cannot append nothing',
    'appending no rows changes nothing',
    inAudit((inner) => ({
      async append(rows) {
        if (rows.length === 0) throw storeError('RTA_STORE_SEQUENCE');
        await inner.append(rows);
      },
    })),
  ],
  [
    'takes an audit line that forges another',
    'an audit line that would be two lines is refused as a TypeError',
    () => ({ audit: createCarelessAudit() }),
  ],
  [
    'keeps the row that it is given',
    'what is done to a row after it was appended or read does not change the log',
    () => {
      const kept: AuditRow[] = [];
      return {
        audit: {
          append: async (rows) => void kept.push(...rows),
          async *read() {
            yield* kept;
          },
          last: async () => kept.at(-1),
        },
      };
    },
  ],
];
