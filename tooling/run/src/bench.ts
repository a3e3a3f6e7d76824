import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseBenchArguments } from './bench-arguments.ts';
import { ROOT, runInForeground } from './command.ts';

// Every file that stands directly in the folder is a bench; what benches share stands in folders below it.
const folder = join(ROOT, 'tooling', 'bench', 'src');
const names = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isFile() && /^[a-z0-9-]+\.ts$/.test(entry.name))
  .map((entry) => entry.name.slice(0, -'.ts'.length));

const USAGE = `bench NAME [--json FILE] [--quick]

  --json FILE  also write the figures to FILE
  --quick      end within 60 seconds; the figures are rough

  NAME is one of: ${names.length === 0 ? '(none)' : names.join(', ')}`;

const request = parseBenchArguments(process.argv.slice(2), names, process.env['INIT_CWD'] ?? process.cwd());
if (request.kind === 'help') {
  console.log(USAGE);
} else if (request.kind === 'mistake') {
  console.error(`${request.message}\n\n${USAGE}`);
  process.exitCode = 2;
} else {
  // From source: what Node runs is the same code without its types. By the environment, so that the processes that a
  // bench starts resolve packages as it does.
  process.env['NODE_OPTIONS'] = `${process.env['NODE_OPTIONS'] ?? ''} --conditions=rta-source`.trim();
  const file = join(folder, `${request.name}.ts`);
  process.exitCode = await runInForeground([process.execPath, file, ...request.args]);
}
