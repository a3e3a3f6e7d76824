import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { errorsDoc } from './errors-doc.ts';
import { layers } from './layers.ts';
import { limitsDoc } from './limits-doc.ts';
import { links } from './links.ts';
import { packages } from './packages.ts';
import { runChecks } from './run-checks.ts';
import { specTrace } from './spec-trace.ts';
import { readTree } from './tree.ts';

const CHECKS = [layers, packages, errorsDoc, limitsDoc, specTrace, links];

const USAGE = `checks [--write] [--only NAME] [--verbose]

  --write      write docs/errors.md and docs/limits.md instead of comparing them
  --only NAME  one of: ${CHECKS.map((check) => check.name).join(', ')}
  --verbose    also print which test names which requirement of the specifications`;

const options = readOptions();
const chosen = CHECKS.filter((check) => options.only === undefined || check.name === options.only);
if (chosen.length === 0) fail(`there is no check \`${options.only}\``);

const root = fileURLToPath(new URL('../../..', import.meta.url));
const problems = await runChecks(
  chosen,
  {
    tree: readTree(root),
    load: async (path) => (await import(pathToFileURL(join(root, path)).href)) as Record<string, unknown>,
  },
  {
    print: (line) => console.log(line),
    verbose: options.verbose,
    ...(options.write
      ? { write: (path: string, text: string) => writeFileSync(join(root, path), text) }
      : {}),
  },
);
if (problems > 0) process.exitCode = 1;

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        write: { type: 'boolean', default: false },
        only: { type: 'string' },
        verbose: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (!values.help) return values;
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
