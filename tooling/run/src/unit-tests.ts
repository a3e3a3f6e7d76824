import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './command.ts';
import type { StepResult } from './step.ts';
import { closingLine, type Tally, tallyOf } from './test-report.ts';

/** Runs all tests from source, and counts them by the runner's own report. */
export async function runTests(signal: AbortSignal): Promise<StepResult> {
  const folder = mkdtempSync(join(tmpdir(), 'rta-tests-'));
  try {
    const report = join(folder, 'report.json');
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    const { exitCode, output } = await run(['vitest', 'run', ...reporters], signal);
    const tally = readTally(report);
    const ok = exitCode === 0 && tally.failed === 0 && tally.passed > 0;
    return { ok, output, note: closingLine(tally), tally };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A runner that left no report has failed, and that is the one thing known of it. */
function readTally(report: string): Tally {
  try {
    return tallyOf(readFileSync(report, 'utf8'));
  } catch {
    return { passed: 0, failed: 1, skipped: 0, skippedTitles: [] };
  }
}
