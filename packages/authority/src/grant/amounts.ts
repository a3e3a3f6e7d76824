/**
 * How much of something a detail of a grant allows. A member that is absent limits nothing.
 *
 * Amounts are whole numbers of the currency's smallest unit (ISO 4217), such as cents. The totals are counted over the
 * session that was granted them and everything that it delegated: to delegate multiplies nothing.
 */
export interface ActionLimits {
  /** ISO 4217 code; there where, and only where, there is a limit on amounts. */
  readonly currency?: string;
  /** Largest amount of one action. */
  readonly maxAmount?: number;
  /** Sum of the amounts of all actions. */
  readonly totalAmount?: number;
  /** Number of actions. */
  readonly totalCount?: number;
}

/** What one action would move. */
export interface Amount {
  /** Whole number of the currency's smallest unit. */
  readonly value: number;
  /** ISO 4217 code. */
  readonly currency: string;
}

const NUMBERS = ['maxAmount', 'totalAmount', 'totalCount'] as const;
const CURRENCY = /^[A-Z]{3}$/;

/** Whether limits from outside make sense: whole numbers from 0, and a currency exactly where there are amounts. */
export function areActionLimits(limits: ActionLimits): boolean {
  const hasAmounts = limits.maxAmount !== undefined || limits.totalAmount !== undefined;
  if (hasAmounts !== (limits.currency !== undefined)) return false;
  if (limits.currency !== undefined && !CURRENCY.test(limits.currency)) return false;
  return NUMBERS.every((name) => {
    const value = limits[name];
    return value === undefined || (Number.isSafeInteger(value) && value >= 0);
  });
}

/** Whether an action may move this much at a time. Where amounts are limited, an action without one may not happen. */
export function allowsAmount(limits: ActionLimits | undefined, amount: Amount | undefined): boolean {
  // A negative amount would give back what was spent.
  if (amount !== undefined && !(Number.isSafeInteger(amount.value) && amount.value >= 0)) return false;
  if (limits?.currency === undefined) return true;
  if (amount?.currency !== limits.currency) return false;
  return amount.value <= (limits.maxAmount ?? Infinity);
}

/** The smaller of each limit; `none` where their currencies have nothing in common. */
export function intersectLimits(
  a: ActionLimits | undefined,
  b: ActionLimits | undefined,
): ActionLimits | 'none' | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  if (a.currency !== undefined && b.currency !== undefined && a.currency !== b.currency) return 'none';
  const both: { -readonly [Name in keyof ActionLimits]: ActionLimits[Name] } = {};
  const currency = a.currency ?? b.currency;
  if (currency !== undefined) both.currency = currency;
  for (const name of NUMBERS) {
    const [one, other] = [a[name], b[name]];
    if (one !== undefined || other !== undefined) both[name] = Math.min(one ?? Infinity, other ?? Infinity);
  }
  return both;
}

/** Whether nothing that `inner` allows is beyond `outer`. */
export function areLimitsWithin(inner: ActionLimits | undefined, outer: ActionLimits | undefined): boolean {
  if (outer === undefined) return true;
  if (outer.currency !== undefined && inner?.currency !== outer.currency) return false;
  return NUMBERS.every((name) => {
    const limit = outer[name];
    return limit === undefined || (inner?.[name] ?? Infinity) <= limit;
  });
}
