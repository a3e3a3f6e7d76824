import { authorityError } from '../errors.ts';
import { AUTHORITY_LIMITS } from '../limits.ts';
import {
  type ActionLimits,
  type Amount,
  allowsAmount,
  areActionLimits,
  areLimitsWithin,
  intersectLimits,
} from './amounts.ts';
import { ANYTHING, intersectPatterns, isPattern, matchesAny, overlap, patternsBeyond } from './pattern.ts';

/**
 * One part of a grant in detail: these actions at these locations, up to these limits.
 *
 * @see RFC 9396 §2; type `rta_action`
 */
export interface ActionGrant {
  /** Names of actions, or patterns. */
  readonly actions: readonly string[];
  /** Resource ids, or patterns; absent: any resource. */
  readonly locations?: readonly string[];
  /** Absent: as much as one likes. */
  readonly limits?: ActionLimits;
}

/**
 * What a session may ask for at all. A policy can only take away from it (invariant I6).
 *
 * A pattern is a name, or a name that ends in `*` and stands for everything that begins so.
 */
export interface Grant {
  /** An action must match one of these. */
  readonly scope: readonly string[];
  /** Where given, action and resource must match one of these as well. */
  readonly details?: readonly ActionGrant[];
}

/** An action that is asked for, as far as a grant is concerned. */
export interface GrantedAction {
  readonly action: string;
  readonly resourceId: string;
  /** What it would move; undefined where it moves nothing, or does not say. */
  readonly amount?: Amount | undefined;
}

/**
 * Checks a grant from outside.
 *
 * @throws RtaError `RTA_AUTHORITY_PATTERN`, `RTA_AUTHORITY_GRANT_TOO_LARGE`, `RTA_AUTHORITY_GRANT_LIMITS`
 */
export function assertGrant(grant: Grant): void {
  // Parts are counted before anything is made of them.
  const parts = partCount(grant);
  if (parts > AUTHORITY_LIMITS.maxGrantParts) {
    throw authorityError('RTA_AUTHORITY_GRANT_TOO_LARGE', undefined, { details: { parts } });
  }
  assertPatterns(grant.scope);
  for (const { actions, locations, limits } of grant.details ?? []) {
    assertPatterns(actions);
    assertPatterns(locations ?? []);
    if (limits !== undefined && !areActionLimits(limits)) throw authorityError('RTA_AUTHORITY_GRANT_LIMITS');
  }
}

function assertPatterns(patterns: readonly string[]): void {
  for (const pattern of patterns) {
    const { length } = pattern;
    if (length > AUTHORITY_LIMITS.maxPatternCharacters || !isPattern(pattern)) {
      throw authorityError('RTA_AUTHORITY_PATTERN', undefined, { details: { characters: length } });
    }
  }
}

/** Details, and patterns in all lists together. */
function partCount({ scope, details = [] }: Grant): number {
  let parts = scope.length + details.length;
  for (const { actions, locations = [] } of details) parts += actions.length + locations.length;
  return parts;
}

/** Whether the grant reaches this action. Totals are not counted here: they are spent, not compared. */
export function covers(grant: Grant, asked: GrantedAction): boolean {
  if (!matchesAny(grant.scope, asked.action)) return false;
  return grant.details === undefined || grant.details.some((detail) => detailCovers(detail, asked));
}

/** Whether one detail of a grant reaches this action. */
export function detailCovers({ actions, locations, limits }: ActionGrant, asked: GrantedAction): boolean {
  return (
    matchesAny(actions, asked.action) &&
    (locations === undefined || matchesAny(locations, asked.resourceId)) &&
    allowsAmount(limits, asked.amount)
  );
}

/** Whether nothing at all is within the grant. */
export function isEmptyGrant({ scope, details }: Grant): boolean {
  if (details === undefined) return scope.length === 0;
  return !details.some(
    ({ actions, locations }) =>
      locations?.length !== 0 && actions.some((action) => scope.some((name) => overlap(action, name))),
  );
}

const EVERYTHING: Grant = { scope: ANYTHING };
const ANY_ACTION: readonly ActionGrant[] = [{ actions: ANYTHING }];
const NOTHING: Grant = { scope: [] };

