import { authorityError } from '../errors.ts';
import {
  type ActionGrant,
  detailCovers,
  type Grant,
  type GrantedAction,
  isDetailWithin,
  sharesActions,
} from '../grant/grant.ts';
import type { Budget } from '../session.ts';

/** What a session and its tree have used up of what was granted to the session itself. */
export interface Spending {
  /** Permits so far. */
  readonly count: number;
  /** By detail of the session's own grant, in its order. */
  readonly details: readonly Spent[];
}

/** What was used up of one detail of a grant. */
export interface Spent {
  readonly count: number;
  readonly amount: number;
}

const NOTHING: Spent = { count: 0, amount: 0 };

/**
 * Checks a budget from outside.
 *
 * @throws RtaError `RTA_AUTHORITY_GRANT_LIMITS`
 */
export function assertBudget(budget: Budget | undefined): void {
  const { requestsPerSecond = 1, totalCount = 0 } = budget ?? {};
  // Written so that what is no number makes no sense either.
  if (!(requestsPerSecond > 0) || !(Number.isSafeInteger(totalCount) && totalCount >= 0)) {
    throw authorityError('RTA_AUTHORITY_GRANT_LIMITS');
  }
}

/** A fresh account; undefined where the grant and the budget limit no totals. */
export function openSpending(grant: Grant, budget: Budget | undefined): Spending | undefined {
  const isLimited = budget?.totalCount !== undefined || (grant.details ?? []).some(hasTotals);
  return isLimited ? { count: 0, details: (grant.details ?? []).map(() => NOTHING) } : undefined;
}

/**
 * The account of a session that goes on after a restart. One that was kept with another form of its grant is read in
 * the strictest way: whatever was spent, was spent of each detail.
 */
export function resumeSpending(
  kept: Spending | undefined,
  grant: Grant,
  budget: Budget | undefined,
): Spending | undefined {
  const fresh = openSpending(grant, budget);
  if (kept === undefined || fresh === undefined || kept.details.length === fresh.details.length) {
    return fresh === undefined ? undefined : (kept ?? fresh);
  }
  const all = { count: kept.count, amount: kept.details.reduce((sum, { amount }) => sum + amount, 0) };
  return { count: kept.count, details: fresh.details.map(() => all) };
}

/**
 * The account after one more permit.
 *
 * @returns `exhausted` where there is no room for it: nothing is spent then.
 */
export function spend(
  spending: Spending,
  granted: { readonly grant: Grant; readonly budget: Budget | undefined },
  asked: GrantedAction,
): Spending | 'exhausted' {
  const { grant, budget } = granted;
  if (spending.count >= (budget?.totalCount ?? Infinity)) return 'exhausted';
  const count = spending.count + 1;
  const { details } = grant;
  if (details === undefined) return { ...spending, count };
  // Of several details that reach the action, one with room is enough.
  const index = details.findIndex(
    (detail, at) => detailCovers(detail, asked) && hasRoom(detail, spending.details[at] ?? NOTHING, asked),
  );
  if (index < 0) return 'exhausted';
  const spent = details.map((_, at) => {
    const before = spending.details[at] ?? NOTHING;
    return at === index ? added(before, asked) : before;
  });
  return { count, details: spent };
}

/**
 * The account when a grant is replaced by a part of it. What was used up of a detail is used up of everything that came
 * from it: to narrow a grant gives nothing back.
 */
export function carrySpending(
  spending: Spending | undefined,
  before: Grant,
  after: Grant,
  budget: Budget | undefined,
): Spending | undefined {
  const fresh = openSpending(after, budget);
  if (spending === undefined || fresh === undefined) return fresh;
  const old = before.details ?? [];
  const details = (after.details ?? []).map((detail) =>
    old.reduce<Spent>((sum, from, at) => {
      const spent = spending.details[at];
      if (spent === undefined || !sharesActions(from, detail)) return sum;
      return { count: sum.count + spent.count, amount: sum.amount + spent.amount };
    }, NOTHING),
  );
  return { count: spending.count, details };
}

/**
 * Whether the totals of a part of a grant are together no more than those of the grant: two halves with the total of
 * the whole would be two wholes.
 *
 * Each detail counts for the first one of the grant that it is within. So a part can be found too large that is not,
 * and never the other way.
 */
export function areTotalsWithin(part: Grant, { details: whole = [] }: Grant): boolean {
  const parts = whole.map((): { totalCount: number; totalAmount: number } => ({
    totalCount: 0,
    totalAmount: 0,
  }));
  for (const detail of part.details ?? []) {
    const sum = parts[whole.findIndex((outer) => isDetailWithin(detail, outer))];
    if (sum === undefined) continue;
    sum.totalCount += detail.limits?.totalCount ?? 0;
    sum.totalAmount += detail.limits?.totalAmount ?? 0;
  }
  return whole.every(({ limits }, at) => {
    const sum = parts[at] ?? { totalCount: 0, totalAmount: 0 };
    return (
      sum.totalCount <= (limits?.totalCount ?? Infinity) &&
      sum.totalAmount <= (limits?.totalAmount ?? Infinity)
    );
  });
}

function hasTotals({ limits }: ActionGrant): boolean {
  return limits?.totalAmount !== undefined || limits?.totalCount !== undefined;
}

function hasRoom({ limits }: ActionGrant, spent: Spent, asked: GrantedAction): boolean {
  const after = added(spent, asked);
  return after.count <= (limits?.totalCount ?? Infinity) && after.amount <= (limits?.totalAmount ?? Infinity);
}

/** Only details whose amounts are limited have a currency, and they cover no other. */
function added({ count, amount }: Spent, asked: GrantedAction): Spent {
  return { count: count + 1, amount: amount + (asked.amount?.value ?? 0) };
}
