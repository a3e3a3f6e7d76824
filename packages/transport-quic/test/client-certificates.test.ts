import { createHash, X509Certificate } from 'node:crypto';
import { createDevPki } from '@rta/devkit';
import { createFakeClock } from '@rta/testkit';
import type { CloseInfo, ServerCredentials, TransportConnection } from '@rta/transport';
import { describe, expect, test } from 'vitest';
import type { DialQuicOptions, ListenQuicOptions } from '../src/index.ts';
import { listenToFacts } from './facts.ts';
import { ask, echo, pki, startServer, type TestServer } from './support.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

const authority = await createDevPki({ commonName: 'authority of the clients' });
const stranger = await createDevPki({ commonName: 'authority of the clients' });

type Validity = Partial<Record<'notBefore' | 'notAfter', Date>>;

async function clientOf(from: typeof authority, validity: Validity = {}): Promise<ServerCredentials> {
  const { certPem: cert, keyPem: key } = await from.issueClientCertificate({ name: 'agent-1', ...validity });
  return { cert, key };
}

const thumbprintOf = ({ cert }: ServerCredentials): string =>
  createHash('sha256').update(new X509Certificate(cert).raw).digest('hex');

const hex = (bytes: Uint8Array | undefined): string | undefined =>
  bytes === undefined ? undefined : Buffer.from(bytes).toString('hex');

const credentials = await clientOf(authority);
const optional = { ca: authority.caCertPem } as const;
const required = { ca: authority.caCertPem, required: true } as const;

describe.each([
  ['required', required],
  ['optional', optional],
])('where a client certificate is %s', (_how, clientAuthentication) => {
  test('both ends know the client by it', async () => {
    await using server = await startServer({ clientAuthentication });
    const { client, server: accepted } = await server.pair({ credentials });
    expect(hex(accepted.clientThumbprint)).toBe(thumbprintOf(credentials));
    expect(hex(client.clientThumbprint)).toBe(thumbprintOf(credentials));
    echo(accepted);
    expect(await ask(client, 'hello')).toBe('hello');
  });

  test('the channel binding is that of the server’s certificate all the same', async () => {
    await using server = await startServer({ clientAuthentication });
    await using plain = await startServer();
    const known = await server.pair({ credentials });
    const unknown = await plain.pair();
    expect(hex(known.server.channelBinding)).toBe(hex(unknown.server.channelBinding));
    expect(hex(known.client.channelBinding)).toBe(hex(unknown.client.channelBinding));
  });

  test('a chain that the client shows along with it is followed to the authority', async () => {
    await using server = await startServer({ clientAuthentication });
    const { server: accepted } = await server.pair({
      credentials: { ...credentials, cert: `${credentials.cert}\n${authority.caCertPem}` },
    });
    expect(hex(accepted.clientThumbprint)).toBe(thumbprintOf(credentials));
  });

  test.each<[string, () => Promise<ServerCredentials>]>([
    ['of another authority of the same name', () => clientOf(stranger)],
    ['of the authority that servers have theirs from', () => clientOf(pki)],
    ['that has expired', () => clientOf(authority, expired())],
    ['that is not valid yet', () => clientOf(authority, { notBefore: new Date(Date.now() + DAY_MS) })],
    ['that is for servers only', serverCertificate],
  ])('a certificate %s is refused, and the program never hears of the client', async (_what, make) => {
    const chosen = await make();
    const heard = await refusedBy({ clientAuthentication }, { credentials: chosen });
    expect(heard.code).toBeGreaterThanOrEqual(0x100);
  });
});

function expired(): Validity {
  return { notBefore: new Date(Date.now() - 2 * DAY_MS), notAfter: new Date(Date.now() - DAY_MS) };
}

async function serverCertificate(): Promise<ServerCredentials> {
  const { certPem: cert, keyPem: key } = await authority.issueServerCertificate({ names: ['agent-1'] });
  return { cert, key };
}

/** How a client hears that it was turned away, having sent what it could. */
async function refusedBy(
  listen: Partial<ListenQuicOptions>,
  dial: Partial<DialQuicOptions>,
): Promise<CloseInfo> {
  const facts = listenToFacts();
  const given: TransportConnection[] = [];
  await using server = await startServer({ ...listen, onConnection: (connection) => given.push(connection) });
  // In TLS 1.3 the client is done before the server has seen its certificate.
  const client = await server.dial(dial);
  client.openStream().write(new TextEncoder().encode('let me in'));
  const info = await client.closed;
  expect(info).toMatchObject({ by: 'transport', reason: 'the peer refused the certificate' });
  expect(facts.map(({ fact }) => fact)).toEqual(['handshake-failed']);
  expect(given).toEqual([]);
  expect(server.listener.openConnections).toBe(0);
  return info;
}

test('a client without a certificate is refused where one is required', async () => {
  // certificate_required.
  expect(await refusedBy({ clientAuthentication: required }, {})).toMatchObject({ code: 0x100 + 116 });
});

test('a client without a certificate is served where one is optional, as nobody', async () => {
  await using server = await startServer({ clientAuthentication: optional });
  const { client, server: accepted } = await server.pair();
  expect(accepted.clientThumbprint).toBeUndefined();
  expect(client.clientThumbprint).toBeUndefined();
});

