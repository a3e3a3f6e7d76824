/** An expectation that costs next to nothing where it is met: histories have millions of them. */
export function must(isMet: boolean, what: string): void {
  if (!isMet) throw new Error(`not so: ${what}`);
}

/** The same of two lists, or of two texts, numbers and the like. */
export function mustEqual(found: unknown, expected: unknown, what: string): void {
  if (found === expected) return;
  const [one, other] = [JSON.stringify(found), JSON.stringify(expected)];
  if (one !== other) throw new Error(`${what}: expected ${other}, found ${one}`);
}
