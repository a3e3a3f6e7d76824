import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { hasPython } from '../src/availability.ts';

const RELAY = fileURLToPath(new URL('../relay', import.meta.url));

/** Runs the relay's own tests, which need neither rights nor namespaces. */
async function unittest(module: string): Promise<string> {
  const { stderr } = await promisify(execFile)('python3', ['-B', '-m', 'unittest', module], { cwd: RELAY });
  return stderr;
}

const title = hasPython() ? '%s' : '%s [not run: there is no Python 3.9 or newer; apt-get install python3]';

it.skipIf(!hasPython()).each([
  ['delays, loses, doubles, reorders and limits packets exactly as told', 'link_test'],
  ['translates addresses and ports, with checksums that are right', 'nat_test'],
])(title, async (_title, module) => {
  expect(await unittest(module)).toMatch(/^Ran [1-9]\d* tests in .*\n\nOK\n$/m);
});
