import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type AuditLog, type AuditRow, createMemoryStore } from '@rta/store';
import { createFakeClock } from '@rta/testkit';
import { describe, expect, test } from 'vitest';
import type { AuditRecord } from './audit-record.ts';
import { auditHash, openAuditTrail } from './audit-trail.ts';

const clock = createFakeClock();
const decision = (action: string): AuditRecord => ({ kind: 'decision', outcome: 'permit', action });
const open = (log: AuditLog) => openAuditTrail({ log, clock, node: 'node-1' });
const newLog = (): AuditLog => createMemoryStore({ clock }).audit;

async function rowsOf(log: AuditLog): Promise<AuditRow[]> {
  const rows: AuditRow[] = [];
  for await (const row of log.read()) rows.push(row);
  return rows;
}

/** The chain, by the words of its documentation: SHA-256 over the hash before, a line feed, and the line. */
function isChain(rows: readonly AuditRow[]): boolean {
  let before = '';
  return rows.every(({ line, hash }) => {
    before = createHash('sha256').update(`${before}\n${line}`).digest('base64url');
    return before === hash;
  });
}

/** A log that is told when to take what it was given, or to fail. */
function gatedLog(inner = newLog()) {
  const calls: { readonly rows: readonly AuditRow[]; readonly gate: PromiseWithResolvers<void> }[] = [];
  const log: AuditLog = {
    ...inner,
    append: async (rows) => {
      // As an adapter does that hands its rows to a disk: what it was given is what counts.
      const given = [...rows];
      const gate = Promise.withResolvers<void>();
      calls.push({ rows: given, gate });
      await gate.promise;
      await inner.append(given);
    },
  };
  return { log, calls, inner };
}

describe('an audit trail', () => {
  test('writes one line of JSON for each record, in order, numbered from 1 [I7]', async () => {
    const log = newLog();
    const trail = await open(log);

    trail.record(decision('a'));
    trail.record(decision('b'));
    await trail.flush();

    expect((await rowsOf(log)).map(({ sequence, line }) => [sequence, JSON.parse(line)])).toEqual([
      [
        1,
        {
          sequence: 1,
          atMs: 1_767_225_600_000,
          node: 'node-1',
          kind: 'decision',
          outcome: 'permit',
          action: 'a',
        },
      ],
      [
        2,
        {
          sequence: 2,
          atMs: 1_767_225_600_000,
          node: 'node-1',
          kind: 'decision',
          outcome: 'permit',
          action: 'b',
        },
      ],
    ]);
  });

  test('writes what one turn has brought at once', async () => {
    const { log, calls } = gatedLog();
    const trail = await open(log);

    for (const action of ['a', 'b', 'c']) trail.record(decision(action));
    await nextTurn();

    expect(calls.map(({ rows }) => rows.length)).toEqual([3]);
  });

  test('carries the hash of all rows before in each row', async () => {
    const log = newLog();
    const trail = await open(log);
    for (const action of ['a', 'b', 'c']) trail.record(decision(action));
    await trail.flush();

    const rows = await rowsOf(log);

    expect(isChain(rows)).toBe(true);
    expect(auditHash('', '{}')).toBe('oGLdSVK5NeQw1AnEpeXNdg6HgeMgDVx-EqIy3duopSg');
  });

  test.each([
    [
      'a line that was edited',
      (rows: AuditRow[]) => edit(rows, 1, { line: '{"sequence":2,"outcome":"deny"}' }),
    ],
    ['a row that is missing', (rows: AuditRow[]) => rows.filter((_, index) => index !== 1)],
    ['rows in another order', (rows: AuditRow[]) => [rows[1], rows[0], rows[2]] as AuditRow[]],
    ['a row that was put in twice', (rows: AuditRow[]) => [rows[0], rows[0], rows[1], rows[2]] as AuditRow[]],
    [
      'a line whose hash was made again',
      (rows: AuditRow[]) => edit(rows, 1, { line: '{}', hash: auditHash(rows[0]?.hash ?? '', '{}') }),
    ],
  ])('shows %s', async (_, tamper) => {
    const log = newLog();
    const trail = await open(log);
    for (const action of ['a', 'b', 'c']) trail.record(decision(action));
    await trail.flush();

    expect(isChain(tamper(await rowsOf(log)))).toBe(false);
  });

  test('goes on where the log ends when a node starts again', async () => {
    const log = newLog();
    const first = await open(log);
    first.record(decision('a'));
    await first.flush();

    const second = await open(log);
    second.record(decision('b'));
    await second.flush();

    const rows = await rowsOf(log);
    expect(rows.map(({ sequence }) => sequence)).toEqual([1, 2]);
    expect(isChain(rows)).toBe(true);
  });

  test('loses nothing that is recorded while the log writes', async () => {
    const { log, calls, inner } = gatedLog();
    const trail = await open(log);
    trail.record(decision('a'));
    await nextTurn();
    trail.record(decision('b'));
    trail.record(decision('c'));
    calls[0]?.gate.resolve();
    await nextTurn();
    calls[1]?.gate.resolve();
    await trail.flush();

    expect(calls.map(({ rows }) => rows.map(({ sequence }) => sequence))).toEqual([[1], [2, 3]]);
    expect(isChain(await rowsOf(inner))).toBe(true);
  });
});

