import { describe, expect, it } from 'vitest';
import { codeOf } from '../../test/code-of.ts';
import type { ActionGrant, Grant, GrantedAction } from '../grant/grant.ts';
import type { Budget } from '../session.ts';
import {
  areTotalsWithin,
  assertBudget,
  carrySpending,
  openSpending,
  resumeSpending,
  type Spending,
  spend,
} from './spending.ts';

const grantOf = (...details: readonly ActionGrant[]): Grant => ({ scope: ['*'], details });
const pay = (totalAmount: number, parts: Partial<ActionGrant> = {}): ActionGrant => ({
  actions: ['pay'],
  limits: { currency: 'EUR', totalAmount },
  ...parts,
});
const asked = (value: number, resourceId = '/a', currency = 'EUR'): GrantedAction => ({
  action: 'pay',
  resourceId,
  amount: { value, currency },
});
/** The account after all of these; `exhausted` where one has no room. */
const after = (
  grant: Grant,
  all: readonly GrantedAction[],
  budget?: Budget,
): Spending | 'exhausted' | undefined =>
  all.reduce<Spending | 'exhausted' | undefined>(
    (spending, one) =>
      spending === undefined || spending === 'exhausted' ? spending : spend(spending, { grant, budget }, one),
    openSpending(grant, budget),
  );

describe('assertBudget', () => {
  it.each<[Budget | undefined, string]>([
    [undefined, 'none'],
    [{}, 'none'],
    [{ requestsPerSecond: 0.5, totalCount: 0 }, 'none'],
    [{ requestsPerSecond: 0 }, 'RTA_AUTHORITY_GRANT_LIMITS'],
    [{ requestsPerSecond: -1 }, 'RTA_AUTHORITY_GRANT_LIMITS'],
    [{ requestsPerSecond: Number.NaN }, 'RTA_AUTHORITY_GRANT_LIMITS'],
    [{ totalCount: -1 }, 'RTA_AUTHORITY_GRANT_LIMITS'],
    [{ totalCount: 0.5 }, 'RTA_AUTHORITY_GRANT_LIMITS'],
    [{ totalCount: Number.NaN }, 'RTA_AUTHORITY_GRANT_LIMITS'],
  ])('%j: %s', (budget, code) => {
    expect(codeOf(() => assertBudget(budget))).toBe(code);
  });
});

describe('openSpending', () => {
  it('counts nothing where nothing is limited in total', () => {
    expect(openSpending({ scope: ['*'] }, { requestsPerSecond: 1 })).toBeUndefined();
    const limits = { currency: 'EUR', maxAmount: 5 };
    expect(openSpending(grantOf({ actions: ['pay'], limits }), undefined)).toBeUndefined();
  });
});

describe('spend', () => {
  it('fills a total of amounts to the last cent, and no further', () => {
    expect(after(grantOf(pay(10)), [asked(4), asked(6)])).toEqual({
      count: 2,
      details: [{ count: 2, amount: 10 }],
    });
    expect(after(grantOf(pay(10)), [asked(4), asked(7)])).toBe('exhausted');
    expect(after(grantOf(pay(10)), [asked(10), asked(0)])).toMatchObject({ count: 2 });
  });

  it('counts permits against the budget, whatever they are for', () => {
    const grant = { scope: ['*'] };
    expect(after(grant, [asked(1), asked(1)], { totalCount: 2 })).toEqual({ count: 2, details: [] });
    expect(after(grant, [asked(1), asked(1), asked(1)], { totalCount: 2 })).toBe('exhausted');
    expect(after(grant, [asked(0)], { totalCount: 0 })).toBe('exhausted');
  });

  it('takes the next detail that reaches the action where the first one has no room', () => {
    const grant = grantOf(pay(10, { locations: ['/a'] }), pay(5, { locations: ['*'] }));
    expect(after(grant, [asked(8), asked(5)])).toEqual({
      count: 2,
      details: [
        { count: 1, amount: 8 },
        { count: 1, amount: 5 },
      ],
    });
    expect(after(grant, [asked(8), asked(5), asked(3)])).toBe('exhausted');
  });

  it('has no room for what no detail reaches', () => {
    expect(after(grantOf(pay(10)), [asked(1, '/a', 'USD')])).toBe('exhausted');
    expect(after(grantOf(pay(10)), [asked(-5)])).toBe('exhausted');
  });
});

