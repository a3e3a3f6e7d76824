import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BenchCase } from './harness/rounds.ts';
import { runBench } from './harness/run-bench.ts';
import { figureOf } from './harness/targets.ts';
import { makeSealedLog } from './tamper/sealed-log.ts';
import { createPick, tamperWith, verifyUntouched } from './tamper/tamper-trials.ts';
import { TAMPERINGS, type Tampering } from './tamper/tamperings.ts';

const SCALES = {
  full: { records: 3_000, times: 90 },
  quick: { records: 1_000, times: 20 },
} as const;

/** The seed of all trials: each run does the same. */
const SEED = 20_260_101;

await runBench({
  name: 'tamper',
  summary: 'How much of what somebody without the key does to an audit log is found.',
  async prepare(scale, resources) {
    const { records, times } = SCALES[scale];
    const folder = await mkdtemp(join(tmpdir(), 'rta-tamper-'));
    resources.defer(() => rm(folder, { recursive: true }));
    const file = join(folder, 'audit.jsonl');
    const rows = makeSealedLog(records);
    const untouched = await verifyUntouched(rows, file);
    if (untouched.findings.length > 0) throw new Error('the log that nobody touched does not verify');
    const pick = createPick(SEED);

    const caseOf = (tampering: Tampering, isAnchored: boolean, name: string): BenchCase => ({
      case: name,
      warmUp: () => Promise.resolve(),
      measure: async () => ({ ...(await tamperWith({ rows, tampering, times, isAnchored, pick, file })) }),
    });
    const promised = TAMPERINGS.map((one) =>
      caseOf(one, one.needsAnchor, one.needsAnchor ? `${one.name}; a place was noted` : one.name),
    );
    const notPromised = TAMPERINGS.filter(({ needsAnchor }) => needsAnchor).map((one) =>
      caseOf(one, false, `${one.name}; nothing was noted`),
    );
    return {
      rounds: 1,
      cases: [...promised, ...notPromised],
      targets: (measured) =>
        promised.map((one) => ({
          target: `found of: ${one.case}`,
          unit: '×',
          actual: figureOf(measured, one.case, 'found') / figureOf(measured, one.case, 'tried'),
          atLeast: 1,
        })),
    };
  },
});
