import { expect, test } from 'vitest';
import { parseAuditArguments } from './arguments.ts';

const parse = (...argv: readonly string[]) => parseAuditArguments(argv, '/etc/rta.yaml');

test('a query has every filter that was given, and no other', () => {
  const { query, limit, isNewestFirst, file, config } = parse(
    'query',
    '--person',
    'alice',
    '--kind',
    'decision',
    '--kind',
    'end',
    '--from',
    '2026-01-01',
    '--to',
    '1767225600001',
  );
  expect(query).toEqual({
    person: { sub: 'alice' },
    kinds: ['decision', 'end'],
    fromMs: 1_767_225_600_000,
    toMs: 1_767_225_600_001,
  });
  expect({ limit, isNewestFirst, file, config }).toEqual({
    limit: 100,
    isNewestFirst: false,
    file: undefined,
    config: '/etc/rta.yaml',
  });
});

test('a place that is expected has a number, and a hash where one is given', () => {
  expect(parse('verify', '--expect-sequence', '7').expect).toEqual({ sequence: 7, hash: undefined });
  expect(parse('verify', '--expect-sequence', '7', '--expect-hash', 'h').expect).toEqual({
    sequence: 7,
    hash: 'h',
  });
});

test.each([
  [[]],
  [['prune']],
  [['verify', '--person', 'alice']],
  [['verify', 'audit.jsonl']],
  [['verify', '--file', 'a', '--config', 'b']],
  [['verify', '--expect-hash', 'x']],
  [['verify', '--expect-sequence', '-1']],
  [['query', '--kind', 'nothing']],
  [['query', '--outcome', 'perhaps']],
  [['query', '--limit', '0']],
  [['query', '--from', 'yesterday']],
  [['query', '--from', '1 Jan 2026']],
  [['query', '--from', '2026-13-01']],
  [['query', '--issuer', 'https://idp.example']],
  [['export', '--format', 'xml']],
  [['export', '--newest']],
])('%j is not understood, as node:util says it', (argv) => {
  expect(() => parse(...argv)).toThrow(
    expect.objectContaining({ code: expect.stringMatching(/^ERR_PARSE_ARGS/) }),
  );
});
