import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { openLmdbStore } from '../../src/index.ts';
import { type Acknowledged, OPERATION_KINDS } from './operations.ts';
import { verify } from './verify.ts';

/** What a run of crashes came to. */
export interface CrashReport {
  readonly kills: number;
  readonly acknowledged: number;
  readonly lost: readonly string[];
  readonly torn: readonly string[];
  readonly auditRows: number;
}

/** Numbers from 0 to 1 that follow from a seed (mulberry32). */
function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function parseAcknowledged(line: string): Acknowledged {
  const [kindText, name = '', result] = line.split(' ');
  const kind = OPERATION_KINDS.find((known) => known === kindText);
  if (kind === undefined) throw new Error(`the child said ${JSON.stringify(line)}`);
  return { kind, name, result: Number(result) };
}

/** A kill comes up to so much later than the acknowledgement that it waits for: a few commits take that long. */
const KILL_WITHIN_MS = 25;

/** Lets a child work, and kills it some time after it has said that `killAfter` operations were acknowledged. */
async function crashOnce(options: {
  readonly folder: string;
  readonly round: number;
  readonly operations: number;
  readonly killAfter: number;
  readonly killDelayMs: number;
}): Promise<{ readonly acknowledged: Acknowledged[]; readonly isKilled: boolean }> {
  const { folder, round, operations, killAfter, killDelayMs } = options;
  const child = spawn(
    process.execPath,
    [
      '--conditions=rta-source',
      fileURLToPath(new URL('child.ts', import.meta.url)),
      folder,
      `${round}`,
      `${operations}`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const ended = once(child, 'exit');
  const acknowledged: Acknowledged[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged.push(parseAcknowledged(line));
    if (acknowledged.length === killAfter) setTimeout(() => child.kill('SIGKILL'), killDelayMs);
  }
  const [code, signal] = (await ended) as [number | null, string | null];
  if (signal === null && code !== 0) throw new Error(`the child ended with ${code}`);
  return { acknowledged, isKilled: signal === 'SIGKILL' };
}

/** Crashes a store again and again, and looks after each crash for all that it ever acknowledged. */
export async function crash(options: {
  readonly folder: string;
  readonly rounds: number;
  readonly operations: number;
  readonly seed: number;
}): Promise<CrashReport> {
  const { folder, rounds, operations, seed } = options;
  const random = createRandom(seed);
  const everything: Acknowledged[] = [];
  const lost: string[] = [];
  const torn: string[] = [];
  let kills = 0;
  let auditRows = 0;
  for (let round = 1; round <= rounds; round++) {
    const killAfter = 1 + Math.floor(random() * operations);
    const killDelayMs = random() * KILL_WITHIN_MS;
    const { acknowledged, isKilled } = await crashOnce({ folder, round, operations, killAfter, killDelayMs });
    if (isKilled) kills += 1;
    everything.push(...acknowledged);
    await using store = await openLmdbStore({ path: folder });
    const findings = await verify(store, everything);
    lost.push(...findings.lost);
    torn.push(...findings.torn);
    auditRows = (await store.audit.last())?.sequence ?? 0;
  }
  return { kills, acknowledged: everything.length, lost, torn, auditRows };
}
