import type { DevUser } from '@rta/devkit';
import { type BenchChild, startChild } from './harness/child-process.ts';
import { createLatencyHistogram } from './harness/latency-histogram.ts';
import type { BenchCase, Figures } from './harness/rounds.ts';
import { runBench } from './harness/run-bench.ts';
import type { AgentsContract } from './rta/agents-process.ts';
import { benchUser } from './rta/bench-idp.ts';
import { deployWithTransmitter, type SsfDeployment } from './ssf/ssf-deployment.ts';
import { ALGORITHMS, type Algorithm, IN_FLIGHT, WAYS, type WayName } from './ssf/way.ts';

const SCALES = {
  full: { rounds: 3, events: 2_000, revocations: 100, warmUp: { events: 500, revocations: 5 } },
  quick: { rounds: 1, events: 500, revocations: 20, warmUp: { events: 100, revocations: 2 } },
} as const;

/** One event at a time takes the same way whether or not there could be several. */
const SINGLE_WAYS: readonly WayName[] = ['push', 'poll', 'quic'];

await runBench({
  name: 'ssf',
  summary: 'How many security events a server takes, by which way, and how soon an agent hears of one.',
  async prepare(scale, resources) {
    const { rounds, events, revocations, warmUp } = SCALES[scale];
    const revoked = ALGORITHMS.length * SINGLE_WAYS.length * (warmUp.revocations + rounds * revocations);
    const users = Array.from({ length: revoked }, (_, index) => benchUser(`user-${index}`));
    const setting = await createSetting(users, resources);
    const cases = WAYS.flatMap((way) =>
      ALGORITHMS.map((algorithm) => caseOf(setting, { way, algorithm, events, revocations, warmUp })),
    );
    return { rounds, cases, targets: () => [] };
  },
});

/** A server, its transmitter, an agent that is connected to it, and users whose sessions were never revoked. */
interface Setting extends SsfDeployment {
  readonly agent: BenchChild<AgentsContract>;
  readonly unused: Iterator<DevUser>;
  /** Users that the server has no session of. @returns other ones with each call. */
  strangers(count: number): readonly string[];
}

async function createSetting(users: readonly DevUser[], resources: AsyncDisposableStack): Promise<Setting> {
  const ssf = await deployWithTransmitter(users, resources);
  const { endpoint, ca } = ssf.deployment;
  const agent = await startChild<AgentsContract>(
    new URL('./rta/agents-process.ts', import.meta.url),
    { endpoint, ca, transport: 'quic', agents: 1 },
    resources,
  );
  let strangers = 0;
  return {
    ...ssf,
    agent,
    unused: users.values(),
    strangers: (count) =>
      Array.from({ length: count }, () => {
        strangers += 1;
        return `stranger-${strangers}`;
      }),
  };
}

interface Load {
  readonly way: WayName;
  readonly algorithm: Algorithm;
  /** Events of one round that are sent as fast as they are taken. */
  readonly events: number;
  /** Events of one round that are sent one after the other, each of which ends the agent's session. */
  readonly revocations: number;
  readonly warmUp: { readonly events: number; readonly revocations: number };
}

function caseOf(setting: Setting, load: Load): BenchCase {
  const { way, algorithm, events, revocations, warmUp } = load;
  const isSingle = SINGLE_WAYS.includes(way);
  const measure = async (counts: Load['warmUp']): Promise<Figures> => ({
    ...(await measureThroughput(setting, load, counts.events)),
    ...(isSingle ? await measureLatency(setting, load, counts.revocations) : {}),
  });
  return {
    case: way,
    conditions: { algorithm, inFlight: IN_FLIGHT[way] },
    warmUp: () => measure(warmUp),
    measure: () => measure({ events, revocations }),
  };
}

async function measureThroughput(
  { deployment, sender, strangers }: Setting,
  { way, algorithm }: Load,
  events: number,
): Promise<Figures> {
  const users = { issuer: deployment.idp.issuer, subs: strangers(events) };
  await sender.ask({ kind: 'sign', way, algorithm, users });
  const cpuSeconds = async (): Promise<number> => {
    const [ofSender, ofServer] = await Promise.all([sender.cpuSeconds(), deployment.server.cpuSeconds()]);
    return ofSender + ofServer;
  };
  const before = await cpuSeconds();
  const { sentMs, acknowledgedMs } = await sender.ask({ kind: 'deliver', way });
  return {
    opsPerSecond: (events / (acknowledgedMs - sentMs)) * 1_000,
    cpuSecondsPer100k: (((await cpuSeconds()) - before) / events) * 100_000,
  };
}

/** Each revocation takes a user of its own: who signs in within the second of their own revocation is refused. */
async function measureLatency(
  { deployment, sender, agent, unused }: Setting,
  { way, algorithm }: Load,
  revocations: number,
): Promise<Figures> {
  const histogram = createLatencyHistogram();
  for (let i = 0; i < revocations; i++) {
    const { value: user } = unused.next();
    if (user === undefined) throw new RangeError('there are more revocations than users');
    const { accessToken } = await deployment.signIn(user);
    await agent.ask({ kind: 'open', subjectToken: accessToken });
    const users = { issuer: deployment.idp.issuer, subs: [user.sub] };
    await sender.ask({ kind: 'sign', way, algorithm, users });
    const heard = agent.ask({ kind: 'revocations' });
    const { sentMs } = await sender.ask({ kind: 'deliver', way });
    for (const heardMs of await heard) histogram.recordUs((heardMs - sentMs) * 1_000);
  }
  return { p50Us: histogram.percentileUs(50), p99Us: histogram.percentileUs(99) };
}