describe('carrySpending', () => {
  const before = grantOf(pay(10, { locations: ['/a*'] }));
  const spent = after(before, [asked(4)]) as Spending;
  const carried = (to: Grant, from = before): Spending | undefined =>
    carrySpending(spent, from, to, undefined);

  it('counts what was spent of a detail against every part of it', () => {
    const parts = grantOf(pay(5, { locations: ['/ab'] }), pay(5, { locations: ['/ac'] }));
    expect(carried(parts)?.details).toEqual([
      { count: 1, amount: 4 },
      { count: 1, amount: 4 },
    ]);
  });

  it('counts nothing against a detail of another currency, for no action is in both', () => {
    const dollars = pay(10, { limits: { currency: 'USD', totalAmount: 10 } });
    expect(
      carrySpending(
        {
          count: 1,
          details: [
            { count: 1, amount: 4 },
            { count: 0, amount: 0 },
          ],
        },
        grantOf(pay(10), dollars),
        grantOf(dollars),
        undefined,
      ),
    ).toEqual({ count: 1, details: [{ count: 0, amount: 0 }] });
  });

  it('keeps the number of permits', () => {
    expect(carrySpending(spent, before, { scope: ['a'] }, { totalCount: 3 })).toEqual({
      count: 1,
      details: [],
    });
  });
});

describe('areTotalsWithin', () => {
  const half = (location: string, total = 5): ActionGrant => pay(total, { locations: [location] });
  it.each<[string, Grant, Grant, boolean]>([
    ['a grant within itself', grantOf(pay(10)), grantOf(pay(10)), true],
    [
      'overlapping details within themselves',
      grantOf(pay(10, { locations: ['/a'] }), pay(5)),
      grantOf(pay(10, { locations: ['/a'] }), pay(5)),
      true,
    ],
    ['two halves', grantOf(half('/a'), half('/b')), grantOf(pay(10)), true],
    ['two wholes', grantOf(half('/a', 10), half('/b', 10)), grantOf(pay(10)), false],
    ['a whole and a bit', grantOf(half('/a', 10), half('/b', 1)), grantOf(pay(10)), false],
    [
      'twice as many permits',
      grantOf({ actions: ['a'], limits: { totalCount: 3 } }, { actions: ['b'], limits: { totalCount: 3 } }),
      grantOf({ actions: ['*'], limits: { totalCount: 3 } }),
      false,
    ],
    ['anything within what has no totals', grantOf(half('/a', 99), half('/b', 99)), { scope: ['*'] }, true],
  ])('%s', (_, part, whole, expected) => {
    expect(areTotalsWithin(part, whole)).toBe(expected);
  });
});

describe('resumeSpending', () => {
  const kept: Spending = {
    count: 3,
    details: [
      { count: 1, amount: 4 },
      { count: 2, amount: 5 },
    ],
  };

  it('goes on with what was kept', () => {
    const grant = grantOf(pay(10, { locations: ['/a'] }), pay(10, { locations: ['/b'] }));
    expect(resumeSpending(kept, grant, undefined)).toEqual(kept);
    expect(resumeSpending(undefined, { scope: ['*'] }, { totalCount: 1 })).toEqual({ count: 0, details: [] });
    expect(resumeSpending(kept, { scope: ['*'] }, undefined)).toBeUndefined();
  });

  it('takes everything as spent of each detail where the grant was kept in another form [I1]', () => {
    expect(resumeSpending(kept, grantOf(pay(10)), undefined)).toEqual({
      count: 3,
      details: [{ count: 3, amount: 9 }],
    });
  });
});
