import { expect, test } from 'vitest';
import { createProgress } from './progress.ts';

test('a long reading tells every twentieth of the way, a short one nothing', () => {
  const told: string[] = [];
  const long = createProgress(100_000_000, (text) => told.push(text));
  for (let count = 0; count < 12; count += 1) long.add(1_000_000);
  long.end();
  const short = createProgress(1_000, (text) => told.push(text));
  short.add(1_000);
  short.end();
  expect(told).toEqual(['\r5 %', '\r10 %', '\r       \r']);
});
