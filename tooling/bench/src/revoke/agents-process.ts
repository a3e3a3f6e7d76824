import { isRtaError } from '@rta/core';
import { type AgentSession, connect, generateAgentKey, type RtaClient } from '@rta/sdk';
import { runAsChild } from '../harness/run-as-child.ts';
import { toSharedMs } from '../harness/shared-clock.ts';

/** Many agents in one process, each with a connection and a session of its own. */
export interface AgentsContract {
  readonly options: {
    readonly endpoint: string;
    /** PEM. */
    readonly ca: string;
    readonly agents: number;
  };
  readonly ready: 'connected';
  readonly request: AgentsRequest;
  /** Milliseconds on the clock that the processes share at which each session was revoked; none for `open`. */
  readonly answer: readonly number[];
}

/** What the agents can be told to do. */
export type AgentsRequest =
  /** Open a session for each agent: the first exchanges the user's token, and delegates to all others. */
  | { readonly kind: 'open'; readonly subjectToken: string }
  /** Wait until all of them are revoked. */
  | { readonly kind: 'revocations' };

/** Requests that wait at a time: connections, delegations. */
const WIDTH = 16;

runAsChild<AgentsContract>(async ({ endpoint, ca, agents }, resources) => {
  const clients = await inParallel(agents, async () => resources.use(await connect(endpoint, { ca })));
  let revoked: Promise<readonly number[]> | undefined;
  return {
    ready: 'connected',
    async answer(request) {
      if (request.kind === 'open') {
        const sessions = await openSessions(clients, request.subjectToken);
        revoked = Promise.all(sessions.map(revocationOf));
        return [];
      }
      if (revoked === undefined) throw new TypeError('no session is open');
      return revoked;
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
  const delegated = await inParallel(others.length, async (index) => {
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

/** When the session's signal fired; a signal that fired for another reason than revocation is a failure. */
function revocationOf({ signal }: AgentSession): Promise<number> {
  return new Promise((resolve, reject) => {
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
}

/** Does something for 0 to `count - 1`, a few at a time. */
async function inParallel<Result>(
  count: number,
  act: (index: number) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < count) {
      const index = next;
      next += 1;
      results[index] = await act(index);
    }
  };
  await Promise.all(Array.from({ length: WIDTH }, work));
  return results;
}
