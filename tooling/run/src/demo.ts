import { join } from 'node:path';
import { ROOT, run, runInForeground, turboBuild } from './command.ts';

// The demo starts the server as its users do, as a command of its own: both are built. What is said on the way goes
// to standard error: with --json, standard output is one document.
process.stderr.write('building … (half a minute the first time, a moment after that)\n');
const built = await run(turboBuild('@rta/demo-agents...', '@rta/rta-server...'));
if (built.exitCode !== 0) {
  process.stderr.write(built.output);
  process.exit(built.exitCode);
}

const demo = join(ROOT, 'apps', 'demo-agents', 'dist', 'main.js');
process.exit(await runInForeground([process.execPath, demo, ...process.argv.slice(2)]));