describe('a log that cannot be written', () => {
  test('makes the trail unhealthy, and nothing is lost or out of order when it can again [I7]', async () => {
    const { log, calls, inner } = gatedLog();
    const trail = await open(log);
    trail.record(decision('a'));
    await nextTurn();
    trail.record(decision('b'));
    calls[0]?.gate.reject(new Error('disk full'));
    await nextTurn();
    expect(trail.healthy).toBe(false);
    expect(await rowsOf(inner)).toEqual([]);

    trail.record(decision('c'));
    const flushed = trail.flush();
    await nextTurn();
    calls[1]?.gate.resolve();
    await flushed;

    expect(trail.healthy).toBe(true);
    const rows = await rowsOf(inner);
    expect(rows.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
    expect(isChain(rows)).toBe(true);
  });

  test('is tried again by a flush, without another record', async () => {
    const { log, calls } = gatedLog();
    const trail = await open(log);
    trail.record(decision('a'));
    await nextTurn();
    calls[0]?.gate.reject(new Error('disk full'));
    await nextTurn();

    const flushed = trail.flush();
    await nextTurn();
    calls[1]?.gate.resolve();
    await flushed;

    expect(trail.healthy).toBe(true);
  });

  test('does not hold up a flush for ever', async () => {
    const { log, calls } = gatedLog();
    const trail = await open(log);
    trail.record(decision('a'));
    const flushed = trail.flush();
    await nextTurn();

    calls[0]?.gate.reject(new Error('disk full'));

    await expect(flushed).resolves.toBeUndefined();
  });

  test('takes no more than its limit, and then nothing is permitted [I9]', async () => {
    const { log, calls } = gatedLog();
    const trail = await open(log);
    for (let count = 0; count < 99_999; count += 1) trail.record(decision('a'));
    expect(trail.healthy).toBe(true);

    trail.record(decision('a'));
    expect(trail.healthy).toBe(false);
    trail.record(decision('one too many'));

    await nextTurn();
    expect(calls[0]?.rows.at(-1)?.sequence).toBe(100_000);
    calls[0]?.gate.resolve();
    await trail.flush();
    expect(trail.healthy).toBe(true);
  });
});

function edit(rows: readonly AuditRow[], at: number, changes: Partial<AuditRow>): AuditRow[] {
  return rows.map((row, index) => (index === at ? { ...row, ...changes } : row));
}

test('a record that no log would take is cut, and says so: it must not stop those that follow [I7, I9]', async () => {
  const { inner } = gatedLog();
  const trail = await open(inner);
  const policies = Array.from({ length: 3_000 }, (_, i) => `policies.cedar#a-policy-with-a-long-name-${i}`);

  trail.record({ ...decision('a'), policies });
  trail.record(decision('b'));
  await trail.flush();

  expect(trail.healthy).toBe(true);
  const rows = await rowsOf(inner);
  expect(JSON.parse(rows[0]?.line ?? '')).toMatchObject({
    sequence: 1,
    kind: 'decision',
    detail: { cut: { policies: 3_000 } },
  });
  expect(rows).toHaveLength(2);
  expect(isChain(rows)).toBe(true);
});
