import { expect, it } from 'vitest';
import { closingLine, tallyOf } from './test-report.ts';

function reportOf(...files: readonly { status: string; tests: readonly string[] }[]): string {
  return JSON.stringify({
    testResults: files.map(({ status, tests }) => ({
      status,
      assertionResults: tests.map((test, index) => ({ status: test, fullName: `test ${index}` })),
    })),
  });
}

it('counts what passed, failed and did not run', () => {
  const tally = tallyOf(
    reportOf(
      { status: 'passed', tests: ['passed', 'passed', 'skipped'] },
      { status: 'failed', tests: ['failed', 'passed', 'failed', 'todo'] },
    ),
  );

  expect(tally).toEqual({ passed: 3, failed: 2, skipped: 2, skippedTitles: ['test 2', 'test 3'] });
});

it('counts a file that could not be loaded as a failed test', () => {
  const tally = tallyOf(reportOf({ status: 'failed', tests: [] }, { status: 'passed', tests: ['passed'] }));

  expect(closingLine(tally)).toBe('1 passed, 1 failed, 0 skipped');
});

it('counts a file whose hook failed after its tests had passed', () => {
  expect(tallyOf(reportOf({ status: 'failed', tests: ['passed', 'passed'] })).failed).toBe(1);
});

it('takes a status that it does not know for a test that did not run', () => {
  expect(tallyOf(reportOf({ status: 'passed', tests: ['queued'] })).skipped).toBe(1);
});

it.each([['{'], ['{}'], ['null'], ['{"testResults":[{"status":"passed"}]}']])(
  'refuses %s, which is no report',
  (json) => {
    expect(() => tallyOf(json)).toThrow(SyntaxError);
  },
);
