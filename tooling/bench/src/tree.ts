import { type EmbeddedServer, startEmbeddedServer } from './forest/embedded-server.ts';
import { growTree, type Tree, type TreeMember } from './forest/grow-tree.ts';
import { createLatencyHistogram, type LatencyHistogram } from './harness/latency-histogram.ts';
import type { BenchCase, Figures } from './harness/rounds.ts';
import { runBench } from './harness/run-bench.ts';
import { figureOf } from './harness/targets.ts';

const SCALES = {
  full: { rounds: 3, sessions: 10_000 },
  quick: { rounds: 1, sessions: 1_000 },
} as const;

const FAN_OUT = 10;
/** Questions that are asked after a change at least: one after the other, for sessions all over the tree. */
const PROBES = 200;

await runBench({
  name: 'tree',
  summary:
    'What it takes for a large tree of delegations to follow its root: until every session is refused what it lost, and ' +
    'until every agent was told.',
  async prepare(scale, resources) {
    const { rounds, sessions } = SCALES[scale];
    const embedded = await startEmbeddedServer(resources);
    // A tree that has come to its end is of no use any more: every round grows one.
    let tree: Tree | undefined;
    const conditions = { sessions };
    const cases: readonly BenchCase[] = [
      {
        case: 'narrow-root',
        conditions,
        warmUp: async () => {
          const small = await growTree(embedded, { sessions: 500, fanOut: FAN_OUT });
          await change(embedded, small, 'narrow', 500);
          await change(embedded, small, 'revoke', 1_000);
        },
        async measure() {
          const emptyBytes = heapBytes();
          tree = await growTree(embedded, { sessions, fanOut: FAN_OUT });
          const bytesPerSession = (heapBytes() - emptyBytes) / sessions;
          return { ...(await change(embedded, tree, 'narrow', sessions)), bytesPerSession };
        },
      },
      {
        case: 'revoke-root',
        conditions,
        warmUp: () => Promise.resolve(),
        measure() {
          if (tree === undefined) throw new Error('there is no tree');
          return change(embedded, tree, 'revoke', 2 * sessions);
        },
      },
    ];
    return {
      rounds,
      cases,
      targets: (rows) =>
        ['narrow-root', 'revoke-root'].map((name) => ({
          target: `pushedMs of ${name}, ${sessions} sessions`,
          unit: 'ms' as const,
          actual: figureOf(rows, name, 'pushedMs', conditions),
          atMost: 500,
        })),
    };
  },
});

/**
 * @param pushes so many have come since the tree was grown when everybody knows.
 * @returns `refusedMs`: until the change is in force, which questions that are asked from then on are to show;
 *   `pushedMs`: until the last agent was told; `p50Us`, `p99Us`: what a question takes meanwhile.
 */
async function change(
  embedded: EmbeddedServer,
  tree: Tree,
  kind: 'narrow' | 'revoke',
  pushes: number,
): Promise<Figures> {
  const { root, members } = tree;
  let pushedAtMs: number | undefined;
  const allPushed = tree.pushes(pushes).then((atMs) => {
    pushedAtMs = atMs;
    return atMs;
  });
  const startMs = performance.now();
  await embedded.raise(
    root.session.id,
    kind === 'revoke' ? { kind: 'session-revoked' } : { kind: 'ceiling', grant: { scope: ['files.write'] } },
  );
  const refusedMs = performance.now() - startMs;
  const latencies = createLatencyHistogram();
  await assertRefused(members, latencies, () => pushedAtMs === undefined);
  const pushedMs = (await allPushed) - startMs;
  return {
    refusedMs,
    pushedMs,
    p50Us: latencies.percentileUs(50),
    p99Us: latencies.percentileUs(99),
  };
}

/** What was lost is refused everywhere, whether the agent was told or not. Asks while others are still to be told. */
async function assertRefused(
  members: readonly TreeMember[],
  latencies: LatencyHistogram,
  isTelling: () => boolean,
): Promise<void> {
  const step = Math.max(1, Math.floor(members.length / PROBES));
  for (let asked = 0; asked < PROBES || isTelling(); asked++) {
    const member = members[(asked * step) % members.length];
    if (member === undefined) throw new RangeError('there is nobody in the tree');
    const askedMs = performance.now();
    const { effect } = await member.agents.authorize(member.session);
    latencies.recordUs((performance.now() - askedMs) * 1_000);
    if (effect === 'permit') throw new Error(`session ${member.session.id} was permitted what it lost`);
  }
}

function heapBytes(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
