import { describe, expect, test } from 'vitest';
import {
  type AuditRow,
  type AuditVerification,
  type AuditVerifierOptions,
  auditHash,
  createAuditVerifier,
  createChainWriter,
} from '../src/index.ts';
import { decision, makeLog, START_MS, signer, stranger } from './log-maker.ts';

const pinned = { trustedKeys: [signer.publicKey] };

function verify(rows: readonly AuditRow[], options: AuditVerifierOptions = pinned): AuditVerification {
  const verifier = createAuditVerifier(options);
  for (const row of rows) verifier.push(row);
  return verifier.finish();
}

const faultsOf = (rows: readonly AuditRow[], options?: AuditVerifierOptions): string[] =>
  verify(rows, options)
    .findings.filter(({ severity }) => severity === 'fault')
    .map(({ kind, sequence }) => `${kind} ${sequence}`);
const notesOf = (rows: readonly AuditRow[], options?: AuditVerifierOptions): string[] =>
  verify(rows, options)
    .findings.filter(({ severity }) => severity === 'note')
    .map(({ kind, sequence }) => `${kind} ${sequence}`);

/** What somebody does who can write the file and has no key: the hashes fit again from a row on. */
function rehash(rows: readonly AuditRow[], from: number): AuditRow[] {
  const made: AuditRow[] = [];
  for (const row of rows) {
    const before = made.at(-1)?.hash ?? '';
    made.push(row.sequence < from ? row : { ...row, hash: auditHash(before, row.line) });
  }
  return made;
}

const editLine = (rows: readonly AuditRow[], sequence: number): AuditRow[] =>
  rows.map((row) => (row.sequence === sequence ? { ...row, line: row.line.replace('permit', 'deny') } : row));

describe('a log that nobody touched', () => {
  test('verifies, and says how far it is sealed', () => {
    const rows = makeLog({ count: 25 });
    // A start, 25 decisions, a checkpoint behind each ten, an end.
    expect(rows).toHaveLength(29);
    expect(verify(rows)).toEqual({
      ok: true,
      rowCount: 29,
      firstSequence: 1,
      last: { sequence: 29, hash: rows[28]?.hash },
      sealed: { sequence: 29, hash: rows[28]?.hash },
      checkpointCount: 4,
      lostCount: 0,
      faultCount: 0,
      noteCount: 0,
      findings: [],
    });
  });

  test('goes on over a restart, also where the node before did not end in order', () => {
    const before = makeLog({ count: 5, isEnded: false });
    const rows = [
      ...before,
      ...makeLog({ count: 5, last: before.at(-1) as AuditRow, fromMs: START_MS + 60_000 }),
    ];
    expect(faultsOf(rows)).toEqual([]);
    expect(notesOf(rows)).toEqual(['sealed-late 2']);
  });

  test('tells which rows are not sealed yet', () => {
    const { ok, sealed, findings } = verify(makeLog({ count: 25, isEnded: false }));
    expect(ok).toBe(true);
    expect(sealed.sequence).toBe(23);
    expect(findings).toMatchObject([
      { severity: 'note', kind: 'unsealed-tail', sequence: 24, toSequence: 28 },
    ]);
  });

  test('may be empty', () => {
    expect(verify([])).toMatchObject({
      ok: true,
      rowCount: 0,
      firstSequence: 0,
      last: { sequence: 0, hash: '' },
    });
  });
});

