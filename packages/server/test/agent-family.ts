import { isRtaError } from '@rta/core';
import { type AgentSession, type DelegationRequest, generateAgentKey, type RtaClient } from '@rta/sdk';
import type { TestServer } from './test-server.ts';

/** An agent: its connection, and its session. */
export interface Agent {
  readonly client: RtaClient;
  readonly session: AgentSession;
}

/** Delegates to an agent with a connection of its own. */
export async function delegateTo(
  t: TestServer,
  parent: AgentSession,
  id: string,
  request: Partial<DelegationRequest> = {},
): Promise<Agent> {
  const key = generateAgentKey();
  const { session } = await parent.delegate({ agent: { id }, publicKey: key.publicKey, ...request });
  const client = await t.connect();
  return { client, session: await client.bind({ session, key }) };
}

/** A co-pilot, an agent below it, and one below that. */
export async function startFamily(t: TestServer) {
  const copilot = await t.openSession({ scope: ['files.read', 'files.write'] });
  const child = await delegateTo(t, copilot.session, 'child');
  const grandchild = await delegateTo(t, child.session, 'grandchild');
  return { copilot, child, grandchild };
}

/** The next event of a session. */
export const next = (session: AgentSession, name: 'context' | 'suspended' | 'resumed' | 'revoked') =>
  new Promise<unknown>((resolve) => {
    const stop = session.on(name, (event) => {
      stop();
      resolve(event);
    });
  });

/** The server's code that something is refused with. */
export async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
    return 'none';
  } catch (error) {
    if (isRtaError(error, 'RTA_SDK_REFUSED')) return error.details['serverCode'];
    throw error;
  }
}
