import { setTimeout as sleep } from 'node:timers/promises';
import { type BenchChild, startChild } from '../harness/child-process.ts';
import type { BenchCase, Figures } from '../harness/rounds.ts';
import type { AgentsContract } from '../rta/agents-process.ts';
import { benchUser } from '../rta/bench-idp.ts';
import { type Deployment, deploy } from '../rta/deployment.ts';

/** Connections that are held without a request on them. */
export interface IdleOptions {
  readonly transport: 'quic' | 'websocket';
  readonly connections: number;
  /** Events that every agent must hear of, one after the other. */
  readonly pushes: number;
  /** Time before each of them. */
  readonly holdMs: number;
}

/** Connections of one client process: as many as one user's session can delegate to, and a socket each. */
const CONNECTIONS_PER_PROCESS = 1_000;
/** Connections that come and go before anything is measured, so that code is loaded: few, for others use their memory. */
const WARM_UP_CONNECTIONS = 8;
/** How long a push may take to the last agent. What takes longer has not arrived. */
const PUSH_TIMEOUT_MS = 60_000;

type Agents = BenchChild<AgentsContract>;

/**
 * The case of what a server's process holds for a connection and for its session, and of how long a push to all takes.
 * It has a server of its own: memory that was used before would hide what is used now.
 */
export function idleMemoryCase(options: IdleOptions): BenchCase {
  const { transport, connections } = options;
  return {
    case: `idle-${transport}`,
    conditions: { connections },
    once: true,
    warmUp: () => Promise.resolve(),
    measure: () => measureIdle(options),
  };
}

async function measureIdle({ transport, connections, pushes, holdMs }: IdleOptions): Promise<Figures> {
  await using resources = new AsyncDisposableStack();
  const anna = benchUser('anna');
  const deployment = await deploy([anna], resources);
  const { server } = deployment;
  {
    await using passing = new AsyncDisposableStack();
    const agents = await startAgents(deployment, transport, WARM_UP_CONNECTIONS, passing);
    await openSessions(deployment, agents);
  }

  const emptyBytes = await server.residentBytes();
  const agents = await startAgents(deployment, transport, connections, resources);
  const connectedBytes = await server.residentBytes();
  await openSessions(deployment, agents);
  const boundBytes = await server.residentBytes();

  let slowestMs = 0;
  for (let count = 1; count <= pushes; count++) {
    await sleep(holdMs);
    slowestMs = Math.max(slowestMs, await pushToAll(deployment, agents, count));
  }
  return {
    bytesPerConnection: (connectedBytes - emptyBytes) / connections,
    bytesPerSession: (boundBytes - connectedBytes) / connections,
    pushesArrived: pushes * connections,
    slowestPushMs: slowestMs,
  };
}

async function startAgents(
  { endpoint, ca }: Deployment,
  transport: IdleOptions['transport'],
  connections: number,
  resources: AsyncDisposableStack,
): Promise<readonly Agents[]> {
  const started: Promise<Agents>[] = [];
  for (let left = connections; left > 0; left -= CONNECTIONS_PER_PROCESS) {
    const options = { endpoint, ca, transport, agents: Math.min(left, CONNECTIONS_PER_PROCESS) };
    const script = new URL('../rta/agents-process.ts', import.meta.url);
    started.push(startChild<AgentsContract>(script, options, resources));
  }
  return Promise.all(started);
}

async function openSessions({ signIn }: Deployment, agents: readonly Agents[]): Promise<void> {
  const { accessToken } = await signIn(benchUser('anna'));
  await Promise.all(agents.map((process) => process.ask({ kind: 'open', subjectToken: accessToken })));
}

/** @returns milliseconds until the last agent knew. */
async function pushToAll({ idp }: Deployment, agents: readonly Agents[], count: number): Promise<number> {
  const startMs = performance.now();
  // Anything else than before is a change.
  const current = count % 2 === 0 ? 'LOW' : 'MEDIUM';
  const { status, err } = await idp.sendRiskLevelChange({ sub: benchUser('anna').sub, current });
  if (status !== 202) throw new Error(`the event was answered with ${status} ${err ?? ''}`);
  const arrived = Promise.all(agents.map((process) => process.ask({ kind: 'changes', count })));
  const late = new AbortController();
  try {
    await Promise.race([
      arrived,
      sleep(PUSH_TIMEOUT_MS, undefined, late).then(() => {
        throw new Error(`push ${count} had not reached every agent after ${PUSH_TIMEOUT_MS} ms`);
      }),
    ]);
  } finally {
    late.abort();
  }
  return performance.now() - startMs;
}
