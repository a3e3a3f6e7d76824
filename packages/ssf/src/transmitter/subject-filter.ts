import { createHash } from 'node:crypto';
import { canonicalJson, type JsonObject, toBase64Url } from '@rta/core';
import { isObject } from '../set/strict-json.ts';
import { matchesComplex } from '../subjects/match-subjects.ts';

/** Subjects that differ from the default of their stream: left out where it is `ALL`, taken in where it is `NONE`. */
export interface SubjectFilter {
  readonly count: number;
  has(key: string): boolean;
  /** @param key - {@link subjectKey} of the subject. */
  add(key: string, subject: JsonObject): void;
  delete(key: string): void;
  /**
   * Whether one of these subjects is the one of an event. A simple one is also found as a member of a complex one: who
   * asks for a user is told of the user's sessions.
   *
   * @see SSF 1.0 §8.1.3.1
   */
  matches(subject: JsonObject): boolean;
}

/** A name for a subject that equal ones share, short enough for a key of the store. */
export function subjectKey(subject: JsonObject): string {
  return toBase64Url(createHash('sha256').update(canonicalJson(subject)).digest());
}

/** Makes a filter. Simple subjects are found by key, however many there are; complex ones are compared one by one. */
export function createSubjectFilter(): SubjectFilter {
  const simple = new Set<string>();
  const complex = new Map<string, JsonObject>();
  return {
    get count() {
      return simple.size + complex.size;
    },
    has: (key) => simple.has(key) || complex.has(key),
    add(key, subject) {
      if (subject['format'] === 'complex') complex.set(key, subject);
      else simple.add(key);
    },
    delete(key) {
      simple.delete(key);
      complex.delete(key);
    },
    matches(subject) {
      if (simple.has(subjectKey(subject))) return true;
      if (subject['format'] !== 'complex') return false;
      const members = Object.values(subject).filter(isObject);
      if (simple.size > 0 && members.some((member) => simple.has(subjectKey(member)))) return true;
      return [...complex.values()].some((listed) => matchesComplex(listed, subject));
    },
  };
}
