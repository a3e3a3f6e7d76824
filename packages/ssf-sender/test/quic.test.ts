import { createHash, randomBytes, X509Certificate } from 'node:crypto';
import { systemClock } from '@rta/core';
import { createDevPki } from '@rta/devkit';
import {
  createDeliveryAuthentication,
  createSetReceiver,
  createSetSigner,
  type DeliveryCredential,
  type ReceivedEvent,
  type SetReceiver,
  securityEvent,
  serveSetDelivery,
  signSet,
} from '@rta/ssf';
import { encodeDeliveryFrame } from '@rta/ssf/delivery';
import { createMemoryStore } from '@rta/store';
import type { TransportConnection } from '@rta/transport';
import { dialQuic, type ListenQuicOptions, listenQuic } from '@rta/transport-quic';
import { exportJWK, generateKeyPair } from 'jose';
import { describe, expect, test } from 'vitest';
import { createSetSender, type SetSender, type SetSenderOptions } from '../src/index.ts';
import { AUTHORIZATION, ISSUER, nextLoss } from './support.ts';

const AUDIENCE = 'https://rta.example/ssf';
const pki = await createDevPki();
const { certPem: cert, keyPem: key } = await pki.issueServerCertificate({ names: [], ips: ['127.0.0.1'] });
const keys = await generateKeyPair('ES256', { extractable: true });
const signer = await createSetSigner({ key: keys.privateKey, keyId: 'k1', algorithm: 'ES256' });
const jwks = { keys: [{ ...(await exportJWK(keys.publicKey)), kid: 'k1' }] };

const signed = (jti: string): Promise<string> =>
  signSet(
    {
      issuer: ISSUER,
      audience: AUDIENCE,
      jti,
      subject: { format: 'iss_sub', iss: ISSUER, sub: 'alice' },
      event: securityEvent('https://schemas.openid.net/secevent/caep/event-type/session-revoked', {}),
      issuedAtMs: Date.now(),
    },
    signer,
  );

/** A real receiver behind a real port. */
interface Receiver extends AsyncDisposable {
  readonly receiver: SetReceiver;
  /** What had an effect. */
  readonly effects: string[];
  readonly connections: TransportConnection[];
  readonly port: number;
  /** The port is closed and opened again: those who were connected are cut off. */
  restart(): Promise<void>;
  sender(options?: Partial<SetSenderOptions>): SetSender;
}

async function startReceiver(
  options: {
    readonly credential?: DeliveryCredential;
    readonly accept?: (event: ReceivedEvent) => Promise<void>;
    readonly listen?: Partial<ListenQuicOptions>;
  } = {},
): Promise<Receiver> {
  const effects: string[] = [];
  const connections: TransportConnection[] = [];
  const receiver = createSetReceiver({
    transmitters: [{ issuer: ISSUER, audience: AUDIENCE, jwks }],
    singleUse: createMemoryStore({ clock: systemClock }).singleUse,
    clock: systemClock,
    accept: async (event) => {
      await options.accept?.(event);
      effects.push(event.jti);
    },
  });
  const credential = options.credential ?? { authorization: AUTHORIZATION };
  const authenticate = createDeliveryAuthentication([{ issuer: ISSUER, ...credential }]);
  const listen = (port: number) =>
    listenQuic({
      host: '127.0.0.1',
      port,
      cert,
      key,
      alpn: ['rta/1', 'rta-ssf/1'],
      onConnection: (connection) => {
        connections.push(connection);
        serveSetDelivery(connection, { receiver, authenticate, clock: systemClock });
      },
      ...options.listen,
    });
  let listener = await listen(0);
  const { port } = listener.address;
  return {
    receiver,
    effects,
    connections,
    port,
    async restart() {
      await listener.close();
      listener = await listen(port);
    },
    sender: (changes) =>
      createSetSender({
        endpoint: `127.0.0.1:${port}`,
        issuer: ISSUER,
        authorization: AUTHORIZATION,
        ca: pki.caCertPem,
        ...changes,
      }),
    [Symbol.asyncDispose]: async () => {
      await listener.close();
      await receiver.close();
    },
  };
}

test('the same SET by QUIC, push and poll has one effect and one verdict [Q-4.1, Q-4.2]', async () => {
  await using there = await startReceiver();
  await using sender = there.sender();
  const set = await signed('j1');
  await sender.send('j1', set);
  await sender.send('j1', set);
  const push = await there.receiver.receivePush({
    contentType: 'application/secevent+jwt',
    authorization: undefined,
    body: Buffer.from(set),
  });
  expect(push.status).toBe(202);
  expect(await there.receiver.receive(set, { way: 'poll', issuer: ISSUER, jti: 'j1' })).toEqual({
    outcome: 'duplicate',
    jti: 'j1',
  });
  expect(there.effects).toEqual(['j1']);
});

