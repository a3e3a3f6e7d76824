import { fc, it as property } from '@fast-check/vitest';
import { expect, it } from 'vitest';
import { createLatencyHistogram } from './latency-histogram.ts';

function histogramOf(timesUs: readonly number[]) {
  const histogram = createLatencyHistogram();
  for (const timeUs of timesUs) histogram.recordUs(timeUs);
  return histogram;
}

it('gives short times exactly', () => {
  const histogram = histogramOf([1, 2, 3, 4, 25.5]);
  expect(histogram.count).toBe(5);
  expect(histogram.percentileUs(50)).toBe(3);
  expect(histogram.percentileUs(99)).toBe(25.5);
  expect(histogram.percentileUs(0)).toBe(1);
});

it('finds the slowest of a hundred at the 100th percentile only', () => {
  const histogram = histogramOf([...Array.from({ length: 99 }, () => 10), 20]);
  expect(histogram.percentileUs(99)).toBe(10);
  expect(histogram.percentileUs(100)).toBe(20);
});

it.each([-0.1, Number.NaN])('refuses %d, which is no duration', (timeUs) => {
  expect(() => histogramOf([timeUs])).toThrow(RangeError);
});

it('counts what is longer than seven minutes as seven minutes', () => {
  const longestUs = histogramOf([1e12]).percentileUs(50);
  expect(longestUs).toBeGreaterThan(427e6);
  expect(longestUs).toBeLessThan(430e6);
});

it('has no percentile of nothing', () => {
  expect(() => createLatencyHistogram().percentileUs(50)).toThrow(RangeError);
});

property.prop([fc.array(fc.double({ min: 0, max: 1e8, noNaN: true }), { minLength: 1, maxLength: 200 })])(
  'is off by 0.4 % or half a tick at most',
  (timesUs) => {
    const sorted = timesUs.toSorted((a, b) => a - b);
    const exactUs = sorted[Math.ceil(sorted.length / 2) - 1] ?? 0;
    const errorUs = Math.abs(histogramOf(timesUs).percentileUs(50) - exactUs);
    expect(errorUs).toBeLessThanOrEqual(exactUs * 0.004 + 0.051);
  },
);
