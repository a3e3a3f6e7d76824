import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type AuditRecord, createAuditVerifier, parseAuditEntry } from '@rta/audit';
import { type AuditLog, type AuditRow, createMemoryStore } from '@rta/store';
import { createFakeClock } from '@rta/testkit';
import { createEd25519Key } from '@rta/token';
import { describe, expect, test } from 'vitest';
import { type AuditFailureMode, openAuditTrail } from './audit-trail.ts';

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

  test('takes no more than its limit, and then nothing is permitted; what was left out is admitted [I7, I9]', async () => {
    const { log, setBroken } = breakableLog();
    const trail = await open(log);
    setBroken(true);
    for (let count = 0; count < 99_999; count += 1) trail.record(decision('a'));
    expect(trail.healthy).toBe(true);

    trail.record(decision('a'));
    expect(trail.healthy).toBe(false);
    trail.record(decision('one too many'));
    clock.advance(250);
    trail.record(decision('and another'));
    setBroken(false);
    await trail.flush();

    expect(trail.healthy).toBe(true);
    const rows = await rowsOf(log);
    expect(rows).toHaveLength(100_001);
    expect(parseAuditEntry(rows.at(-1)?.line ?? '')).toMatchObject({
      kind: 'gap',
      detail: { lost: 2, toMs: clock.now(), fromMs: clock.now() - 250 },
    });
    expect(isChain(rows)).toBe(true);
  });

  test('is written in pieces, so that a disk that is nearly full takes some', async () => {
    const { log, calls } = gatedLog();
    const trail = await open(log);
    for (let count = 0; count < 5_000; count += 1) trail.record(decision('a'));
    await nextTurn();
    calls[0]?.gate.resolve();
    await nextTurn();

    expect(calls.map(({ rows }) => rows.length)).toEqual([4_096, 904]);
  });
});

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

/** A log that can be told to refuse. */
function breakableLog(inner: AuditLog = createMemoryStore({ clock, limits: { auditCount: 200_000 } }).audit) {
  let isBroken = false;
  const log: AuditLog = {
    ...inner,
    append: async (rows) => {
      if (isBroken) throw new Error('disk full');
      await inner.append(rows);
    },
  };
  return { log, setBroken: (value: boolean) => void (isBroken = value) };
}

describe.each(['deny', 'degrade'] satisfies AuditFailureMode[])('a trail that shall %s', (onFailure) => {
  const openWith = (log: AuditLog) => openAuditTrail({ log, clock, node: 'node-1', onFailure });

  test('permits while the log cannot be written only where it was told to', async () => {
    const { log, setBroken } = breakableLog();
    const trail = await openWith(log);
    setBroken(true);
    trail.record(decision('a'));
    await trail.flush();

    expect({ healthy: trail.healthy, isWritable: trail.isWritable }).toEqual({
      healthy: onFailure === 'degrade',
      isWritable: false,
    });
  });

  test('writes what waited when the log works again, with nothing between', async () => {
    const { log, setBroken } = breakableLog();
    const trail = await openWith(log);
    setBroken(true);
    for (const action of ['a', 'b']) trail.record(decision(action));
    await trail.flush();
    setBroken(false);
    await trail.flush();

    expect((await rowsOf(log)).map(({ line }) => parseAuditEntry(line).action)).toEqual(['a', 'b']);
    expect(trail.isWritable).toBe(true);
  });

  test('tells in the chain what was lost, from when to when, before what comes next', async () => {
    const { log, setBroken } = breakableLog();
    const trail = await openWith(log);
    setBroken(true);
    for (let count = 0; count < 100_000; count += 1) trail.record(decision('kept'));
    trail.record(decision('lost'));
    setBroken(false);
    await trail.flush();
    trail.record(decision('later'));
    await trail.flush();

    const rows = await rowsOf(log);
    expect(rows.slice(-3).map(({ line }) => parseAuditEntry(line))).toMatchObject([
      { action: 'kept' },
      { kind: 'gap', outcome: 'ok', cause: 'log-unavailable', detail: { lost: 1 } },
      { action: 'later' },
    ]);
    expect(isChain(rows)).toBe(true);
  });
});

const causes = async (log: AuditLog) =>
  (await rowsOf(log))
    .map(({ line }) => parseAuditEntry(line))
    .map((entry) => entry.checkpoint?.cause ?? entry.kind);

describe('a trail with a key', () => {
  const signer = createEd25519Key({ keyId: 1, privateKey: Uint8Array.from({ length: 32 }, (_, i) => i + 1) });
  const openSealed = (log: AuditLog) => openAuditTrail({ log, clock, node: 'node-1', signer });
  test('seals at the start, after some time, and at the end [I7]', async () => {
    const log = newLog();
    const trail = await openSealed(log);
    trail.record(decision('a'));
    clock.advance(9_999);
    await trail.flush();
    expect(await causes(log)).toEqual(['start', 'decision']);

    clock.advance(1);
    await trail.flush();
    expect(await causes(log)).toEqual(['start', 'decision', 'time']);

    trail.record(decision('b'));
    await trail.close();
    expect(await causes(log)).toEqual(['start', 'decision', 'time', 'decision', 'stop']);
  });

  test('seals after a thousand rows, however fast they come', async () => {
    const log = newLog();
    const trail = await openSealed(log);
    for (let count = 0; count < 2_001; count += 1) trail.record(decision('a'));
    await trail.close();

    const kinds: readonly string[] = await causes(log);
    expect(['start', 'rows', 'stop'].map((cause) => kinds.indexOf(cause))).toEqual([0, 1_001, 2_004]);
    expect(kinds.lastIndexOf('rows')).toBe(2_002);
  });

  test('does not seal again and again where nothing happens', async () => {
    const log = newLog();
    const trail = await openSealed(log);
    clock.advance(60_000);
    await trail.close();
    await trail.close();

    expect(await causes(log)).toEqual(['start']);
  });

  test('leaves a log behind that verifies, over restarts and failures', async () => {
    const { log, setBroken } = breakableLog();
    for (let start = 0; start < 3; start += 1) {
      const trail = await openSealed(log);
      setBroken(true);
      for (let count = 0; count < 1_500; count += 1) trail.record(decision('a'));
      await trail.flush();
      setBroken(false);
      await trail.close();
    }

    const verifier = createAuditVerifier({ trustedKeys: [signer.publicKey] });
    for (const row of await rowsOf(log)) verifier.push(row);
    const { ok, findings, checkpointCount, sealed, last } = verifier.finish();
    expect({ ok, findings, checkpointCount }).toEqual({ ok: true, findings: [], checkpointCount: 9 });
    expect(sealed).toEqual(last);
  });
});