/**
 * The grant in its normal form: nothing twice, nothing that another part covers, all in order. Grants that were made
 * from the same parts are then equal, and so are the contexts that they are in.
 */
export function normalizeGrant(grant: Grant): Grant {
  return intersectGrants(grant, EVERYTHING);
}

/**
 * What both grants reach, in normal form: exactly what both sides cover.
 *
 * The exception is a result of more parts than a grant may have ({@link AUTHORITY_LIMITS}): it comes out empty. Too
 * narrow is safe, too wide is not.
 */
export function intersectGrants(a: Grant, b: Grant): Grant {
  const scope = intersectPatterns(a.scope, b.scope);
  if (a.details === undefined && b.details === undefined) return bounded({ scope });
  const details: ActionGrant[] = [];
  for (const one of a.details ?? ANY_ACTION) {
    for (const other of b.details ?? ANY_ACTION) {
      const both = intersectDetails(one, other);
      if (both === undefined) continue;
      addWidest(details, both);
      if (details.length > AUTHORITY_LIMITS.maxGrantParts) return NOTHING;
    }
  }
  return bounded({ scope, details: details.sort(byText) });
}

/**
 * Whether a grant asks for nothing beyond another one.
 *
 * It is compared part by part: a detail that two details of the other grant cover only together is beyond it. So a
 * grant can be found too wide that is not, and never the other way.
 */
export function isGrantWithin(inner: Grant, outer: Grant): boolean {
  if (inner === outer) return true;
  if (patternsBeyond(inner.scope, outer.scope).length > 0) return false;
  const { details } = outer;
  if (details === undefined) return true;
  const asked = inner.details ?? inner.scope.map((name): ActionGrant => ({ actions: [name] }));
  return asked.every((one) => details.some((other) => isDetailWithin(one, other)));
}

/** What a change of a grant gives and takes, as patterns of actions. Details may change without either. */
export function compareGrants(
  before: Grant,
  after: Grant,
): { readonly gained: readonly string[]; readonly lost: readonly string[] } {
  return {
    gained: patternsBeyond(after.scope, before.scope),
    lost: patternsBeyond(before.scope, after.scope),
  };
}

function bounded(grant: Grant): Grant {
  return partCount(grant) > AUTHORITY_LIMITS.maxGrantParts ? NOTHING : grant;
}

/** Adds a detail, unless another one covers it; takes out what it covers itself. */
function addWidest(details: ActionGrant[], added: ActionGrant): void {
  if (details.some((known) => isDetailWithin(added, known))) return;
  const kept = details.filter((known) => !isDetailWithin(known, added));
  details.splice(0, details.length, ...kept, added);
}

/** Whether nothing that a detail reaches is beyond another one. */
export function isDetailWithin(inner: ActionGrant, outer: ActionGrant): boolean {
  return (
    patternsBeyond(inner.actions, outer.actions).length === 0 &&
    patternsBeyond(inner.locations ?? ANYTHING, outer.locations ?? ANYTHING).length === 0 &&
    areLimitsWithin(inner.limits, outer.limits)
  );
}

/** In normal form two details with the same text are one, so that this leaves no order to chance. */
function byText(a: ActionGrant, b: ActionGrant): number {
  const [one, other] = [textOf(a), textOf(b)];
  return one < other ? -1 : Number(one > other);
}

const textOf = ({ actions, locations, limits }: ActionGrant): string =>
  JSON.stringify([actions, locations ?? null, limits ?? null]);

function intersectDetails(a: ActionGrant, b: ActionGrant): ActionGrant | undefined {
  const actions = intersectPatterns(a.actions, b.actions);
  const locations = intersectPatterns(a.locations ?? ANYTHING, b.locations ?? ANYTHING);
  const limits = intersectLimits(a.limits, b.limits);
  if (actions.length === 0 || locations.length === 0 || limits === 'none') return undefined;
  return {
    actions,
    // Anywhere has one spelling.
    ...(locations[0] === '*' ? {} : { locations }),
    ...(limits === undefined ? {} : { limits }),
  };
}

/** Whether two details may reach the same action: those of different currencies do not. */
export function sharesActions(a: ActionGrant, b: ActionGrant): boolean {
  return intersectDetails(a, b) !== undefined;
}
