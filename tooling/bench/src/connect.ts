import { FAR_RTT_MS, firstDecisionCases } from './connect/first-decision.ts';
import { type IdleOptions, idleMemoryCase } from './connect/idle-memory.ts';
import type { BenchRow } from './harness/rounds.ts';
import { runBench } from './harness/run-bench.ts';
import { figureOf, type Target } from './harness/targets.ts';
import { openLaboratory } from './lab/laboratory.ts';

const SCALES = {
  full: { rounds: 3, roundMs: 5_000, warmUpMs: 2_000 },
  quick: { rounds: 1, roundMs: 1_000, warmUpMs: 500 },
} as const;

/** The crowd is held for five minutes, and hears something twice a minute. */
const CROWD: IdleOptions = { transport: 'quic', connections: 10_000, pushes: 10, holdMs: 30_000 };
const IDLE: Record<keyof typeof SCALES, readonly IdleOptions[]> = {
  full: [
    { transport: 'quic', connections: 1_000, pushes: 1, holdMs: 0 },
    { transport: 'websocket', connections: 1_000, pushes: 1, holdMs: 0 },
    CROWD,
  ],
  quick: [
    { transport: 'quic', connections: 300, pushes: 1, holdMs: 0 },
    { transport: 'websocket', connections: 300, pushes: 1, holdMs: 0 },
  ],
};

await runBench({
  name: 'connect',
  summary:
    'How long it takes from nothing to a first decision, and what connections cost that do nothing. ' +
    'It needs a network laboratory.',
  async prepare(scale, resources) {
    const lab = await openLaboratory(resources);
    const { rounds, ...times } = SCALES[scale];
    const idle = IDLE[scale];
    return {
      rounds,
      cases: [...(await firstDecisionCases(lab, times, resources)), ...idle.map(idleMemoryCase)],
      targets: (rows) => targets(rows, idle),
    };
  },
});

function targets(rows: readonly BenchRow[], idle: readonly IdleOptions[]): readonly Target[] {
  const p50Us = figureOf(rows, 'quic-0rtt', 'p50Us', { inFlight: 1, rttMs: FAR_RTT_MS });
  return [
    {
      target: `p50 of quic-0rtt, ${FAR_RTT_MS} ms round trip`,
      unit: 'ms',
      actual: p50Us / 1_000,
      atMost: FAR_RTT_MS + 3,
    },
    ...idle
      .filter(({ transport }) => transport === 'quic')
      .map(({ connections }) => ({
        target: `bytesPerConnection of idle-quic, ${connections} connections`,
        unit: 'bytes' as const,
        actual: figureOf(rows, 'idle-quic', 'bytesPerConnection', { connections }),
        atMost: 65_536,
      })),
  ];
}
