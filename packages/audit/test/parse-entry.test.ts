import { expect, test } from 'vitest';
import { parseAuditEntry } from '../src/index.ts';

const GOOD = { sequence: 1, atMs: 5, node: 'n', kind: 'decision', outcome: 'permit' };

test('a record is read as it was written, with members that are not known yet', () => {
  expect(parseAuditEntry(JSON.stringify({ ...GOOD, later: 1 }))).toEqual({ ...GOOD, later: 1 });
});

test.each([
  ['no JSON', 'not json'],
  ['no object', '[]'],
  ['nothing', 'null'],
  ['no place', JSON.stringify({ ...GOOD, sequence: '1' })],
  ['a kind that there is not', JSON.stringify({ ...GOOD, kind: 'nothing' })],
  ['an outcome that there is not', JSON.stringify({ ...GOOD, outcome: 'maybe' })],
  ['a person without a name', JSON.stringify({ ...GOOD, subject: { issuer: 'x' } })],
  ['actors that are no texts', JSON.stringify({ ...GOOD, actors: [1] })],
  ['a resource that is a text', JSON.stringify({ ...GOOD, resource: 'a.txt' })],
])('a line with %s is no record', (_, line) => {
  expect(() => parseAuditEntry(line)).toThrow(expect.objectContaining({ code: 'RTA_AUDIT_RECORD' }));
});
