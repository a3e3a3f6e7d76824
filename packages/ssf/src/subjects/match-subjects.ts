import { canonicalJson, type JsonObject, type JsonValue } from '@rta/core';
import { isObject } from '../set/strict-json.ts';
import { type SubjectIdentifier, subjectJson } from './subject-identifier.ts';

/**
 * Whether an event about one subject is an event about another: of a transmitter, whether it goes to a receiver that
 * asked for that other one.
 *
 * Simple subjects match where they are identical. Complex ones match where each member is absent on one side or
 * identical, and at least one is identical: else two that have no member in common would match.
 *
 * @see SSF 1.0 §8.1.3.1
 */
export function matchesSubject(subject: SubjectIdentifier, other: SubjectIdentifier): boolean {
  const [one, another] = [subjectJson(subject), subjectJson(other)];
  if (subject.format !== 'complex' || other.format !== 'complex') return isSame(one, another);
  return matchesComplex(one, another);
}

/** {@link matchesSubject} for two complex subjects, as tokens have them. */
export function matchesComplex(one: JsonObject, other: JsonObject): boolean {
  const common = Object.keys(one).filter((name) => name !== 'format' && Object.hasOwn(other, name));
  return common.length > 0 && common.every((name) => isSame(one[name], other[name]));
}

function isSame(member: JsonValue | undefined, other: JsonValue | undefined): boolean {
  if (!isObject(member) || !isObject(other)) return false;
  return Buffer.from(canonicalJson(member)).equals(canonicalJson(other));
}
