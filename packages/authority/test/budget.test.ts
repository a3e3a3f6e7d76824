import { describe, expect, it } from 'vitest';
import type { ActionGrant, Authority, GrantedAction } from '../src/index.ts';
import { codeOf } from './code-of.ts';
import { CAUSE, createTestAuthority, delegateInput, idOf, openInput, T0 } from './fixture.ts';

const pay = (totalAmount: number, ...locations: readonly string[]): ActionGrant => ({
  actions: ['pay'],
  ...(locations.length === 0 ? {} : { locations }),
  limits: { currency: 'EUR', totalAmount },
});
const euros = (value: number, resourceId = '/a'): GrantedAction => ({
  action: 'pay',
  resourceId,
  amount: { value, currency: 'EUR' },
});
const granted = (...details: readonly ActionGrant[]) => ({ grant: { scope: ['pay'], details } });

/** Session 1 may pay 10 euros; 2 and 3 below it as much. */
function shop(): Authority {
  const authority = createTestAuthority();
  authority.open(openInput(1, granted(pay(10))), T0);
  for (const number of [2, 3]) authority.delegate(idOf(1), delegateInput(number), T0);
  return authority;
}

describe('spend', () => {
  it('counts what all sessions of a tree spend together: to delegate multiplies nothing [I6]', () => {
    const authority = shop();
    const spend = (number: number, value: number) => authority.spend(idOf(number), euros(value));
    expect([spend(2, 6), spend(3, 6), spend(3, 4), spend(1, 1), spend(1, 0)]).toEqual([
      true,
      false,
      true,
      false,
      true,
    ]);
  });

  it('counts nothing anywhere where there is no room above', () => {
    const authority = shop();
    authority.spend(idOf(2), euros(10));
    authority.takeSpending();
    expect(authority.spend(idOf(3), euros(1))).toBe(false);
    expect(authority.takeSpending()).toEqual([]);
  });

  it('gives out every account that has changed, once', () => {
    const authority = shop();
    authority.spend(idOf(2), euros(4));
    expect(authority.takeSpending()).toEqual([
      [idOf(2), { count: 1, details: [{ count: 1, amount: 4 }] }],
      [idOf(1), { count: 1, details: [{ count: 1, amount: 4 }] }],
    ]);
    expect(authority.takeSpending()).toEqual([]);
    expect(authority.spend(idOf(9), euros(1))).toBe(false);
  });
});

describe('a grant with totals that is narrowed', () => {
  it('keeps what was spent of it, and gives the account out anew [I6]', () => {
    const authority = shop();
    authority.spend(idOf(1), euros(6));
    authority.takeSpending();
    authority.narrow(idOf(1), granted(pay(5, '/a'), pay(5, '/b')).grant, CAUSE, T0);
    const spent = { count: 1, amount: 6 };
    expect(authority.takeSpending()).toEqual([[idOf(1), { count: 1, details: [spent, spent] }]]);
    expect(authority.spend(idOf(1), euros(1))).toBe(false);
  });

  it('is refused where its halves have the total of the whole [I6]', () => {
    const authority = shop();
    const narrow = (...details: readonly ActionGrant[]) =>
      codeOf(() => authority.narrow(idOf(1), granted(...details).grant, CAUSE, T0));
    expect(narrow(pay(10, '/a'), pay(10, '/b'))).toBe('RTA_AUTHORITY_WIDENING');
    expect(narrow(pay(11))).toBe('RTA_AUTHORITY_WIDENING');
    expect(narrow({ actions: ['pay'] })).toBe('RTA_AUTHORITY_WIDENING');
    expect(narrow(pay(4, '/a'), pay(6, '/b'))).toBe('none');
  });
});

const rate = (requestsPerSecond: number) => ({ budget: { requestsPerSecond } });
const turns = (authority: Authority, number: number, count: number, nowMs = T0): number =>
  Array.from({ length: count }, () => authority.takeTurn(idOf(number), nowMs)).filter(Boolean).length;

describe('takeTurn', () => {
  it('counts a question against the session and all above it [I6]', () => {
    const authority = createTestAuthority();
    authority.open(openInput(1, rate(3)), T0);
    authority.delegate(idOf(1), delegateInput(2, rate(2)), T0);
    expect([turns(authority, 2, 9), turns(authority, 1, 9)]).toEqual([2, 1]);
    expect(turns(authority, 2, 9, T0 + 1_000)).toBe(2);
  });

  it('takes nothing from those above for a question that is refused', () => {
    const authority = createTestAuthority({ agentRequestsPerSecond: 1 });
    authority.open(openInput(1, rate(5)), T0);
    authority.delegate(idOf(1), delegateInput(2), T0);
    authority.delegate(idOf(1), delegateInput(3, { actor: { id: 'reader', keyThumbprint: 'k' } }), T0);
    expect([turns(authority, 2, 100), turns(authority, 3, 100)]).toEqual([1, 1]);
  });

  it('counts the questions of one agent over all its sessions, as long as it has one', () => {
    const authority = createTestAuthority({ agentRequestsPerSecond: 2 });
    for (const number of [1, 2]) authority.open(openInput(number), T0);
    expect([turns(authority, 1, 1), turns(authority, 2, 9)]).toEqual([1, 1]);
    authority.end(idOf(1), CAUSE);
    authority.settle(T0);
    expect(turns(authority, 2, 9)).toBe(0);
  });

  it('is refused for a session that is not there [I1]', () => {
    expect(createTestAuthority().takeTurn(idOf(1), T0)).toBe(false);
  });

  it.each([[0], [-1], [Number.NaN]])('takes no rate of %d for agents', (agentRequestsPerSecond) => {
    expect(() => createTestAuthority({ agentRequestsPerSecond })).toThrow(RangeError);
  });
});
