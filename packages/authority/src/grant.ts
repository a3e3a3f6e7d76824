import { authorityError } from './errors.ts';
import { AUTHORITY_LIMITS } from './limits.ts';

/**
 * One part of a grant in detail: these actions at these locations.
 *
 * @see RFC 9396 §2; type `rta_action`
 */
export interface ActionGrant {
  /** Names of actions, or patterns. */
  readonly actions: readonly string[];
  /** Resource ids, or patterns; absent: any resource. */
  readonly locations?: readonly string[];
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

const PATTERN = /^[\x21-\x29\x2b-\x7e]*\*?$/;

/**
 * Checks a grant from outside.
 *
 * @throws RtaError `RTA_AUTHORITY_PATTERN`, `RTA_AUTHORITY_GRANT_TOO_LARGE`
 */
export function assertGrant(grant: Grant): void {
  // Parts are counted before anything is made of them.
  const parts = partCount(grant);
  if (parts > AUTHORITY_LIMITS.maxGrantParts) {
    throw authorityError('RTA_AUTHORITY_GRANT_TOO_LARGE', undefined, { details: { parts } });
  }
  assertPatterns(grant.scope);
  for (const { actions, locations } of grant.details ?? []) {
    assertPatterns(actions);
    assertPatterns(locations ?? []);
  }
}

function assertPatterns(patterns: readonly string[]): void {
  for (const pattern of patterns) {
    const { length } = pattern;
    if (length === 0 || length > AUTHORITY_LIMITS.maxPatternCharacters || !PATTERN.test(pattern)) {
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

/** Whether the grant reaches this action on this resource. */
export function covers(grant: Grant, action: string, resourceId: string): boolean {
  if (!matchesAny(grant.scope, action)) return false;
  if (grant.details === undefined) return true;
  return grant.details.some(
    ({ actions, locations }) =>
      matchesAny(actions, action) && (locations === undefined || matchesAny(locations, resourceId)),
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

const ANYTHING: readonly string[] = ['*'];
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

function bounded(grant: Grant): Grant {
  return partCount(grant) > AUTHORITY_LIMITS.maxGrantParts ? NOTHING : grant;
}

/** Adds a detail, unless another one covers it; takes out what it covers itself. */
function addWidest(details: ActionGrant[], added: ActionGrant): void {
  if (details.some((known) => isDetailWithin(added, known))) return;
  let kept = 0;
  for (const known of details) if (!isDetailWithin(known, added)) details[kept++] = known;
  details.length = kept;
  details.push(added);
}

function isDetailWithin(inner: ActionGrant, outer: ActionGrant): boolean {
  return (
    areWithin(inner.actions, outer.actions) &&
    areWithin(inner.locations ?? ANYTHING, outer.locations ?? ANYTHING)
  );
}

/** In normal form two details with the same text are one, so that this leaves no order to chance. */
function byText(a: ActionGrant, b: ActionGrant): number {
  const [one, other] = [textOf(a), textOf(b)];
  return one < other ? -1 : Number(one > other);
}

const textOf = ({ actions, locations }: ActionGrant): string => JSON.stringify([actions, locations ?? null]);

function intersectDetails(a: ActionGrant, b: ActionGrant): ActionGrant | undefined {
  const actions = intersectPatterns(a.actions, b.actions);
  const locations = intersectPatterns(a.locations ?? ANYTHING, b.locations ?? ANYTHING);
  if (actions.length === 0 || locations.length === 0) return undefined;
  // Anywhere has one spelling.
  return locations[0] === '*' ? { actions } : { actions, locations };
}

function intersectPatterns(a: readonly string[], b: readonly string[]): readonly string[] {
  const both = new Set<string>();
  for (const one of a) {
    for (const other of b) {
      if (isWithin(one, other)) both.add(one);
      else if (isWithin(other, one)) both.add(other);
    }
  }
  const patterns = [...both];
  // `files.*` makes `files.read` superfluous; without this, repeated intersections would only grow.
  return patterns.filter((one) => !patterns.some((other) => other !== one && isWithin(one, other))).sort();
}

/** Whether everything that `inner` stands for, `outer` stands for too. */
function isWithin(inner: string, outer: string): boolean {
  if (inner === outer) return true;
  return outer.endsWith('*') && inner.startsWith(outer.slice(0, -1));
}

function areWithin(inner: readonly string[], outer: readonly string[]): boolean {
  return inner.every((one) => outer.some((other) => isWithin(one, other)));
}

/** Patterns that share a name are within one another: both are beginnings of it. */
function overlap(a: string, b: string): boolean {
  return isWithin(a, b) || isWithin(b, a);
}

function matchesAny(patterns: readonly string[], name: string): boolean {
  for (const pattern of patterns) {
    if (pattern === name && !pattern.endsWith('*')) return true;
    if (pattern.endsWith('*') && name.startsWith(pattern.slice(0, -1))) return true;
  }
  return false;
}
