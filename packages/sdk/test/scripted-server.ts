import type { Messages } from '@rta/protocol';
import { createFakeClock, type FakeClock } from '@rta/testkit';
import { createMemoryTransportPair } from '@rta/transport';
import { type AgentSession, createRtaClient, generateAgentKey, type RtaClient } from '../src/index.ts';
import { boundTo, type ScriptedPeer, SESSION, scriptPeer } from './scripted-peer.ts';

export { changedTo, READ, SESSION, tokenNumber } from './scripted-peer.ts';

/** A server that answers what a test tells it to, and a client that is connected to it. */
export interface ScriptedServer extends ScriptedPeer, AsyncDisposable {
  readonly client: RtaClient;
  readonly clock: FakeClock;
  /** Binds a session. */
  bind(bound?: Partial<Messages['bound']>): Promise<AgentSession>;
}

/** Connects a client to one. */
export async function startScriptedServer(): Promise<ScriptedServer> {
  const { client: clientEnd, server } = createMemoryTransportPair();
  const clock = createFakeClock();
  const peer = scriptPeer(server);
  const client = await createRtaClient(clientEnd, { clock });
  return {
    ...peer,
    client,
    clock,
    bind(bound = {}) {
      peer.answerNext({ bound: { ...boundTo(SESSION), ...bound } });
      return client.bind({ session: SESSION, key: generateAgentKey() });
    },
    async [Symbol.asyncDispose]() {
      await client.close();
    },
  };
}