test('a server that asks for none is not told of it', async () => {
  await using server = await startServer();
  const { server: accepted } = await server.pair({ credentials });
  expect(accepted.clientThumbprint).toBeUndefined();
});

test('one of several authorities is enough', async () => {
  const ca = `${stranger.caCertPem}\n${authority.caCertPem}`;
  await using server = await startServer({ clientAuthentication: { ca, required: true } });
  for (const from of [stranger, authority]) {
    const chosen = await clientOf(from);
    const { server: accepted } = await server.pair({ credentials: chosen });
    expect(hex(accepted.clientThumbprint)).toBe(thumbprintOf(chosen));
  }
});

async function ticketOf(server: TestServer, dial: Partial<DialQuicOptions>): Promise<Uint8Array> {
  const { client, server: accepted } = await server.pair(dial);
  const ticket = await new Promise<Uint8Array>((resolve) => client.onTicket(resolve));
  await client.close();
  await accepted.closed;
  return ticket;
}

describe('a resumed connection', () => {
  const secret = new Uint8Array(32).fill(9);

  test('is of the same client, from its early data on', async () => {
    await using server = await startServer({ clientAuthentication: required, earlyData: true });
    const ticket = await ticketOf(server, { credentials });
    const client = await server.dial({ credentials, ticket });
    const answer = ask(client, 'early');
    const accepted = await server.next();
    expect(accepted.isEarly).toBe(true);
    expect(hex(accepted.clientThumbprint)).toBe(thumbprintOf(credentials));
    echo(accepted);
    expect(await answer).toBe('early');
    await client.established;
    expect(client.earlyData).toBe('accepted');
    expect(hex(accepted.clientThumbprint)).toBe(thumbprintOf(credentials));
  });

  test('does not begin with the ticket of another certificate, nor of none', async () => {
    await using server = await startServer({ clientAuthentication: optional, earlyData: true });
    const other = await clientOf(authority);
    for (const [before, after] of [
      [credentials, other],
      [credentials, undefined],
      [undefined, credentials],
    ]) {
      const ticket = await ticketOf(server, before === undefined ? {} : { credentials: before });
      const client = await server.dial({ ticket, ...(after === undefined ? {} : { credentials: after }) });
      const accepted = await server.next();
      expect(client.earlyData).toBe('none');
      expect(hex(accepted.clientThumbprint)).toBe(after === undefined ? undefined : thumbprintOf(after));
    }
  });

  test('does not carry a client past a listener that requires a certificate', async () => {
    await using lax = await startServer({ secret, earlyData: true, clientAuthentication: optional });
    const ticket = await ticketOf(lax, {});
    expect(
      await refusedBy({ secret, earlyData: true, clientAuthentication: required }, { ticket }),
    ).toMatchObject({ code: 0x100 + 116 });
  });

  test('does not carry the judgement of a listener that trusts other authorities', async () => {
    await using other = await startServer({
      secret,
      earlyData: true,
      clientAuthentication: { ca: stranger.caCertPem },
    });
    const chosen = await clientOf(stranger);
    const ticket = await ticketOf(other, { credentials: chosen });
    const info = await refusedBy(
      { secret, earlyData: true, clientAuthentication: optional },
      { ticket, credentials: chosen },
    );
    expect(info.code).toBeGreaterThanOrEqual(0x100);
  });

  test('is refused when the certificate has expired since', async () => {
    // In the middle of a period of the ticket keys, some days from now.
    const expiresAtMs = (Math.floor(Date.now() / HOUR_MS) + 48) * HOUR_MS + HOUR_MS / 2;
    const clock = createFakeClock(expiresAtMs - 60_000);
    const chosen = await clientOf(authority, { notAfter: new Date(expiresAtMs) });
    await using server = await startServer({ clientAuthentication: required, clock });
    const ticket = await ticketOf(server, { credentials: chosen });
    await server.pair({ credentials: chosen, ticket });
    clock.advance(61_000);
    const facts = listenToFacts();
    const client = await server.dial({ credentials: chosen, ticket });
    // certificate_expired.
    expect(await client.closed).toMatchObject({ by: 'transport', code: 0x100 + 45 });
    expect(facts.map(({ fact }) => fact)).toEqual(['handshake-failed']);
  });
});

describe('options that cannot work are refused at once', () => {
  test.each([
    [
      'a key of another certificate',
      async () => ({ ...credentials, key: (await clientOf(authority)).key }),
      'key',
    ],
    ['a certificate that is none', async () => ({ ...credentials, cert: 'x' }), 'cert'],
  ])('a dial with %s', async (_what, make, option) => {
    await using server = await startServer();
    await expect(server.dial({ credentials: await make() })).rejects.toMatchObject({
      code: 'RTA_TRANSPORT_CONFIG',
      details: { option },
    });
  });

  test.each(['', 'x'])('a listener with the authorities %j', async (ca) => {
    await expect(startServer({ clientAuthentication: { ca } })).rejects.toMatchObject({
      code: 'RTA_TRANSPORT_CONFIG',
      details: { option: 'ca' },
    });
  });
});
