import { checkChangesets } from './changesets.ts';
import { type Command, run, turboBuild } from './command.ts';
import { checkPackedPackages } from './packed-packages.ts';
import type { Step } from './step.ts';
import { runTests } from './unit-tests.ts';

/** The steps of the gate, the quick ones first; `demo` and `packages` use what `build` made. */
export const STEPS: readonly Step[] = [
  commandStep('format', 'files are formatted and imports sorted', ['biome', 'check', '.']),
  commandStep('types', 'sources and tests have the types that they claim', ['tsc', '-p', 'tsconfig.json']),
  commandStep('lint', 'the rules of the linter hold, those that need types too', [
    'oxlint',
    '--type-aware',
    '--deny-warnings',
  ]),
  commandStep('checks', 'layers, packages, and documents made from code', [
    process.execPath,
    '--conditions=rta-source',
    'tooling/checks/src/main.ts',
  ]),
  commandStep('unused', 'no file, export or dependency is left over', ['knip']),
  commandStep('build', 'every package builds', turboBuild()),
  commandStep('demo', 'the demo keeps every promise that it shows', [
    process.execPath,
    'apps/demo-agents/dist/main.js',
    '--json',
  ]),
  { name: 'packages', what: 'what would be published can be imported', run: checkPackedPackages },
  { name: 'changesets', what: 'changes are described for the people who upgrade', run: checkChangesets },
  { name: 'tests', what: 'all tests, from source', run: runTests },
];

function commandStep(name: string, what: string, command: Command): Step {
  return {
    name,
    what,
    run: async (signal) => {
      const { exitCode, output } = await run(command, signal);
      return { ok: exitCode === 0, output };
    },
  };
}
