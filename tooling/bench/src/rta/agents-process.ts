import { isRtaError } from '@rta/core';
import { type AgentSession, connect, generateAgentKey, type RtaClient, type TransportName } from '@rta/sdk';
import { inParallel } from '../harness/in-parallel.ts';
import { runAsChild } from '../harness/run-as-child.ts';
import { toSharedMs } from '../harness/shared-clock.ts';

/** Many agents in one process, each with a connection and a session of its own. */
export interface AgentsContract {
  readonly options: {
    readonly endpoint: string;
    /** PEM. */
    readonly ca: string;
    readonly transport: TransportName;
    readonly agents: number;
  };
  readonly ready: 'connected';
  readonly request: AgentsRequest;
  /** Milliseconds on the clock that the processes share at which each session heard of it; none for `open`. */
  readonly answer: readonly number[];
}

/** What the agents can be told to do. */
export type AgentsRequest =
  /** Open a session for each agent: the first exchanges the user's token, and delegates to all others. */
  | { readonly kind: 'open'; readonly subjectToken: string }
  /** Wait until the context of every session has changed so often since it was opened. */
  | { readonly kind: 'changes'; readonly count: number }
  /** Wait until all of them are revoked. */
  | { readonly kind: 'revocations' };

/** Requests that wait at a time: connections, delegations. */
const WIDTH = 16;

runAsChild<AgentsContract>(async ({ endpoint, ca, transport, agents }, resources) => {
  const clients = await inParallel(agents, WIDTH, async () =>
    resources.use(await connect(endpoint, { ca, transports: [transport] })),
  );
  let pushes: readonly Pushes[] = [];
  return {
    ready: 'connected',
    async answer(request) {
      switch (request.kind) {
        case 'open': {
          const sessions = await openSessions(clients, request.subjectToken);
          pushes = sessions.map(pushesTo);
          return [];
        }
        case 'changes':
          return Promise.all(pushes.map(({ change }) => change(request.count)));
        case 'revocations':
          return Promise.all(pushes.map(({ revocation }) => revocation));
      }
    },
  };
});

async function openSessions(
  clients: readonly RtaClient[],
  subjectToken: string,
): Promise<readonly AgentSession[]> {
  const [first, ...others] = clients;
  if (first === undefined) return [];
  const root = await first.exchange({ subjectToken, agent: { id: 'co-pilot', type: 'copilot' } });
  const delegated = await inParallel(others.length, WIDTH, async (index) => {
    const key = generateAgentKey();
    const { session } = await root.delegate({
      agent: { id: `researcher-${index}`, type: 'researcher' },
      scope: ['files.read'],
      publicKey: key.publicKey,
    });
    const client = others[index];
    if (client === undefined) throw new RangeError('there is no such agent');
    return client.bind({ session, key });
  });
  return [root, ...delegated];
}

/** What a session hears, and when. */
interface Pushes {
  /** When its context changed for the n-th time, counted from 1. */
  change(count: number): Promise<number>;
  /** When its signal fired; one that fired for another reason than revocation is a failure. */
  readonly revocation: Promise<number>;
}

function pushesTo(session: AgentSession): Pushes {
  const changesMs: number[] = [];
  const waiting = new Map<number, (atMs: number) => void>();
  session.on('context', () => {
    const atMs = toSharedMs(performance.now());
    changesMs.push(atMs);
    waiting.get(changesMs.length)?.(atMs);
  });
  const { signal } = session;
  const revocation = new Promise<number>((resolve, reject) => {
    signal.addEventListener(
      'abort',
      () => {
        const atMs = toSharedMs(performance.now());
        if (isRtaError(signal.reason, 'RTA_SDK_REVOKED')) resolve(atMs);
        else reject(signal.reason);
      },
      { once: true },
    );
  });
  // Nobody may ask for it.
  revocation.catch(() => undefined);
  return {
    change: (count) =>
      new Promise((resolve, reject) => {
        const atMs = changesMs[count - 1];
        if (atMs !== undefined) return resolve(atMs);
        // Who is gone hears of nothing any more.
        if (signal.aborted) return reject(signal.reason);
        waiting.set(count, resolve);
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      }),
    revocation,
  };
}