describe('a SET that is wrong is refused, by the same code as of a push', () => {
  test.each<[string, string, () => Promise<[jti: string, set: string]>]>([
    ['under another name than its jti', 'invalid_request', async () => ['j1', await signed('j2')]],
    [
      'of another issuer than the stream',
      'invalid_issuer',
      async () => ['j1', (await signed('j1')).replace(/\.(.*)\./, (_, body: string) => `.${foreign(body)}.`)],
    ],
    [
      'whose signature does not verify',
      'invalid_key',
      async () => ['j1', (await signed('j1')).replace(/.{8}$/, 'AAAAAAAA')],
    ],
  ])('%s [Q-4.1, Q-4.3]', async (_what, err, make) => {
    await using there = await startReceiver();
    await using sender = there.sender();
    await expect(sender.send(...(await make()))).rejects.toMatchObject({
      code: 'RTA_SENDER_REFUSED',
      details: { err },
    });
    expect(there.effects).toEqual([]);
  });
});

function foreign(body: string): string {
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as object;
  return Buffer.from(JSON.stringify({ ...claims, iss: 'https://other.example' })).toString('base64url');
}

test('a receiver that is cut off again and again loses nothing and does nothing twice [Q-4.2, Q-4.6]', async () => {
  let taken = 0;
  const due = [40, 90, 140];
  const restarts: Promise<void>[] = [];
  await using there = await startReceiver({
    accept: async () => {
      await new Promise((resolve) => setImmediate(resolve));
      taken += 1;
      if (taken === due[0]) {
        due.shift();
        restarts.push(there.restart());
      }
    },
  });
  await using sender = there.sender({ limits: { windowCount: 64, retryMs: 5 } });
  const names = Array.from({ length: 200 }, (_, index) => `j${index}`);
  await Promise.all(names.map(async (name) => sender.send(name, await signed(name))));
  await Promise.all(restarts);
  expect(restarts).toHaveLength(3);
  expect(there.effects.toSorted()).toEqual(names.toSorted());
  expect(there.connections.length).toBeGreaterThan(3);
});

describe('early data', () => {
  const listen = { earlyData: true, secret: randomBytes(32) };

  test('closes the connection, and nothing of it is taken [Q-1.2, Q-7.1]', async () => {
    await using there = await startReceiver({ listen });
    const dial = (ticket?: Uint8Array) =>
      dialQuic({ host: '127.0.0.1', port: there.port, ca: pki.caCertPem, alpn: ['rta-ssf/1'], ticket });
    const before = await dial();
    const ticket = await new Promise<Uint8Array>((resolve) => before.onTicket(resolve));
    await before.close();

    const early = await dial(ticket);
    expect(early.earlyData).toBe('pending');
    const stream = early.openStream();
    stream.write(encodeDeliveryFrame({ kind: 'open', issuer: ISSUER, authorization: AUTHORIZATION }));
    stream.write(encodeDeliveryFrame({ kind: 'sets', sets: new Map([['j1', await signed('j1')]]) }));
    expect(await early.closed).toMatchObject({ by: 'peer', code: 0x16 });
    expect(there.effects).toEqual([]);
  });

  test('is never sent, also where the receiver would let it come [Q-1.2]', async () => {
    const isEarly: boolean[] = [];
    await using there = await startReceiver({ listen });
    await using sender = there.sender({ limits: { retryMs: 5 } });
    await sender.send('j1', await signed('j1'));
    await there.restart();
    await sender.send('j2', await signed('j2'));
    isEarly.push(...there.connections.map((connection) => connection.isEarly));
    expect(isEarly).toEqual([false, false]);
    expect(there.effects).toEqual(['j1', 'j2']);
  });
});

function thumbprintOf(pem: string): string {
  return createHash('sha256').update(new X509Certificate(pem).raw).digest('base64url');
}

describe('a certificate of the sender', () => {
  const clients = createDevPki();
  test('that was registered is all that it needs; another one is refused [Q-3.3, Q-3.4]', async () => {
    const issued = await (await clients).issueClientCertificate({ name: 'idp' });
    const other = await (await clients).issueClientCertificate({ name: 'idp' });
    await using there = await startReceiver({
      credential: { clientThumbprint: thumbprintOf(issued.certPem) },
      listen: { clientAuthentication: { ca: (await clients).caCertPem } },
    });
    const as = ({ certPem, keyPem }: typeof issued): SetSender =>
      createSetSender({
        endpoint: `127.0.0.1:${there.port}`,
        issuer: ISSUER,
        credentials: { cert: certPem, key: keyPem },
        ca: pki.caCertPem,
        limits: { drainMs: 1 },
      });
    await using right = as(issued);
    await right.send('j1', await signed('j1'));
    const loss = nextLoss();
    await using wrong = as(other);
    const refused = wrong.send('j2', await signed('j2'));
    expect(await loss).toBe('authentication_failed');
    await wrong.close();
    await expect(refused).rejects.toMatchObject({ code: 'RTA_SENDER_CLOSED' });
    expect(there.effects).toEqual(['j1']);
  });
});

test('a receiver whose certificate is not trusted is sent nothing [Q-1.1]', async () => {
  await using there = await startReceiver();
  const { caCertPem: ca } = await createDevPki();
  const loss = nextLoss();
  await using sender = there.sender({ ca, limits: { drainMs: 1 } });
  const refused = sender.send('j1', await signed('j1'));
  expect(await loss).toBe('RTA_TRANSPORT_CERTIFICATE');
  await sender.close();
  await expect(refused).rejects.toMatchObject({ code: 'RTA_SENDER_CLOSED' });
  expect(there.effects).toEqual([]);
});
