import type { AuditRow } from '@rta/audit';
import { SERVER_LIMITS } from '../limits.ts';

/** Rows that wait to be written, in order. */
export interface PendingRows {
  readonly count: number;
  /** Whether there is room for no more. */
  readonly isFull: boolean;
  add(row: AuditRow): void;
  /** The oldest rows, as many as are written at once. They stay until they are {@link PendingRows.drop}ped. */
  batch(): readonly AuditRow[];
  /** The oldest rows were written. */
  drop(count: number): void;
}

/** Makes an empty queue. */
export function createPendingRows(): PendingRows {
  let rows: AuditRow[] = [];
  let characters = 0;
  return {
    get count() {
      return rows.length;
    },
    get isFull() {
      return (
        rows.length >= SERVER_LIMITS.maxPendingAuditRecords ||
        characters >= SERVER_LIMITS.maxPendingAuditCharacters
      );
    },
    add(row) {
      characters += row.line.length;
      rows.push(row);
    },
    batch: () => rows.slice(0, SERVER_LIMITS.maxAuditBatch),
    drop(count) {
      for (const { line } of rows.slice(0, count)) characters -= line.length;
      rows = rows.slice(count);
    },
  };
}
