import { expect, it } from 'vitest';
import { type BenchCase, runRounds } from './rounds.ts';

function caseOf(name: string, figures: readonly number[], log: string[]): BenchCase {
  const left = [...figures];
  return {
    case: name,
    warmUp: async () => void log.push(`warm ${name}`),
    measure: async () => {
      log.push(name);
      return { opsPerSecond: left.shift() ?? 0 };
    },
  };
}

it('warms everything up, then measures the cases in turn', async () => {
  const log: string[] = [];
  await runRounds([caseOf('a', [1, 1], log), caseOf('b', [1, 1], log)], 2, () => undefined);
  expect(log).toEqual(['warm a', 'warm b', 'a', 'b', 'a', 'b']);
});

it('gives the median of the rounds', async () => {
  const rows = await runRounds([caseOf('a', [30, 900, 10], [])], 3, () => undefined);
  expect(rows).toEqual([{ case: 'a', figures: { opsPerSecond: 30 } }]);
});

it('gives the middle of the two in the middle where rounds are even', async () => {
  const rows = await runRounds([caseOf('a', [40, 10, 20, 90], [])], 4, () => undefined);
  expect(rows[0]?.figures).toEqual({ opsPerSecond: 30 });
});

it('measures what takes long in the first round only', async () => {
  const log: string[] = [];
  const long = { ...caseOf('long', [7], log), once: true };
  const rows = await runRounds([caseOf('a', [1, 3], log), long], 2, () => undefined);
  expect(log).toEqual(['warm a', 'warm long', 'a', 'long', 'a']);
  expect(rows[1]?.figures).toEqual({ opsPerSecond: 7 });
});

it('tells what it does next', async () => {
  const steps: string[] = [];
  await runRounds([{ ...caseOf('a', [1], []), conditions: { inFlight: 32, lossPercent: 1 } }], 1, (step) =>
    steps.push(step),
  );
  expect(steps).toEqual([
    'warming up: a, inFlight 32, lossPercent 1',
    'round 1 of 1: a, inFlight 32, lossPercent 1',
  ]);
});
