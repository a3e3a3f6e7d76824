import { expect, test } from 'vitest';
import { auditHash, createChainWriter, parseAuditEntry } from '../src/index.ts';
import { decision, signer } from './log-maker.ts';

test('the hash of a row is SHA-256 over the hash before, a line feed, and the line', () => {
  expect(auditHash('', '{}')).toBe('oGLdSVK5NeQw1AnEpeXNdg6HgeMgDVx-EqIy3duopSg');
});

test('a row says where, when and on which node, and then what', () => {
  const chain = createChainWriter({ node: 'node-1', last: { sequence: 6, hash: 'six' } });
  const row = chain.add({ kind: 'decision', outcome: 'deny', cause: 'policy' }, 1_234);
  expect(row.line).toBe(
    '{"sequence":7,"atMs":1234,"node":"node-1","kind":"decision","outcome":"deny","cause":"policy"}',
  );
  expect(row).toEqual({ sequence: 7, line: row.line, hash: auditHash('six', row.line) });
});

test('a checkpoint has the hash before it, the key, and a signature over all of it', () => {
  const chain = createChainWriter({ node: 'node-1', signer });
  const before = chain.add(decision(1), 1_000);
  const seal = chain.seal('time', 2_000);
  expect(parseAuditEntry(seal?.line ?? '')).toEqual({
    sequence: 2,
    atMs: 2_000,
    node: 'node-1',
    kind: 'checkpoint',
    outcome: 'ok',
    checkpoint: {
      previous: before.hash,
      cause: 'time',
      everyRows: 1_000,
      key: expect.stringMatching(/^[\w-]{43}$/),
    },
    signature: expect.stringMatching(/^[\w-]{86}$/),
  });
  // docs/audit.md: a label, then the line up to the signature.
  const signed = /^(.*),"signature":"(.*)"\}$/.exec(seal?.line ?? '');
  const message = new TextEncoder().encode(`RTA audit checkpoint v1\n${signed?.[1]}`);
  expect(signer.verify(message, new Uint8Array(Buffer.from(signed?.[2] ?? '', 'base64url')))).toBe(true);
});

test('without a key there are no checkpoints', () => {
  const chain = createChainWriter({ node: 'node-1', everyRows: 1 });
  chain.add(decision(1), 1_000);
  expect(chain.isSealDue).toBe(false);
  expect(chain.seal('time', 1_000)).toBeUndefined();
});

test.each([0, -1, 1.5])('a checkpoint every %s rows is refused', (everyRows) => {
  expect(() => createChainWriter({ node: 'node-1', everyRows })).toThrow(RangeError);
});

test('a record that is too long is cut, by bytes and not by characters', () => {
  const chain = createChainWriter({ node: 'node-1' });
  const fits = chain.add({ ...decision(1), detail: { text: 'x'.repeat(60_000) } }, 1_000);
  const wide = chain.add(
    { ...decision(1), policies: ['p'], detail: { text: '\u2028'.repeat(22_000) } },
    1_000,
  );
  expect(parseAuditEntry(fits.line).detail).toEqual({ text: 'x'.repeat(60_000) });
  expect(parseAuditEntry(wide.line).detail).toEqual({ cut: { policies: 1 } });
});
