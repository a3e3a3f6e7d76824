import { createDevPki } from '@rta/devkit';
import { connect, type RtaClient } from '@rta/sdk';
import { createSetSender, type SetSender } from '@rta/ssf-sender';
import { createMemoryTransportPair } from '@rta/transport';
import { listenQuic } from '@rta/transport-quic';
import { beforeAll, describe, expect, test } from 'vitest';
import type { TrustedTransmitter } from '../src/index.ts';
import { READ } from './raw-agent.ts';
import {
  ISSUER,
  nextAuditRecord,
  PUSH_SECRET,
  startTestIdp,
  startTestServer,
  type TestServer,
} from './test-server.ts';

const AUTHORIZATION = 'Bearer over quic';
const idp = await startTestIdp();
// Sets are signed for this audience, and carried by hand.
beforeAll(() => idp.deliverTo({ endpointUrl: 'http://127.0.0.1:9/ssf/events', audience: ISSUER }));
const pki = await createDevPki();
const { certPem: cert, keyPem: key } = await pki.issueServerCertificate({ names: [], ips: ['127.0.0.1'] });

const transmitter: TrustedTransmitter = {
  issuer: idp.issuer,
  audience: ISSUER,
  jwksUri: idp.endpoints.ssfJwksUri,
  authorizationHeader: PUSH_SECRET,
  allowInsecureHttp: true,
  quic: { authorization: AUTHORIZATION },
};

const sessionRevoked = () =>
  idp.signEvent({
    type: 'https://schemas.openid.net/secevent/caep/event-type/session-revoked',
    subject: { format: 'iss_sub', iss: idp.issuer, sub: 'alice' },
    event: {},
  });

/** A node whose agents and transmitters come to one port. */
async function startNode(): Promise<
  AsyncDisposable & { t: TestServer; agent(): Promise<RtaClient>; sender(): SetSender }
> {
  const t = await startTestServer({ idp, transmitters: [transmitter] });
  const port = await listenQuic({
    host: '127.0.0.1',
    port: 0,
    cert,
    key,
    alpn: t.server.protocols,
    onConnection: t.server.accept,
  });
  const endpoint = `127.0.0.1:${port.address.port}`;
  return {
    t,
    agent: () => connect(endpoint, { ca: pki.caCertPem }),
    sender: () =>
      createSetSender({ endpoint, issuer: idp.issuer, authorization: AUTHORIZATION, ca: pki.caCertPem }),
    async [Symbol.asyncDispose]() {
      await t[Symbol.asyncDispose]();
      await port.close();
    },
  };
}

test('a revocation over QUIC stops agents on the same port, once, whatever ways it comes [I2]', async () => {
  await using node = await startNode();
  await using client = await node.agent();
  const session = await client.exchange({
    subjectToken: (await node.t.signIn()).accessToken,
    agent: { id: 'agent-1' },
  });
  expect(await session.authorize(READ)).toMatchObject({ permitted: true });
  const { jti, set } = await sessionRevoked();
  await using sender = node.sender();
  const stopped = new Promise((resolve) => session.signal.addEventListener('abort', resolve));
  const applied = nextAuditRecord(({ kind }) => kind === 'signal');

  await sender.send(jti, set);

  expect(await applied).toMatchObject({ cause: 'session-revoked', detail: { sessions: 1 } });
  await stopped;
  expect(session.signal.reason).toMatchObject({
    code: 'RTA_SDK_REVOKED',
    details: { kind: 'session-revoked' },
  });
  const pushed = await node.t.server.http.request(`${ISSUER}/ssf/events`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/secevent+jwt', Authorization: PUSH_SECRET },
    body: set,
  });
  expect(pushed.status).toBe(202);
  await sender.send(jti, set);
  const signals = (await node.t.audit()).filter(({ kind }) => kind === 'signal');
  expect(signals).toHaveLength(1);
});

test('a node that goes away tells the sender so', async () => {
  await using node = await startNode();
  await using sender = node.sender();
  const { jti, set } = await sessionRevoked();
  await sender.send(jti, set);
  await node.t.server.close();
  await expect.poll(() => sender.health.because).toBe('the receiver is going away');
});

describe('a connection', () => {
  test.each([
    ['of a protocol that nobody knows', 'h3', [transmitter]],
    ['of a transmitter, where none may send over QUIC', 'rta-ssf/1', [{ ...transmitter, quic: undefined }]],
    ['of a transmitter, where there is none', 'rta-ssf/1', []],
  ])('%s is closed', async (_what, protocol, transmitters) => {
    const known = transmitters.map(({ quic, ...rest }) => (quic === undefined ? rest : { ...rest, quic }));
    await using t = await startTestServer({ idp, transmitters: known });
    const { client, server } = createMemoryTransportPair({ protocol });
    t.server.accept(server);
    expect(await client.closed).toMatchObject({ by: 'peer', code: 0x11 });
    expect(t.server.openConnections).toBe(0);
  });
});

test('a server says which protocols it serves', async () => {
  await using without = await startTestServer({ idp });
  expect(without.server.protocols).toEqual(['rta/1']);
  await using t = await startTestServer({ idp, transmitters: [transmitter] });
  expect(t.server.protocols).toEqual(['rta/1', 'rta-ssf/1']);
});

test('a transmitter that shows nothing cannot be registered for QUIC', async () => {
  await expect(startTestServer({ idp, transmitters: [{ ...transmitter, quic: {} }] })).rejects.toThrow(
    TypeError,
  );
});
