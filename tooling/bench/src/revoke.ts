import type { DevUser } from '@rta/devkit';
import { type BenchChild, startChild } from './harness/child-process.ts';
import { createLatencyHistogram } from './harness/latency-histogram.ts';
import type { BenchCase } from './harness/rounds.ts';
import { runBench } from './harness/run-bench.ts';
import { toSharedMs } from './harness/shared-clock.ts';
import { figureOf } from './harness/targets.ts';
import type { AgentsContract } from './rta/agents-process.ts';
import { benchUser } from './rta/bench-idp.ts';
import { type Deployment, deploy } from './rta/deployment.ts';

const SCALES = {
  full: { rounds: 3, revocations: 200, warmUps: { revocations: 20, fanOuts: 2 }, agents: 1_000 },
  quick: { rounds: 1, revocations: 50, warmUps: { revocations: 10, fanOuts: 0 }, agents: 1_000 },
} as const;

await runBench({
  name: 'revoke',
  summary: 'How long it takes from a security event on its way to the signal in the agents.',
  async prepare(scale, resources) {
    const { rounds, revocations, warmUps, agents } = SCALES[scale];
    const signIns = warmUps.revocations + warmUps.fanOuts + rounds * (revocations + 1);
    const users = Array.from({ length: signIns }, (_, index) => benchUser(`user-${index}`));
    const revoker = createRevoker(await deploy(users, resources), users);
    const single = await startAgents(revoker, 1, resources);
    const crowd = await startAgents(revoker, agents, resources);
    return {
      rounds,
      cases: [
        setToSignal(revoker, single, revocations, warmUps.revocations),
        fanOut(revoker, crowd, agents, warmUps.fanOuts),
      ],
      targets: (rows) => [
        {
          target: 'p50Us of set-to-signal',
          unit: 'µs',
          actual: figureOf(rows, 'set-to-signal', 'p50Us'),
          atMost: 5_000,
        },
        {
          target: 'p99Us of set-to-signal',
          unit: 'µs',
          actual: figureOf(rows, 'set-to-signal', 'p99Us'),
          atMost: 20_000,
        },
      ],
    };
  },
});

type Agents = BenchChild<AgentsContract>;

/** Opens sessions for users that were never revoked, and revokes them. */
interface Revoker {
  readonly deployment: Deployment;
  /** @returns for each agent the milliseconds from the request that carries the event to the signal. */
  revoke(agents: Agents): Promise<readonly number[]>;
}

/**
 * Each revocation takes a user of its own: security events have whole seconds, so that who signs in within the
 * second of their own revocation is refused.
 */
function createRevoker(deployment: Deployment, users: readonly DevUser[]): Revoker {
  const unused = users.values();
  return {
    deployment,
    async revoke(agents) {
      const { value: user } = unused.next();
      if (user === undefined) throw new RangeError('there are more revocations than users');
      const { accessToken } = await deployment.signIn(user);
      await agents.ask({ kind: 'open', subjectToken: accessToken });
      const revocations = agents.ask({ kind: 'revocations' });
      const { status, err, sentAtMs } = await deployment.idp.sendSessionRevoked({ sub: user.sub });
      if (status !== 202) throw new Error(`the event was answered with ${status} ${err ?? ''}`);
      const sentMs = toSharedMs(sentAtMs);
      return (await revocations).map((atMs) => atMs - sentMs);
    },
  };
}

function startAgents(
  { deployment }: Revoker,
  agents: number,
  resources: AsyncDisposableStack,
): Promise<Agents> {
  const { endpoint, ca } = deployment;
  const script = new URL('./rta/agents-process.ts', import.meta.url);
  return startChild<AgentsContract>(script, { endpoint, ca, transport: 'quic', agents }, resources);
}

/** One agent, one revocation after the other, each of a fresh session. */
function setToSignal(
  revoker: Revoker,
  agents: Agents,
  revocations: number,
  warmUpRevocations: number,
): BenchCase {
  const measure = async (count: number) => {
    const histogram = createLatencyHistogram();
    for (let i = 0; i < count; i++) {
      for (const latencyMs of await revoker.revoke(agents)) histogram.recordUs(latencyMs * 1_000);
    }
    return { p50Us: histogram.percentileUs(50), p99Us: histogram.percentileUs(99) };
  };
  return {
    case: 'set-to-signal',
    warmUp: () => measure(warmUpRevocations),
    measure: () => measure(revocations),
  };
}

/** One revocation that many agents must hear of, each on its own connection. */
function fanOut(revoker: Revoker, crowd: Agents, agents: number, warmUps: number): BenchCase {
  return {
    case: 'fan-out',
    async warmUp() {
      for (let i = 0; i < warmUps; i++) await revoker.revoke(crowd);
    },
    async measure() {
      const histogram = createLatencyHistogram();
      const latenciesMs = await revoker.revoke(crowd);
      for (const latencyMs of latenciesMs) histogram.recordUs(latencyMs * 1_000);
      return { agents, ms: Math.max(...latenciesMs), p50Us: histogram.percentileUs(50) };
    },
  };
}
