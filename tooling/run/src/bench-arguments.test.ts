import { expect, it } from 'vitest';
import { parseBenchArguments } from './bench-arguments.ts';

const parse = (...argv: readonly string[]) => parseBenchArguments(argv, ['token', 'connect'], '/somewhere');

it('passes a known bench on, with the file as the caller meant it', () => {
  expect(parse('token', '--json', 'out/token.json', '--quick')).toEqual({
    kind: 'bench',
    name: 'token',
    args: ['--json', '/somewhere/out/token.json', '--quick'],
  });
  expect(parse('--json=/tmp/a.json', 'connect')).toEqual({
    kind: 'bench',
    name: 'connect',
    args: ['--json', '/tmp/a.json'],
  });
});

it('asks for a name that there is', () => {
  expect(parse()).toEqual({ kind: 'mistake', message: 'which bench?' });
  expect(parse('tokens')).toEqual({ kind: 'mistake', message: 'there is no bench `tokens`' });
  expect(parse('../../gate')).toEqual({ kind: 'mistake', message: 'there is no bench `../../gate`' });
  expect(parse('token', 'connect')).toEqual({
    kind: 'mistake',
    message: 'one bench at a time: token, connect',
  });
});

it.each([
  ['--fast', "Unknown option '--fast'"],
  ['--json', "Option '--json <value>' argument missing"],
  ['--quick=yes', "Option '--quick' does not take an argument"],
])('refuses %s', (option, message) => {
  expect(parse('token', option)).toMatchObject({
    kind: 'mistake',
    message: expect.stringContaining(message),
  });
});

it('answers a call for help, whatever else is asked', () => {
  expect(parse('--help')).toEqual({ kind: 'help' });
  expect(parse('nothing', '-h')).toEqual({ kind: 'help' });
});
