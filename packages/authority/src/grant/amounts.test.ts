import { describe, expect, it } from 'vitest';
import {
  type ActionLimits,
  type Amount,
  allowsAmount,
  areActionLimits,
  areLimitsWithin,
  intersectLimits,
} from './amounts.ts';

const eur = (value: number): Amount => ({ value, currency: 'EUR' });

describe('areActionLimits', () => {
  it.each<[ActionLimits, boolean]>([
    [{}, true],
    [{ totalCount: 0 }, true],
    [{ currency: 'EUR', maxAmount: 1 }, true],
    [{ currency: 'EUR', totalAmount: 9_007_199_254_740_991 }, true],
    [{ currency: 'EUR' }, false],
    [{ maxAmount: 1 }, false],
    [{ totalAmount: 1, totalCount: 1 }, false],
    [{ currency: 'eur', maxAmount: 1 }, false],
    [{ currency: 'EURO', maxAmount: 1 }, false],
    [{ currency: '', maxAmount: 1 }, false],
    [{ totalCount: -1 }, false],
    [{ totalCount: 1.5 }, false],
    [{ totalCount: Number.NaN }, false],
    [{ totalCount: Number.POSITIVE_INFINITY }, false],
    [{ totalCount: 9_007_199_254_740_992 }, false],
  ])('%j: %s', (limits, expected) => {
    expect(areActionLimits(limits)).toBe(expected);
  });
});

describe('allowsAmount', () => {
  const limits: ActionLimits = { currency: 'EUR', maxAmount: 100 };
  it.each<[string, ActionLimits | undefined, Amount | undefined, boolean]>([
    ['the largest amount', limits, eur(100), true],
    ['more', limits, eur(101), false],
    ['another currency', limits, { value: 1, currency: 'USD' }, false],
    ['the currency in other case', limits, { value: 1, currency: 'eur' }, false],
    ['no amount, where amounts are limited', limits, undefined, false],
    ['no amount, where only a number is', { totalCount: 1 }, undefined, true],
    ['any amount, where only a number is limited', { totalCount: 1 }, eur(1_000), true],
    ['any amount, where nothing is limited', undefined, eur(1_000), true],
    ['an amount below zero: it would give back what was spent', limits, eur(-1), false],
    [
      'an amount below zero, where only totals are limited',
      { currency: 'EUR', totalAmount: 5 },
      eur(-1),
      false,
    ],
    ['an amount below zero, where only a number is limited', { totalCount: 1 }, eur(-1), false],
    ['an amount below zero, where nothing is limited', undefined, eur(-1), false],
    ['half a cent', limits, eur(0.5), false],
    ['what is no number', limits, eur(Number.NaN), false],
    ['more than can be counted', { currency: 'EUR', totalAmount: 5 }, eur(Number.POSITIVE_INFINITY), false],
  ])('%s', (_, given, amount, expected) => {
    expect(allowsAmount(given, amount)).toBe(expected);
  });
});

describe('intersectLimits', () => {
  it.each<[ActionLimits | undefined, ActionLimits | undefined, ActionLimits | 'none' | undefined]>([
    [undefined, undefined, undefined],
    [{ totalCount: 1 }, undefined, { totalCount: 1 }],
    [{ totalCount: 1 }, { totalCount: 2 }, { totalCount: 1 }],
    [
      { currency: 'EUR', maxAmount: 5 },
      { currency: 'EUR', totalAmount: 9, totalCount: 3 },
      { currency: 'EUR', maxAmount: 5, totalAmount: 9, totalCount: 3 },
    ],
    [{ currency: 'EUR', maxAmount: 5 }, { totalCount: 3 }, { currency: 'EUR', maxAmount: 5, totalCount: 3 }],
    [{ currency: 'EUR', maxAmount: 5 }, { currency: 'USD', maxAmount: 5 }, 'none'],
  ])('of %j and %j: %j', (a, b, expected) => {
    expect(intersectLimits(a, b)).toEqual(expected);
    expect(intersectLimits(b, a)).toEqual(expected);
  });
});

describe('areLimitsWithin', () => {
  it.each<[ActionLimits | undefined, ActionLimits | undefined, boolean]>([
    [undefined, undefined, true],
    [{ totalCount: 1 }, undefined, true],
    [undefined, { totalCount: 1 }, false],
    [undefined, {}, true],
    [{ totalCount: 2 }, { totalCount: 2 }, true],
    [{ totalCount: 3 }, { totalCount: 2 }, false],
    [{ currency: 'USD', maxAmount: 1 }, { currency: 'EUR', maxAmount: 5 }, false],
    [{ totalCount: 1 }, { currency: 'EUR', maxAmount: 5 }, false],
    [{ currency: 'EUR', maxAmount: 5, totalCount: 1 }, { currency: 'EUR', maxAmount: 5 }, true],
  ])('%j within %j: %s', (inner, outer, expected) => {
    expect(areLimitsWithin(inner, outer)).toBe(expected);
  });
});
