// Kills a store 50 times in the middle of its work: `npx -y pnpm@12 crash [SEED]`.
import { randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crash } from './crash.ts';

const ROUNDS = 50;
const OPERATIONS = 1_000;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const seed = Number(process.argv[2] ?? randomInt(4_294_967_296));
say(`seed ${seed}: ${ROUNDS} rounds, each of ${OPERATIONS} operations, killed on the way`);
const folder = await mkdtemp(join(tmpdir(), 'rta-crash-'));
try {
  const { kills, acknowledged, lost, torn, auditRows } = await crash({
    folder: join(folder, 'store'),
    rounds: ROUNDS,
    operations: OPERATIONS,
    seed,
  });
  say(`kills         ${kills}`);
  say(`acknowledged  ${acknowledged}`);
  say(`lost          ${lost.length}`);
  say(`torn batches  ${torn.length}`);
  say(`audit rows    ${auditRows}, chained without a gap`);
  if (lost.length + torn.length > 0) {
    say([...lost, ...torn].join('\n'));
    process.exitCode = 1;
  }
} finally {
  await rm(folder, { recursive: true });
}
