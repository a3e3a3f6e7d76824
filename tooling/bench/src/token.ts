import { measureBatches } from './harness/batches.ts';
import type { BenchCase } from './harness/rounds.ts';
import { runBench } from './harness/run-bench.ts';
import { figureOf } from './harness/targets.ts';
import { jwtCase } from './tokens/jwt-case.ts';
import { coldCases, hotCase } from './tokens/rta-cases.ts';
import type { TokenCase } from './tokens/token-case.ts';

const SCALES = {
  full: { rounds: 5, roundMs: 1_500, warmUpMs: 1_500 },
  quick: { rounds: 3, roundMs: 500, warmUpMs: 500 },
} as const;

await runBench({
  name: 'token',
  summary: 'How long it takes to tell whether a token is good: RTATokens, hot and cold, and a JWT.',
  async prepare(scale) {
    const { rounds, roundMs, warmUpMs } = SCALES[scale];
    const toBenchCase = ({ name, bytes, runBatch }: TokenCase): BenchCase => ({
      case: name,
      warmUp: () => measureBatches(runBatch, warmUpMs),
      measure: async () => ({ ...(await measureBatches(runBatch, roundMs)), bytes }),
    });
    return {
      rounds,
      cases: [hotCase(), ...coldCases(), await jwtCase()].map(toBenchCase),
      targets: (rows) => [
        {
          target: 'opsPerSecond of rta-hot against jose-eddsa',
          unit: '×',
          actual: figureOf(rows, 'rta-hot', 'opsPerSecond') / figureOf(rows, 'jose-eddsa', 'opsPerSecond'),
          atLeast: 50,
        },
      ],
    };
  },
});
