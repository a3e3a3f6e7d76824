import { writeFile } from 'node:fs/promises';
import { type BenchScale, parseBenchArguments } from './bench-arguments.ts';
import { BenchNotPossible } from './bench-not-possible.ts';
import { reportJson, reportOf, reportText } from './report.ts';
import { type BenchCase, type BenchRow, runRounds } from './rounds.ts';
import { judge, type Target } from './targets.ts';

/** A bench: what it compares, and what is expected of it. */
export interface Bench {
  readonly name: string;
  /** One sentence, for `--help`. */
  readonly summary: string;
  /**
   * Builds what is measured.
   *
   * @param resources - takes what must be closed when the bench ends.
   */
  prepare(scale: BenchScale, resources: AsyncDisposableStack): Promise<BenchPlan>;
}

/** What a bench does on one scale. */
export interface BenchPlan {
  readonly cases: readonly BenchCase[];
  readonly rounds: number;
  targets(rows: readonly BenchRow[]): readonly Target[];
}

/**
 * The main program of a bench: reads the command line, runs, prints a table, writes JSON where it was asked to.
 * The exit code is 1 where it could not run, and 2 for a command line that is not understood; a target that is
 * missed is a result, not a failure.
 */
export async function runBench(bench: Bench): Promise<void> {
  const request = parseBenchArguments(process.argv.slice(2));
  const usage = `${bench.name} [--json FILE] [--quick]

${bench.summary}

  --json FILE  also write the figures to FILE
  --quick      end within 60 seconds; the figures are rough`;
  if (request.kind === 'help') {
    console.log(usage);
    return;
  }
  if (request.kind === 'mistake') {
    console.error(`${request.message}\n\n${usage}`);
    process.exitCode = 2;
    return;
  }
  try {
    await using resources = new AsyncDisposableStack();
    const { cases, rounds, targets } = await bench.prepare(request.scale, resources);
    const rows = await runRounds(cases, rounds, (step) => console.error(`${bench.name}: ${step}`));
    const report = reportOf(bench.name, rows, targets(rows).map(judge));
    console.log(`\n${reportText(report)}`);
    if (request.jsonFile !== undefined) await writeFile(request.jsonFile, reportJson(report));
  } catch (error) {
    if (error instanceof BenchNotPossible) console.error(`${bench.name} cannot run here: ${error.message}`);
    else console.error(error);
    process.exitCode = 1;
  }
}
