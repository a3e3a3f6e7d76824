import { describe, expect, it } from 'vitest';
import { describeTarget, figureOf, judge } from './targets.ts';

describe('a target', () => {
  it.each([
    [50, 'met'],
    [49.9, 'missed'],
    [Number.NaN, 'missed'],
  ])('of at least 50 is, with %d, %s', (actual, outcome) => {
    expect(judge({ target: 'speed', unit: '×', actual, atLeast: 50 }).outcome).toBe(outcome);
  });

  it.each([
    [1.5, 'met'],
    [1.51, 'missed'],
    [Number.NaN, 'missed'],
  ])('of at most 1.5 is, with %d, %s', (actual, outcome) => {
    expect(judge({ target: 'time', unit: '×', actual, atMost: 1.5 }).outcome).toBe(outcome);
  });

  it('says what was wanted, and what came out', () => {
    const result = judge({ target: 'a against b', unit: '×', actual: 1_234.567, atLeast: 50 });
    expect(describeTarget(result)).toBe('met     a against b: 1,235 × (target: at least 50 ×)');
    const late = judge({ target: 'p50', unit: 'µs', actual: 6.1234, atMost: 5 });
    expect(describeTarget(late)).toBe('missed  p50: 6.12 µs (target: at most 5 µs)');
  });
});

it('finds a figure by case and conditions, and nothing else in its place', () => {
  const rows = [
    { case: 'a', conditions: { inFlight: 1 }, figures: { p50Us: 7 } },
    { case: 'a', conditions: { inFlight: 32 }, figures: { p50Us: 9 } },
    { case: 'a', conditions: { inFlight: 32, lossPercent: 1 }, figures: { p50Us: 11 } },
  ];
  expect(figureOf(rows, 'a', 'p50Us', { inFlight: 32 })).toBe(9);
  expect(figureOf(rows, 'a', 'p50Us', { lossPercent: 1, inFlight: 32 })).toBe(11);
  expect(() => figureOf(rows, 'a', 'p50Us')).toThrow(RangeError);
  expect(() => figureOf(rows, 'a', 'p99Us', { inFlight: 1 })).toThrow(RangeError);
});
