// Sends security events while the server is killed again and again: `npx -y pnpm@12 crash:ssf [--sets N] [--kills N]`.
import { parseArgs } from 'node:util';
import { WAYS, type Way } from './ways.ts';

const USAGE = `crash:ssf [--sets N] [--kills N] [--way ${WAYS.map(({ name }) => name).join('|')}]

Sends N security events (10000) by each way in, kills the server with SIGKILL and starts it again N times (10)
meanwhile, and counts what the store knows in the end.`;

const { values } = parseArgs({
  options: {
    sets: { type: 'string', default: '10000' },
    kills: { type: 'string', default: '10' },
    way: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
if (values.help) {
  console.log(USAGE);
  process.exit(0);
}
const ways: readonly Way[] = WAYS.filter(({ name }) => values.way === undefined || name === values.way);
const [sets, kills] = [Number(values.sets), Number(values.kills)];
if (ways.length === 0 || !(sets > 0) || !(kills >= 0)) {
  console.error(USAGE);
  process.exit(2);
}

for (const way of ways) {
  const startedMs = performance.now();
  const report = await way.run({
    sets,
    kills,
    onProgress: (acknowledged, killed) => {
      if (acknowledged % Math.ceil(sets / 10) === 0) {
        console.log(`${way.name.padEnd(10)} ${acknowledged} acknowledged, killed ${killed} times`);
      }
    },
  });
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(0);
  const { sent, acknowledged, lost, superfluous } = report;
  console.log(
    `${way.name.padEnd(10)} sent ${sent}, acknowledged ${acknowledged}, kills ${report.kills}, lost ${lost.length}, superfluous ${superfluous}, ${seconds} s`,
  );
  if (acknowledged !== sent || lost.length > 0 || superfluous > 0 || report.kills !== kills)
    process.exitCode = 1;
}
