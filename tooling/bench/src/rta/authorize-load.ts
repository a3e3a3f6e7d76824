import { connect, type TransportName } from '@rta/sdk';
import { type LoadContract, loadRole } from '../harness/load-child.ts';
import { runAsChild } from '../harness/run-as-child.ts';
import { AGENT, QUESTION } from './question.ts';

/** How an agent reaches the server, and what it asks. */
export interface AuthorizeLoadOptions {
  readonly endpoint: string;
  /** PEM. */
  readonly ca: string;
  readonly transport: TransportName;
  /** A token of the IdP, to be exchanged. */
  readonly subjectToken: string;
  /** Whether every question is about another resource, so that no answer is one of before. */
  readonly everNew: boolean;
}

runAsChild<LoadContract<AuthorizeLoadOptions>>(async (options, resources) => {
  const { endpoint, ca, transport, subjectToken, everNew } = options;
  const client = resources.use(await connect(endpoint, { ca, transports: [transport] }));
  const session = await client.exchange({ subjectToken, agent: AGENT });
  const { action, resource } = QUESTION;
  let asked = 0;
  return loadRole(async () => {
    asked += 1;
    const id = everNew ? `reports/2031/q3/${asked.toString().padStart(8, '0')}.txt` : resource.id;
    const { permitted, cause } = await session.authorize({ action, resource: { type: resource.type, id } });
    if (!permitted) throw new Error(`denied: ${cause}`);
  });
});
