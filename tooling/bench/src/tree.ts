import { type EmbeddedServer, startEmbeddedServer } from './forest/embedded-server.ts';
import { growTree, type Tree, type TreeMember } from './forest/grow-tree.ts';
import type { BenchCase, Figures } from './harness/rounds.ts';
import { runBench } from './harness/run-bench.ts';
import { figureOf } from './harness/targets.ts';

const SCALES = {
  full: { rounds: 3, sessions: 10_000 },
  quick: { rounds: 1, sessions: 1_000 },
} as const;

const FAN_OUT = 10;
/** Questions that are asked right after a change: they are for sessions all over the tree. */
const PROBES = 500;

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
 * @returns `refusedMs`: until the change is in force, which the questions that are asked then are to show; `pushedMs`:
 *   until the last agent was told.
 */
async function change(
  embedded: EmbeddedServer,
  tree: Tree,
  kind: 'narrow' | 'revoke',
  pushes: number,
): Promise<Figures> {
  const { root, members } = tree;
  const allPushed = tree.pushes(pushes);
  const startMs = performance.now();
  await embedded.raise(
    root.session.id,
    kind === 'revoke' ? { kind: 'session-revoked' } : { kind: 'ceiling', grant: { scope: ['files.write'] } },
  );
  const refusedMs = performance.now() - startMs;
  await assertRefused(members);
  const pushedMs = (await allPushed) - startMs;
  return { refusedMs, pushedMs };
}

/** What was lost is refused everywhere, whether the agent was told or not. */
async function assertRefused(members: readonly TreeMember[]): Promise<void> {
  const step = Math.max(1, Math.floor(members.length / PROBES));
  const asked = members.filter((_, index) => index % step === 0);
  const answers = await Promise.all(asked.map(({ session, agents }) => agents.authorize(session)));
  const permitted = answers.filter(({ effect }) => effect === 'permit').length;
  if (permitted > 0)
    throw new Error(`${permitted} of ${answers.length} sessions were permitted what they lost`);
}

function heapBytes(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
