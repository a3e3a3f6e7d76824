import { expect, it } from 'vitest';
import { parseBenchArguments } from './bench-arguments.ts';

it('runs in full, with no file, where nothing else is said', () => {
  expect(parseBenchArguments([])).toEqual({ kind: 'run', scale: 'full', jsonFile: undefined });
});

it('takes a file and the quick scale', () => {
  expect(parseBenchArguments(['--json', 'out.json', '--quick'])).toEqual({
    kind: 'run',
    scale: 'quick',
    jsonFile: 'out.json',
  });
});

it('answers a call for help', () => {
  expect(parseBenchArguments(['--quick', '--help'])).toEqual({ kind: 'help' });
});

it.each([
  ['--slow', "Unknown option '--slow'"],
  ['--json', "Option '--json <value>' argument missing"],
  ['token', "Unexpected argument 'token'"],
])('refuses %s', (argument, message) => {
  expect(parseBenchArguments([argument])).toMatchObject({
    kind: 'mistake',
    message: expect.stringContaining(message),
  });
});
