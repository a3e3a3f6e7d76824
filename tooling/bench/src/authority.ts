import { generateAgentKey } from '@rta/sdk';
import { type EmbeddedServer, startEmbeddedServer } from './forest/embedded-server.ts';
import { WIDTH } from './forest/grow-tree.ts';
import { createRawAgents, type HeldSession, type RawAgents } from './forest/raw-agent.ts';
import { inParallel } from './harness/in-parallel.ts';
import type { BenchCase, Figures } from './harness/rounds.ts';
import { runBench } from './harness/run-bench.ts';
import { figureOf } from './harness/targets.ts';

const SCALES = {
  full: { rounds: 5, roundMs: 2_000, warmUpMs: 2_000, counts: [1, 1_000, 100_000] },
  quick: { rounds: 3, roundMs: 500, warmUpMs: 500, counts: [1, 1_000, 5_000] },
} as const;

/** Questions that are asked before the first answer is awaited. */
const IN_FLIGHT = 64;
/** Sessions that one session may delegate, and that one user may have. */
const SESSIONS_PER_PARENT = 900;
const SESSIONS_PER_USER = 18_000;

await runBench({
  name: 'authority',
  summary:
    'Decisions per second of a server in one process, without a network, while it holds few sessions and many. They are ' +
    'asked about in turn.',
  async prepare(scale, resources) {
    const { rounds, roundMs, warmUpMs, counts } = SCALES[scale];
    const cases: BenchCase[] = [];
    for (const sessions of counts) {
      const embedded = await startEmbeddedServer(resources, Math.ceil(sessions / SESSIONS_PER_USER));
      console.error(`authority: opening ${sessions} sessions`);
      const crowd = await openCrowd(embedded, sessions);
      for (const cached of [true, false]) {
        cases.push({
          case: 'decide',
          conditions: { sessions, cached },
          // A decision that is to be found again must have been made: once for every session.
          warmUp: () => decideFor(crowd, cached, warmUpMs, cached ? sessions : 0),
          measure: () => decideFor(crowd, cached, roundMs),
        });
      }
    }
    return {
      rounds,
      cases,
      targets: (rows) =>
        [true, false].map((cached) => {
          const rates = counts.map((sessions) =>
            figureOf(rows, 'decide', 'opsPerSecond', { sessions, cached }),
          );
          return {
            target: `slowest opsPerSecond against the fastest, ${cached ? '' : 'not '}cached`,
            unit: '×' as const,
            actual: Math.min(...rates) / Math.max(...rates),
            atLeast: 0.8,
          };
        }),
    };
  },
});

/** Sessions that are asked about in turn. */
interface Crowd {
  readonly agents: RawAgents;
  readonly sessions: readonly HeldSession[];
  /** Questions so far. */
  asked: number;
}

/** Opens so many sessions: users' own ones, and below them as many as may be. */
async function openCrowd(embedded: EmbeddedServer, count: number): Promise<Crowd> {
  const agents = await createRawAgents(embedded.connect(), () => undefined);
  const [rootKey, parentKey, leafKey] = [generateAgentKey(), generateAgentKey(), generateAgentKey()];
  const sessions: HeldSession[] = [];
  for (let user = 0; sessions.length < count; user++) {
    const root = await agents.exchange(await embedded.signIn(user), `agent-${user}`, rootKey);
    sessions.push(root);
    const last = Math.min(count, (user + 1) * SESSIONS_PER_USER);
    for (let parent = 0; sessions.length < last; parent++) {
      const name = `agent-${user}-${parent}`;
      const own = await agents.bind(await agents.delegate(root, name, parentKey), parentKey);
      sessions.push(own);
      const children = Math.min(SESSIONS_PER_PARENT, last - sessions.length);
      sessions.push(
        ...(await inParallel(children, WIDTH, async (index) =>
          agents.bind(await agents.delegate(own, `${name}-${index}`, leafKey), leafKey),
        )),
      );
    }
  }
  return { agents, sessions, asked: 0 };
}

/**
 * @param cached whether the same question is asked every time, or a new one.
 * @param atLeast so many decisions, however long they take.
 */
async function decideFor(crowd: Crowd, cached: boolean, durationMs: number, atLeast = 0): Promise<Figures> {
  const { agents, sessions } = crowd;
  const ask = (): ReturnType<RawAgents['authorize']> => {
    crowd.asked += 1;
    const session = sessions[crowd.asked % sessions.length];
    if (session === undefined) throw new RangeError('there are no sessions');
    return agents.authorize(session, cached ? undefined : `reports/${crowd.asked}.txt`);
  };
  const startMs = performance.now();
  const before = crowd.asked;
  while (performance.now() - startMs < durationMs || crowd.asked - before < atLeast) {
    const answers = await Promise.all(Array.from({ length: IN_FLIGHT }, ask));
    if (answers.some(({ effect }) => effect !== 'permit')) throw new Error('a question was denied');
  }
  return { opsPerSecond: ((crowd.asked - before) / (performance.now() - startMs)) * 1_000 };
}