describe('somebody who can write the file', () => {
  const rows = makeLog({ count: 25 });
  const at = (sequence: number): AuditRow => rows[sequence - 1] as AuditRow;

  test.each<[how: string, tampered: AuditRow[], faults: string[]]>([
    ['edits a line', editLine(rows, 3), ['edited 3']],
    ['edits a hash', rows.map((row) => (row.sequence === 3 ? { ...row, hash: 'x' } : row)), ['edited 3']],
    ['drops a row', rows.filter(({ sequence }) => sequence !== 5), ['dropped 5']],
    ['drops several', rows.filter(({ sequence }) => sequence < 5 || sequence > 8), ['dropped 5']],
    ['swaps two rows', [...rows.slice(0, 4), at(6), at(5), ...rows.slice(6)], ['dropped 5', 'reordered 5']],
    ['puts a row in twice', [...rows.slice(0, 5), at(5), ...rows.slice(5)], ['duplicated 5']],
    [
      'puts one of its own in',
      [...rows.slice(0, 5), { ...at(5), line: '{}' }, ...rows.slice(5)],
      ['duplicated 5'],
    ],
    [
      'gives a record another place',
      rows.map((row) => (row.sequence === 5 ? { ...row, line: at(6).line } : row)),
      ['edited 5', 'edited 5'],
    ],
    [
      'puts in what is no record',
      rows.map((row) => (row.sequence === 5 ? { ...row, line: '[]' } : row)),
      ['edited 5', 'malformed 5'],
    ],
    ['drops a checkpoint', rows.filter(({ sequence }) => sequence !== 12), ['dropped 12', 'unsealed 2']],
  ])('%s: it is found, and where', (_, tampered, faults) => {
    expect(faultsOf(tampered)).toEqual(faults);
  });

  test('makes all hashes fit again: the checkpoints behind name another history', () => {
    expect(faultsOf(rehash(editLine(rows, 3), 3))).toEqual([
      'bad-checkpoint 12',
      'unsealed 2',
      'bad-checkpoint 23',
      'bad-checkpoint 29',
    ]);
  });

  test('mends the checkpoints too: they are not signed', () => {
    const chain = createChainWriter({ node: 'node-1', signer: stranger, everyRows: 10 });
    const forged = [chain.seal('start', START_MS), chain.add(decision(1), START_MS)] as AuditRow[];
    expect(faultsOf(forged)).toEqual(['unknown-key 1', 'unsealed 1']);

    const mended = rehash(editLine(rows, 3), 3).map((row, _, all) =>
      row.sequence !== 12
        ? row
        : { ...row, line: row.line.replace(/"previous":"[^"]*"/, `"previous":"${all[10]?.hash}"`) },
    );
    expect(faultsOf(rehash(mended, 12))).toContain('bad-signature 12');
  });

  test('signs with a key of its own, under the name of the right one', () => {
    const [first] = makeLog({ count: 0, key: stranger, isEnded: false });
    const [genuine] = rows;
    const name = /"key":"([^"]*)"/.exec(genuine?.line ?? '')?.[1];
    const line = first?.line.replace(/"key":"[^"]*"/, `"key":"${name}"`) ?? '';
    expect(faultsOf([{ sequence: 1, line, hash: auditHash('', line) }])).toContain('bad-signature 1');
  });

  test('leaves the checkpoints out: no log goes on so long without', () => {
    const chain = createChainWriter({ last: at(12), node: 'node-1' });
    const forged = Array.from({ length: 11 }, (_, index) => chain.add(decision(index), START_MS + 100));
    expect(faultsOf([...rows.slice(0, 12), ...forged])).toEqual(['unsealed 13']);
  });

  test('has a log without any checkpoint: a trusted key seals none of it', () => {
    expect(faultsOf(makeLog({ count: 5, key: undefined }))).toEqual(['unsealed 1']);
  });

  test('spells a signature in another way, which changes a byte and not its meaning', () => {
    const last = rows.at(-1) as AuditRow;
    // Of the last of 86 characters four bits are to spare.
    const line = last.line.replace(
      /(.)"\}$/,
      (_, end: string) => `${end === 'A' ? 'B' : String.fromCodePoint((end.codePointAt(0) ?? 0) + 1)}"}`,
    );
    const before = rows.at(-2)?.hash ?? '';
    expect(line).not.toBe(last.line);
    expect(faultsOf([...rows.slice(0, -1), { ...last, line, hash: auditHash(before, line) }])[0]).toBe(
      'bad-checkpoint 29',
    );
  });

  test('cuts the end off: to find that, a place must have been noted', () => {
    const cut = rows.slice(0, 12);
    expect(faultsOf(cut)).toEqual([]);
    expect(faultsOf(cut, { ...pinned, expect: { sequence: 20 } })).toEqual(['truncated 20']);
    expect(faultsOf(rows, { ...pinned, expect: { sequence: 20, hash: at(20).hash } })).toEqual([]);
  });

  test('makes the unsealed end anew: to find that, a place must have been noted with its hash', () => {
    const open = makeLog({ count: 25, isEnded: false });
    const forged = rehash(editLine(open, 26), 26);
    expect(faultsOf(forged)).toEqual([]);
    expect(faultsOf(forged, { ...pinned, expect: { sequence: 28, hash: open.at(-1)?.hash } })).toEqual([
      'rewritten 28',
    ]);
  });
});

