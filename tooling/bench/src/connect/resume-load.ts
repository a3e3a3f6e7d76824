import { connect, generateAgentKey, resume, type SavedSession, type TransportName } from '@rta/sdk';
import type { LoadContract } from '../harness/load-child.ts';
import { runAsChild } from '../harness/run-as-child.ts';
import { AGENT, QUESTION } from '../rta/question.ts';
import { measureConnects, type Served } from './connect-loop.ts';
import { createTicketJar } from './ticket-jar.ts';

/** How agents come back to the server. */
export interface ResumeLoadOptions {
  readonly endpoint: string;
  /** PEM. */
  readonly ca: string;
  readonly transport: TransportName;
  /** Whether with a ticket of the connection before. */
  readonly early: boolean;
  /** A token of the IdP, to be exchanged. */
  readonly subjectToken: string;
  /** Agents with a session each, so that as many can come back at a time. */
  readonly agents: number;
}

/** Agents that come back with their sessions again and again, and ask at once. */
runAsChild<LoadContract<ResumeLoadOptions>>(async (options) => {
  const agents = await Promise.all(Array.from({ length: options.agents }, () => createAgent(options)));
  return {
    ready: 'connected',
    answer: (order) =>
      measureConnects((slot) => {
        const comeBack = agents[slot];
        if (comeBack === undefined) throw new RangeError(`there are ${agents.length} agents`);
        return comeBack();
      }, order),
  };
});

/** @returns connects anew, and resolves when the first decision is there. */
async function createAgent(options: ResumeLoadOptions): Promise<() => Promise<Served>> {
  const { endpoint, ca, transport, early, subjectToken } = options;
  const key = generateAgentKey();
  const tickets = createTicketJar();
  const how = { ca, transports: [transport], ...(early ? { tickets } : {}) };
  const prepareNext = async (): Promise<void> => {
    if (early) await tickets.filled();
  };

  const client = await connect(endpoint, how);
  const opened = await client.exchange({ subjectToken, agent: AGENT, key });
  let saved: SavedSession = opened.save();
  await prepareNext();
  await client.close();

  return async () => {
    const resumed = await resume(endpoint, { ...how, session: saved, key, first: QUESTION });
    const { decision } = resumed;
    if (decision?.permitted !== true) throw new Error(`denied: ${decision?.cause ?? 'no decision'}`);
    if (early && resumed.early !== 'accepted') throw new Error(`the early data were ${resumed.early}`);
    return {
      async close() {
        saved = resumed.session.save();
        await prepareNext();
        await resumed.client.close();
      },
    };
  };
}
