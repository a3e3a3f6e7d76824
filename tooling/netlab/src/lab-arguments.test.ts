import { expect, it } from 'vitest';
import { parseLabArguments } from './lab-arguments.ts';

it('reads the path, the side and the command, whose own options stay its own', () => {
  const line =
    '--delay 10 --loss 0.01 --rate 1e6 --seed s --side server --block-udp --with other -- curl --help';
  expect(parseLabArguments(line.split(' '))).toEqual({
    kind: 'lab',
    profile: { delayMs: 10, lossRatio: 0.01, rateBitsPerSecond: 1_000_000 },
    blocksUdp: true,
    seed: 's',
    side: 'server',
    other: 'other',
    command: ['curl', '--help'],
  });
});

it('has a perfect path, the client side and any seed where nothing is said', () => {
  expect(parseLabArguments(['--', 'bash'])).toEqual({
    kind: 'lab',
    profile: {},
    blocksUdp: false,
    seed: undefined,
    side: 'client',
    other: undefined,
    command: ['bash'],
  });
});

it('gives help', () => {
  expect(parseLabArguments(['--help'])).toEqual({ kind: 'help' });
});

it.each([
  ['no command', []],
  ['an option that there is not', ['--dely', '10', '--', 'bash']],
  ['a side that there is not', ['--side', 'middle', '--', 'bash']],
  ['a delay that is no number', ['--delay', 'ten', '--', 'bash']],
  ['an empty delay', ['--delay', '', '--', 'bash']],
  ['a loss in percent', ['--loss', '5', '--', 'bash']],
])('says what is wrong with %s', (_name, argv) => {
  expect(parseLabArguments(argv)).toEqual({ kind: 'mistake', message: expect.any(String) });
});
