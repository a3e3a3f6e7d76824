import type { JsonValue } from '@rta/core';
import { PDP_CEDAR_LIMITS } from './limits.ts';

/**
 * A request that cannot be put to Cedar. It names the place and what is wrong there, never a value; a place is named
 * by what the schema and this adapter call it, not by what the request does (invariant I10).
 */
export class RequestFault extends Error {
  constructor(place: string, what: string) {
    super(`${place}: ${what}`);
  }
}

/** What may still come in a request; see {@link assertPlainJson}. */
export interface RequestBudget {
  values: number;
  characters: number;
}

/** The budget of one request. */
export function requestBudget(): RequestBudget {
  return { values: PDP_CEDAR_LIMITS.maxRequestValues, characters: PDP_CEDAR_LIMITS.maxRequestCharacters };
}

/**
 * Refuses what is no plain JSON, what is too large or too deep, and keys with two leading underscores: in Cedar's
 * JSON `__entity` and `__extn` are no data but references and function calls, wherever they stand.
 *
 * @throws RequestFault
 */
export function assertPlainJson(
  value: unknown,
  place: string,
  budget: RequestBudget,
): asserts value is JsonValue | undefined {
  const visit = (found: unknown, levelsLeft: number): void => {
    if ((budget.values -= 1) < 0) throw new RequestFault(place, 'the request has too many values');
    switch (typeof found) {
      case 'undefined':
      case 'boolean':
        return;
      case 'string':
        return spend(found);
      case 'number':
        if (!Number.isFinite(found)) throw new RequestFault(place, 'a number is not finite');
        return;
      case 'object':
        break;
      default:
        throw new RequestFault(place, `a ${typeof found} is not JSON`);
    }
    if (found === null) return;
    if (levelsLeft === 0) throw new RequestFault(place, 'the request nests too deeply');
    if (Array.isArray(found)) {
      for (const element of found) visit(element, levelsLeft - 1);
      return;
    }
    const prototype: unknown = Object.getPrototypeOf(found);
    if (prototype !== Object.prototype && prototype !== null) {
      throw new RequestFault(place, 'an object is not a plain one');
    }
    for (const [key, member] of Object.entries(found)) {
      if (key.startsWith('__')) throw new RequestFault(place, 'a key begins with two underscores');
      spend(key);
      visit(member, levelsLeft - 1);
    }
  };
  const spend = (text: string): void => {
    if ((budget.characters -= text.length) < 0) {
      throw new RequestFault(place, 'the request has too many characters');
    }
    if (!isUnicode(text)) throw new RequestFault(place, 'a text is not Unicode');
  };
  visit(value, PDP_CEDAR_LIMITS.maxRequestNesting);
}

/** Whether a text has no lone surrogates: those become one and the same character on their way to Cedar. */
export function isUnicode(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}
