import { describe, expect, test } from 'vitest';
import { parseAdminArguments } from './arguments.ts';

const parse = (line: string) => parseAdminArguments(line.split(' '))?.request;
const order = (line: string) => parse(`${line} --reason why`)?.body;
const scopeOf = (scope: string) =>
  parseAdminArguments(['limit', 'agent', 'a', '--reason', 'why', '--scope', scope])?.request.body;

describe('orders', () => {
  test.each([
    ['kill session abc', { action: 'end', target: { type: 'session', id: 'abc' } }],
    ['kill agent planner', { action: 'end', target: { type: 'agent', id: 'planner' } }],
    [
      'kill agent planner --let-back',
      { action: 'end', target: { type: 'agent', id: 'planner' }, keepOut: false },
    ],
    ['kill user 42 --keep-out', { action: 'end', target: { type: 'user', sub: '42' }, keepOut: true }],
    ['kill user a@b.example', { action: 'end', target: { type: 'user', email: 'a@b.example' } }],
    ['kill user a@b.example --by sub', { action: 'end', target: { type: 'user', sub: 'a@b.example' } }],
    [
      'suspend tenant acme --issuer https://idp.example',
      { action: 'suspend', target: { type: 'tenant', issuer: 'https://idp.example', id: 'acme' } },
    ],
    ['resume user 42 --by opaque', { action: 'resume', target: { type: 'user', opaque: '42' } }],
    ['lift everyone --yes', { action: 'lift', target: { type: 'everyone' } }],
    ['kill everyone --dry-run', { action: 'end', target: { type: 'everyone' }, dryRun: true }],
    ['kill agent a --txn INC-7', { action: 'end', target: { type: 'agent', id: 'a' }, txn: 'INC-7' }],
  ])('%s', (line, expected) => {
    expect(order(line)).toEqual({ ...expected, reason: 'why' });
  });

  test('a limit has the scope that is left, which may be nothing', () => {
    expect(scopeOf('files.read mail.*')).toMatchObject({ action: 'limit', scope: ['files.read', 'mail.*'] });
    expect(scopeOf('')).toMatchObject({ scope: [] });
  });
});

test('what stands in a path is one part of it', () => {
  expect(parse('change ../sessions?x')).toMatchObject({ path: '/changes/..%2Fsessions%3Fx' });
  expect(parse('change c --jws --node n')).toMatchObject({ path: '/changes/c?node=n', isSigned: true });
  expect(parse('sessions --agent a&b --limit 5')).toMatchObject({ path: '/sessions?agent=a%26b&limit=5' });
});

test('help is wanted wherever it is asked for', () => {
  expect(parse('--help')).toBeUndefined();
  expect(parse('kill -h')).toBeUndefined();
});

test.each([
  [[]],
  [['stop']],
  [['kill']],
  [['kill', 'agent', 'a']],
  [['kill', 'agent', '--reason', 'why']],
  [['kill', 'agent', 'a', 'b', '--reason', 'why']],
  [['kill', 'robot', 'a', '--reason', 'why']],
  [['kill', 'everyone', '--reason', 'why']],
  [['kill', 'everyone', 'now', '--yes', '--reason', 'why']],
  [['kill', 'agent', 'a', '--issuer', 'x', '--reason', 'why']],
  [['kill', 'agent', 'a', '--by', 'sub', '--reason', 'why']],
  [['kill', 'user', 'a', '--by', 'phone', '--reason', 'why']],
  [['kill', 'agent', 'a', '--keep-out', '--let-back', '--reason', 'why']],
  [['suspend', 'agent', 'a', '--keep-out', '--reason', 'why']],
  [['limit', 'agent', 'a', '--reason', 'why']],
  [['kill', 'agent', 'a', '--reason', 'why', '--token', 'secret']],
  [['sessions', 'all']],
  [['change']],
])('%j is not understood, as node:util says it', (argv) => {
  expect(() => parseAdminArguments(argv)).toThrow(
    expect.objectContaining({ code: expect.stringMatching(/^ERR_PARSE_ARGS/) }),
  );
});
