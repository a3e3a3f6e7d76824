import { createHash, X509Certificate } from 'node:crypto';
import { createDevPki } from '@rta/devkit';
import type { ServerCredentials } from '@rta/transport';
import { expect, onTestFinished, test } from 'vitest';
import { relay } from './relay.ts';
import { ask, echo, identity, pki, startServer } from './support.ts';

async function issue(from = pki): Promise<ServerCredentials> {
  const { certPem: cert, keyPem: key } = await from.issueServerCertificate({
    names: ['localhost'],
    ips: ['127.0.0.1'],
  });
  return { cert, key };
}

const bindingOf = ({ cert }: ServerCredentials): string =>
  createHash('sha256').update(new X509Certificate(cert).raw).digest('hex');

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

test('who connects from now on sees the new certificate; open connections go on with theirs', async () => {
  await using server = await startServer();
  const old = await server.pair();
  echo(old.server);
  const renewed = await issue();
  server.listener.reload(renewed);
  const fresh = await server.pair();
  echo(fresh.server);

  expect(hex(old.client.channelBinding)).toBe(bindingOf(identity));
  expect(hex(old.server.channelBinding)).toBe(bindingOf(identity));
  expect(hex(fresh.client.channelBinding)).toBe(bindingOf(renewed));
  expect(hex(fresh.server.channelBinding)).toBe(bindingOf(renewed));
  expect(await ask(old.client, 'old')).toBe('old');
  expect(await ask(fresh.client, 'new')).toBe('new');
  expect(server.listener.openConnections).toBe(2);
});

test('a handshake that had begun is finished with the certificate that it began with', async () => {
  await using server = await startServer();
  const network = await relay(server.port);
  onTestFinished(() => network.close());
  let held: Buffer[] | undefined = [];
  const { promise: hasAnswered, resolve } = Promise.withResolvers<void>();
  network.filter((datagram, from) => {
    if (from === 'client' || held === undefined) return true;
    held.push(Buffer.from(datagram));
    resolve();
    return false;
  });
  const dialing = server.dial({ port: network.port });
  await hasAnswered;
  await network.quiet();
  server.listener.reload(await issue());
  const answers = held;
  held = undefined;
  for (const datagram of answers) network.toClient(datagram);

  const [client, accepted] = await Promise.all([dialing, server.next()]);
  expect(hex(client.channelBinding)).toBe(bindingOf(identity));
  expect(hex(accepted.channelBinding)).toBe(bindingOf(identity));
});

test('a ticket of the old certificate allows no early data, and the client sees the new one', async () => {
  await using server = await startServer({ earlyData: true });
  const { client: first } = await server.pair();
  const ticket = await new Promise<Uint8Array>((resolve) => first.onTicket(resolve));
  const renewed = await issue();
  server.listener.reload(renewed);
  const client = await server.dial({ ticket });
  const answer = ask(client, 'early');
  const accepted = await server.next();
  echo(accepted);
  expect(await answer).toBe('early');
  expect(accepted.isEarly).toBe(false);
  expect(client.earlyData).toBe('rejected');
  expect(hex(client.channelBinding)).toBe(bindingOf(renewed));
});

test('what clients have to show stays as it was', async () => {
  const authority = await createDevPki();
  await using server = await startServer({
    clientAuthentication: { ca: authority.caCertPem, required: true },
  });
  server.listener.reload(await issue());
  const client = await server.dial();
  // certificate_required.
  expect(await client.closed).toMatchObject({ by: 'transport', code: 0x100 + 116 });
});

test.each<[string, () => Promise<ServerCredentials>]>([
  ['that is none', async () => ({ cert: 'x', key: identity.key })],
  ['whose key is none', async () => ({ cert: identity.cert, key: 'x' })],
  ['with the key of another', async () => ({ cert: identity.cert, key: (await issue()).key })],
])('a certificate %s is refused, and nothing changes', async (_what, make) => {
  await using server = await startServer();
  const chosen = await make();
  expect(() => server.listener.reload(chosen)).toThrow(
    expect.objectContaining({ code: 'RTA_TRANSPORT_CONFIG' }),
  );
  const { client } = await server.pair();
  expect(hex(client.channelBinding)).toBe(bindingOf(identity));
});
