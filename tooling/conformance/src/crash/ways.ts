import { randomUUID } from 'node:crypto';
import { openScriptedServer } from '../scripted/http.ts';
import { openScriptedTransmitters } from '../scripted/scripted-transmitters.ts';
import { makeSigningKey } from '../scripted/set-maker.ts';
import { type ServerProcess, startServerProcess } from '../server-process.ts';
import { type CrashReport, crashWhileSending, signSets } from './crash.ts';
import { multiPushSender, pollSender, pushSender, quicSender, type Sender } from './senders.ts';

/** How much is sent, and how often the server is killed. */
export interface CrashPlan {
  readonly sets: number;
  readonly kills: number;
  readonly onProgress: (acknowledged: number, kills: number) => void;
}

/** A way into the server. */
export interface Way {
  readonly name: string;
  run(plan: CrashPlan): Promise<CrashReport>;
}

/** Every way by which security events come. */
export const WAYS: readonly Way[] = [
  { name: 'push', run: (plan) => runPushed(plan, pushSender) },
  { name: 'multi-push', run: (plan) => runPushed(plan, multiPushSender) },
  { name: 'poll', run: runPolled },
  { name: 'quic', run: (plan) => runPushed(plan, quicSender) },
];

async function runPolled(plan: CrashPlan): Promise<CrashReport> {
  await using transmitters = await openScriptedTransmitters('EdDSA');
  const transmitter = transmitters.add('polled', { delivery: 'poll' });
  const { issuer, clientId, clientSecret } = transmitter;
  await using server = await startServerProcess({
    config: () => ({
      idps: [{ issuer, audiences: ['https://rta.example'], jwks: {}, allowInsecureHttp: true }],
      transmitters: [
        {
          issuer,
          algorithms: ['EdDSA'],
          allowInsecureHttp: true,
          stream: { delivery: 'poll', auth: { clientId, clientSecret } },
        },
      ],
    }),
  });
  await using sender = pollSender(transmitter);
  const sets = await signSets(plan.sets, transmitter.signing);
  return await crashWhileSending({ ...plan, server, sender, sets, issuer, stateFolder: server.stateFolder });
}

async function runPushed(
  plan: CrashPlan,
  openSender: (server: ServerProcess, authorization: string, issuer: string) => Sender,
): Promise<CrashReport> {
  const key = await makeSigningKey('key-1', 'EdDSA');
  await using keys = await openScriptedServer(async () => ({ status: 200, body: { keys: [key.publicJwk] } }));
  const authorization = `Bearer ${randomUUID()}`;
  const issuer = keys.origin;
  const audience = 'https://rta.example/ssf';
  await using server = await startServerProcess({
    config: () => ({
      idps: [{ issuer: keys.origin, audiences: ['https://rta.example'], jwks: {}, allowInsecureHttp: true }],
      transmitters: [
        {
          issuer,
          audience,
          jwksUri: `${keys.origin}/jwks.json`,
          algorithms: ['EdDSA'],
          authorizationHeader: authorization,
          quic: { authorization },
          allowInsecureHttp: true,
        },
      ],
    }),
  });
  await using sender = openSender(server, authorization, issuer);
  const sets = await signSets(plan.sets, { issuer, audience, key });
  return await crashWhileSending({ ...plan, server, sender, sets, issuer, stateFolder: server.stateFolder });
}
