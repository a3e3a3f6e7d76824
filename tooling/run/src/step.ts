import type { Tally } from './test-report.ts';

/** How a step ended. */
export interface StepResult {
  readonly ok: boolean;
  /** What to read where it failed. */
  readonly output: string;
  /** A few words for the line of the step. */
  readonly note?: string;
  /** What the test runner counted, from the step that runs it. */
  readonly tally?: Tally;
}

/** One step of the gate. */
export interface Step {
  readonly name: string;
  /** What it makes sure of, in a few words. */
  readonly what: string;
  run(signal: AbortSignal): Promise<StepResult>;
}

/** Where the gate prints, what time it is, and whether nothing may be left out. */
export interface GateOptions {
  readonly print: (line: string) => void;
  readonly nowMs: () => number;
  /** Under CI a test that did not run is a failure. */
  readonly strict: boolean;
  readonly signal: AbortSignal;
}

/**
 * Runs the steps one after another, also those after one that failed, so that all failures are seen at once.
 *
 * @returns whether all went well, and what the test runner counted.
 */
export async function runSteps(
  steps: readonly Step[],
  options: GateOptions,
): Promise<{ readonly ok: boolean; readonly tally: Tally | undefined }> {
  const failed: string[] = [];
  let tally: Tally | undefined;
  for (const [index, step] of steps.entries()) {
    if (options.signal.aborted) {
      failed.push(step.name);
      options.print(`${step.name}: stopped before it began`);
      continue;
    }
    options.print(`[${index + 1}/${steps.length}] ${step.name}: ${step.what} …`);
    const startMs = options.nowMs();
    const result = await step.run(options.signal);
    const seconds = ((options.nowMs() - startMs) / 1000).toFixed(1);
    const note = result.note === undefined ? '' : `, ${result.note}`;
    tally = result.tally ?? tally;

    const leftOut = options.strict ? (result.tally?.skippedTitles ?? []) : [];
    const ok = result.ok && leftOut.length === 0;
    if (!result.ok) options.print(result.output.trimEnd());
    for (const title of leftOut) options.print(`not run, and under CI everything runs: ${title}`);
    if (!ok) failed.push(step.name);
    options.print(`      ${step.name} ${ok ? 'ok' : 'FAILED'} (${seconds} s${note})`);
  }
  options.print('');
  if (!options.strict) for (const title of tally?.skippedTitles ?? []) options.print(`not run: ${title}`);
  options.print(failed.length === 0 ? 'Every step passed.' : `Failed: ${failed.join(', ')}.`);
  return { ok: failed.length === 0, tally };
}
