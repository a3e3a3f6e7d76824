import { openScriptedIdp } from '../scripted/scripted-idp.ts';
import type { ScriptedIssuer } from '../scripted/scripted-issuer.ts';
import { openScriptedTransmitters } from '../scripted/scripted-transmitters.ts';
import { startServerProcess } from '../server-process.ts';
import type { ReceiverModule } from './receiver-module.ts';

const VARIANTS = ['push', 'poll'] as const;

/** A server that receives from a transmitter for each module. */
export interface ReceiverRun extends AsyncDisposable {
  run(module: ReceiverModule, variant: string): Promise<void>;
}

/** Starts the transmitters, and then the server that is told of them. */
export async function openReceiverRun(modules: readonly ReceiverModule[]): Promise<ReceiverRun> {
  await using opening = new AsyncDisposableStack();
  const transmitters = opening.use(await openScriptedTransmitters());
  const idp = opening.use(await openScriptedIdp());
  const issuers = new Map<string, ScriptedIssuer>();
  for (const [index, { name, script }] of modules.entries()) {
    for (const delivery of VARIANTS) {
      issuers.set(`${name} ${delivery}`, transmitters.add(`${delivery}-${index}`, { ...script, delivery }));
    }
  }
  const server = opening.use(
    await startServerProcess({
      config: (issuer) => ({
        idps: [{ issuer: idp.issuer, audiences: [issuer], jwks: {}, allowInsecureHttp: true }],
        admin: { audience: audience(issuer), policies: 'admin' },
        transmitters: [...issuers.values()].map(({ issuer: each, clientId, clientSecret, script }) => ({
          issuer: each,
          allowInsecureHttp: true,
          stream: { delivery: script.delivery, auth: { clientId, clientSecret } },
        })),
      }),
    }),
  );
  for (const issuer of issuers.values()) issuer.fetch = server.fetch;
  const token = await idp.accessToken({
    audience: audience(server.issuer),
    sub: 'operator',
    clientId: 'console',
    scope: '',
  });

  const verify = async (issuer: string): Promise<void> => {
    const response = await server.fetch(`${server.issuer}/admin/v1/streams/verify`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ issuer }),
    });
    if (!response.ok) throw new Error(`the stream is not verified: ${await response.text()}`);
  };

  const health = async (issuer: string) => {
    const response = await server.fetch(`${server.issuer}/admin/v1/streams`, {
      headers: { Authorization: `Bearer ${token}` },
    });
    const { streams } = (await response.json()) as {
      readonly streams: readonly { issuer: string; status?: string; streamId?: string }[];
    };
    const found = streams.find((each) => each.issuer === issuer);
    if (found === undefined) throw new Error(`the server knows nothing of ${issuer}`);
    return { status: found.status ?? 'none', streamId: found.streamId };
  };

  const running = opening.move();
  return {
    async run(module, variant) {
      const issuer = issuers.get(`${module.name} ${variant}`);
      if (issuer === undefined) throw new Error('no such module');
      await module.run({
        issuer,
        strangersKey: transmitters.strangersKey,
        verify: () => verify(issuer.issuer),
        health: () => health(issuer.issuer),
      });
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

function audience(issuer: string): string {
  return `${issuer}/admin`;
}
