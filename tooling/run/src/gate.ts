import { parseArgs } from 'node:util';
import { runSteps } from './step.ts';
import { STEPS } from './steps.ts';
import { closingLine } from './test-report.ts';

const USAGE = `test [--only STEP]

Runs the whole gate and goes on after a step that failed. The last line is what the test runner counted.
With CI=true a test that does not run is a failure.

${STEPS.map((step) => `  ${step.name.padEnd(11)} ${step.what}`).join('\n')}`;

const only = readOnly();
const steps = STEPS.filter((step) => only === undefined || step.name === only);
if (steps.length === 0) fail(`there is no step \`${only}\``);

const stop = new AbortController();
process.once('SIGINT', () => stop.abort());
process.once('SIGTERM', () => stop.abort());

const { ok, tally } = await runSteps(steps, {
  print: (line) => console.log(line),
  nowMs: () => performance.now(),
  strict: process.env['CI'] === 'true',
  signal: stop.signal,
});
if (tally !== undefined) console.log(closingLine(tally));
process.exitCode = ok ? 0 : 1;

function readOnly(): string | undefined {
  try {
    const { values } = parseArgs({
      options: { only: { type: 'string' }, help: { type: 'boolean', short: 'h', default: false } },
    });
    if (!values.help) return values.only;
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
  console.log(USAGE);
  process.exit(0);
}

function fail(mistake: string): never {
  console.error(`${mistake}\n\n${USAGE}`);
  process.exit(2);
}
