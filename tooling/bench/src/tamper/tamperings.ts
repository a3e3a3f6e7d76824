import { type AuditRecord, type AuditRow, auditHash, parseAuditEntry } from '@rta/audit';
import { decisionOf, fileOf, OTHER_KEY, sealRecords } from './sealed-log.ts';

/** Whole numbers from 0 up to, and without, a bound. */
export type Pick = (bound: number) => number;

/** A way to tamper with a log, for somebody who can write the file and has not the key. */
export interface Tampering {
  readonly name: string;
  /** Whether it is found only by who noted a place of the log before. */
  readonly needsAnchor: boolean;
  /** @returns the bytes of the file afterwards. */
  apply(rows: readonly AuditRow[], pick: Pick): Buffer;
}

/** All of them. */
export const TAMPERINGS: readonly Tampering[] = [
  {
    name: 'edit a byte',
    needsAnchor: false,
    apply(rows, pick) {
      const bytes = fileOf(rows);
      // The very last byte ends the last row: without it that row was never written, as after a crash.
      const at = pick(bytes.length - 1);
      bytes[at] = ((bytes[at] ?? 0) + 1 + pick(255)) % 256;
      return bytes;
    },
  },
  rowsOf('drop a row', (rows, pick) => without(rows, pick(rows.length - 1), 1)),
  rowsOf('drop the rows before a checkpoint', (rows, pick) => {
    const checkpoints = rows.flatMap(({ line }, index) => (isCheckpoint(line) && index > 0 ? [index] : []));
    const checkpoint = checkpoints[pick(checkpoints.length)] ?? 0;
    const count = 1 + pick(Math.min(50, checkpoint));
    return without(rows, checkpoint - count, count);
  }),
  rowsOf('drop the first rows', (rows, pick) => rows.slice(1 + pick(rows.length - 2))),
  rowsOf('swap two rows', (rows, pick) => {
    const [a, b] = twoOf(rows, pick);
    const swapped = [...rows];
    [swapped[a], swapped[b]] = [at(rows, b), at(rows, a)];
    return swapped;
  }),
  rowsOf('put a row in twice', (rows, pick) => {
    const copy = at(rows, pick(rows.length));
    return rows.toSpliced(1 + pick(rows.length), 0, copy);
  }),
  rowsOf('insert a row that follows from the one before', (rows, pick) => {
    const before = at(rows, pick(rows.length - 1));
    const sequence = before.sequence + 1;
    const line = lineOf(sequence, decisionOf(pick(10_000)));
    return rows.toSpliced(before.sequence, 0, { sequence, line, hash: auditHash(before.hash, line) });
  }),
  rowsOf('edit a record, and chain all rows behind it anew', (rows, pick) => {
    const from = pick(rows.length - 1);
    return rechain(rows, from, (row, index) => (index === from ? edited(row.line) : row.line));
  }),
  rowsOf('the same, and mend the checkpoints without signing them', (rows, pick) => {
    const from = pick(rows.length - 1);
    return rechain(rows, from, (row, index, previous) =>
      index === from ? edited(row.line) : row.line.replace(/"previous":"[^"]*"/, `"previous":"${previous}"`),
    );
  }),
  rowsOf('drop a record, number and chain all rows behind it anew, without checkpoints', (rows, pick) => {
    const from = pick(rows.length - 200);
    const kept = rows.filter(({ line }, index) => index < from || (index > from && !isCheckpoint(line)));
    return rechain(kept, from, ({ line }, index) =>
      line.replace(/^\{"sequence":\d+/, `{"sequence":${index + 1}`),
    );
  }),
  rowsOf('write the whole log anew, signed with another key', (rows, pick) => {
    const records = rows.filter(({ line }) => !isCheckpoint(line)).map(({ line }) => recordOf(line));
    return sealRecords(records.toSpliced(pick(records.length), 1), OTHER_KEY);
  }),
  { ...rowsOf('cut the end off', (rows, pick) => rows.slice(0, pick(rows.length))), needsAnchor: true },
];

function rowsOf(
  name: string,
  change: (rows: readonly AuditRow[], pick: Pick) => readonly AuditRow[],
): Tampering {
  return { name, needsAnchor: false, apply: (rows, pick) => fileOf(change(rows, pick)) };
}

/** Makes hashes fit again from a row on, with lines as `lineAt` says. */
function rechain(
  rows: readonly AuditRow[],
  from: number,
  lineAt: (row: AuditRow, index: number, previousHash: string) => string,
): AuditRow[] {
  const made = rows.slice(0, from);
  for (const [index, row] of rows.entries()) {
    if (index < from) continue;
    const previous = made.at(-1)?.hash ?? '';
    const line = lineAt(row, index, previous);
    made.push({ sequence: index + 1, line, hash: auditHash(previous, line) });
  }
  return made;
}

const isCheckpoint = (line: string): boolean => line.includes('"kind":"checkpoint"');
const edited = (line: string): string =>
  line.replace(/"atMs":(\d+)/, (_, ms: string) => `"atMs":${Number(ms) + 1}`);
const without = (rows: readonly AuditRow[], from: number, count: number): AuditRow[] =>
  rows.toSpliced(from, count);

function lineOf(sequence: number, record: AuditRecord): string {
  return JSON.stringify({ sequence, atMs: Date.UTC(2026, 0, 1), node: 'node-1', ...record });
}

function recordOf(line: string): AuditRecord {
  const { sequence: _, atMs: __, node: ___, ...record } = parseAuditEntry(line);
  return record;
}

function at(rows: readonly AuditRow[], index: number): AuditRow {
  const row = rows[index];
  if (row === undefined) throw new RangeError(`there is no row at ${index}`);
  return row;
}

function twoOf(rows: readonly AuditRow[], pick: Pick): [number, number] {
  const a = pick(rows.length);
  return [a, (a + 1 + pick(rows.length - 1)) % rows.length];
}
