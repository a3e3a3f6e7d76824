import { randomUUID } from 'node:crypto';
import { connect } from '@rta/sdk';
import type { Json } from '../scripted/http.ts';
import { openScriptedIdp } from '../scripted/scripted-idp.ts';
import { openScriptedReceivers } from '../scripted/scripted-receiver.ts';
import { startServerProcess } from '../server-process.ts';
import type { Answer, TransmitterModule, TransmitterStage } from './transmitter-module.ts';

/** A server that transmits to a receiver for each module. */
export interface TransmitterRun extends AsyncDisposable {
  run(module: TransmitterModule): Promise<void>;
}

/** Starts the server, and what its receivers have. */
export async function openTransmitterRun(): Promise<TransmitterRun> {
  await using opening = new AsyncDisposableStack();
  const idp = opening.use(await openScriptedIdp());
  const receivers = opening.use(await openScriptedReceivers());
  const server = opening.use(
    await startServerProcess({
      config: (issuer) => ({
        idps: [{ issuer: idp.issuer, audiences: [issuer], jwks: {}, allowInsecureHttp: true }],
        admin: { audience: `${issuer}/admin`, policies: 'admin' },
        ssf: { transmitter: { audience: audience(issuer), allowLoopbackHttp: true } },
      }),
    }),
  );
  const { issuer } = server;

  const fetchJson = async (url: string): Promise<unknown> => (await server.fetch(url)).json();
  const metadata = (await fetchJson(`${issuer}/.well-known/ssf-configuration`)) as Json;

  const openAndRevokeSession = async (): Promise<void> => {
    const client = await connect(server.agentEndpoint, { ca: server.ca });
    try {
      const subjectToken = await idp.accessToken({
        audience: issuer,
        sub: `person-${randomUUID()}`,
        clientId: 'app',
        scope: 'files.read',
      });
      const agent = { id: `agent-${randomUUID()}` };
      const session = await client.exchange({ subjectToken, agent });
      const ended = new Promise((resolve) => {
        session.signal.addEventListener('abort', resolve);
      });
      const admin = await idp.accessToken({
        audience: `${issuer}/admin`,
        sub: 'operator',
        clientId: 'console',
        scope: '',
      });
      const killed = await server.fetch(`${issuer}/admin/v1/changes`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${admin}`, 'Content-Type': 'application/json' },
        body: JSON.stringify({ action: 'end', target: { type: 'agent', id: agent.id }, reason: 'a module' }),
      });
      if (!killed.ok) throw new Error(`the session was not revoked: ${await killed.text()}`);
      await ended;
    } finally {
      await client.close();
    }
  };

  const stageOf = (name: string): TransmitterStage => {
    const token = (scope = 'ssf.manage', receiver = name): Promise<string> =>
      idp.accessToken({ audience: audience(issuer), sub: receiver, clientId: receiver, scope });
    return {
      issuer,
      metadata,
      keys: async () => (await fetchJson(String(metadata['jwks_uri']))) as { keys: readonly Json[] },
      token,
      async ask(method, url, request = {}): Promise<Answer> {
        const bearer = request.token === undefined ? await token() : request.token;
        const response = await server.fetch(String(url), {
          method,
          headers: {
            ...(bearer === null ? {} : { Authorization: `Bearer ${bearer}` }),
            ...(request.body === undefined ? {} : { 'Content-Type': 'application/json' }),
            ...request.headers,
          },
          ...(request.body === undefined
            ? {}
            : { body: typeof request.body === 'string' ? request.body : JSON.stringify(request.body) }),
        });
        const text = await response.text();
        return { status: response.status, headers: response.headers, body: jsonOf(text) };
      },
      pushEndpoint: (endpoint) => receivers.add(`${name}-${endpoint}`),
      openAndRevokeSession,
    };
  };

  const running = opening.move();
  let modules = 0;
  return {
    async run(module) {
      modules += 1;
      await module.run(stageOf(`module-${modules}`));
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

function jsonOf(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function audience(issuer: string): string {
  return `${issuer}/ssf`;
}
