import { expect, it } from 'vitest';
import { createRate } from './rate.ts';

/** How many there are to take now. */
const takeAll = (rate: ReturnType<typeof createRate>, nowMs: number): number => {
  let taken = 0;
  for (; rate.has(nowMs); taken++) rate.take();
  return taken;
};

it("begins full, and fills as time passes, up to one second's worth", () => {
  const rate = createRate(10);
  expect(takeAll(rate, 1_000)).toBe(10);
  expect(takeAll(rate, 1_099)).toBe(0);
  expect(takeAll(rate, 1_100)).toBe(1);
  expect(takeAll(rate, 60_000)).toBe(10);
});

it('gives one at a time where it is less than one a second', () => {
  const rate = createRate(0.5);
  expect([0, 1_999, 2_000, 60_000].map((nowMs) => takeAll(rate, nowMs))).toEqual([1, 0, 1, 1]);
});

it('fills nothing by a clock that is set back, or by a time that is no number', () => {
  const rate = createRate(1);
  expect([5_000, 0, Number.NaN, 5_999, 6_000].map((nowMs) => takeAll(rate, nowMs))).toEqual([1, 0, 0, 0, 1]);
});

it('takes nothing by being asked', () => {
  const rate = createRate(1);
  for (let i = 0; i < 10; i++) rate.has(0);
  expect(takeAll(rate, 0)).toBe(1);
});