describe('a log whose older rows were removed', () => {
  const rows = makeLog({ count: 25 }).slice(13);
  const after = makeLog({ count: 25 })[12] as AuditRow;

  test('is verified from there on, which is noted', () => {
    expect(faultsOf(rows, { ...pinned, after })).toEqual([]);
    expect(notesOf(rows, { ...pinned, after })).toEqual(['begins-later 14']);
    expect(notesOf(rows)).toEqual(['begins-later 14']);
  });

  test('shows a first row that was edited where it is known what came before', () => {
    const [first, ...rest] = rows as [AuditRow, ...AuditRow[]];
    const tampered = [{ ...first, line: first.line.replace('files.read', 'files.list') }, ...rest];
    expect(faultsOf(tampered, { ...pinned, after })).toEqual(['edited 14']);
  });

  test('shows a beginning that does not fit', () => {
    expect(faultsOf(rows.slice(2), { ...pinned, after })).toEqual(['dropped 14']);
    expect(faultsOf(rows, { ...pinned, after: { ...after, hash: 'another' } })).toEqual(['edited 14']);
  });
});

describe('what is noted', () => {
  test('is a clock that goes back', () => {
    const chain = createChainWriter({ node: 'node-1' });
    const rows = [chain.add(decision(1), START_MS), chain.add(decision(2), START_MS - 5)];
    expect(notesOf(rows, {})).toEqual(['clock-back 2', 'unsealed-tail 1']);
  });

  test('is what the node itself lost', () => {
    const chain = createChainWriter({ node: 'node-1' });
    const rows = [chain.add({ kind: 'gap', outcome: 'ok', detail: { lost: 7 } }, START_MS)];
    expect(verify(rows, {})).toMatchObject({ ok: true, lostCount: 7 });
    expect(notesOf(rows, {})).toEqual(['lost 1', 'unsealed-tail 1']);
  });

  test('is a key that only the log itself names; it seals all the same, for whoever believes it', () => {
    const rows = makeLog({ count: 25 });
    expect(notesOf(rows, {})).toEqual(['key-not-pinned 1']);
    expect(verify(rows, {}).sealed.sequence).toBe(29);
    expect(faultsOf(rehash(editLine(rows, 3), 3), {})[0]).toBe('bad-checkpoint 12');
  });

  test('is a file that ends in a piece of a line; a line that is no row is a fault', () => {
    const verifier = createAuditVerifier({});
    verifier.pushUnreadable('cut-off', 'audit.jsonl');
    verifier.pushUnreadable('malformed', 'audit.jsonl');
    expect(verifier.finish()).toMatchObject({ ok: false, faultCount: 1, noteCount: 1 });
  });
});

test('findings are limited, and counted beyond the limit [I9]', () => {
  const chain = createChainWriter({ node: 'node-1' });
  const rows = Array.from({ length: 5_000 }, (_, index) => ({
    ...chain.add(decision(index), START_MS),
    hash: 'x',
  }));
  const { faultCount, findings } = verify(rows, {});
  expect(findings).toHaveLength(1_000);
  expect(faultCount).toBe(5_000);
});
