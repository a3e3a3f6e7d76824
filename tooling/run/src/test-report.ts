/** What the test runner counted. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Full titles of the tests that did not run. */
  readonly skippedTitles: readonly string[];
}

/**
 * Counts the tests of a vitest JSON report. A file that failed without a failed test, because it could not be loaded
 * or a hook failed, counts as one failed test: it would have had some.
 *
 * @throws SyntaxError where the text is not such a report.
 */
export function tallyOf(json: string): Tally {
  const report: unknown = JSON.parse(json);
  let passed = 0;
  let failed = 0;
  const skippedTitles: string[] = [];
  for (const file of listIn(report, 'testResults')) {
    let failedHere = 0;
    for (const test of listIn(file, 'assertionResults')) {
      const status = textIn(test, 'status');
      if (status === 'passed') passed++;
      else if (status === 'failed') failedHere++;
      else skippedTitles.push(textIn(test, 'fullName'));
    }
    if (failedHere === 0 && textIn(file, 'status') === 'failed') failedHere = 1;
    failed += failedHere;
  }
  return { passed, failed, skipped: skippedTitles.length, skippedTitles };
}

/** The line that closes the gate: `N passed, N failed, N skipped`. */
export function closingLine(tally: Tally): string {
  return `${tally.passed} passed, ${tally.failed} failed, ${tally.skipped} skipped`;
}

function listIn(value: unknown, member: string): readonly unknown[] {
  const list = memberOf(value, member);
  if (!Array.isArray(list)) throw new SyntaxError(`the test report has no list \`${member}\``);
  return list;
}

function textIn(value: unknown, member: string): string {
  const text = memberOf(value, member);
  if (typeof text !== 'string') throw new SyntaxError(`the test report has no text \`${member}\``);
  return text;
}

function memberOf(value: unknown, member: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, member) : undefined;
}
