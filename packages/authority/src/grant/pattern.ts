/**
 * A pattern is a name, or a name that ends in `*` and stands for everything that begins so.
 */

const PATTERN = /^[\x21-\x29\x2b-\x7e]*\*?$/;

/** The pattern for any name. */
export const ANYTHING: readonly string[] = ['*'];

/** Whether a text is a pattern: printable ASCII without spaces, with `*` only as the last character. */
export function isPattern(text: string): boolean {
  return text.length > 0 && PATTERN.test(text);
}

/** Whether one of the patterns stands for the name. */
export function matchesAny(patterns: readonly string[], name: string): boolean {
  for (const pattern of patterns) {
    if (pattern === name && !pattern.endsWith('*')) return true;
    if (pattern.endsWith('*') && name.startsWith(pattern.slice(0, -1))) return true;
  }
  return false;
}

/** What both lists stand for, in normal form: nothing twice, nothing that another one covers, in order. */
export function intersectPatterns(a: readonly string[], b: readonly string[]): readonly string[] {
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

/** Patterns of the first list that no pattern of the second covers as a whole. */
export function patternsBeyond(inner: readonly string[], outer: readonly string[]): readonly string[] {
  return inner.filter((one) => !outer.some((other) => isWithin(one, other)));
}

/** Patterns that share a name are within one another: both are beginnings of it. */
export function overlap(a: string, b: string): boolean {
  return isWithin(a, b) || isWithin(b, a);
}

/** Whether everything that `inner` stands for, `outer` stands for too. */
function isWithin(inner: string, outer: string): boolean {
  if (inner === outer) return true;
  return outer.endsWith('*') && inner.startsWith(outer.slice(0, -1));
}
