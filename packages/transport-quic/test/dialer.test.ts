import { createDevPki } from '@rta/devkit';
import { expect, test } from 'vitest';
import { createQuicDialer, type QuicClientConnection } from '../src/index.ts';
import { ask, echo, identity, pki, startServer } from './support.ts';

const HOST = '127.0.0.1';
const ca = pki.caCertPem;

/** A server that answers, and how to reach it. */
async function startEcho() {
  const server = await startServer({ earlyData: true, onConnection: echo });
  return { server, at: { host: HOST, port: server.port, ca } };
}

const nextTicket = (connection: QuicClientConnection): Promise<Uint8Array> =>
  new Promise((resolve) => connection.onTicket(resolve));

test('one dialer opens connections side by side and one after the other', async () => {
  const { server, at } = await startEcho();
  await using _ = server;
  const dialer = createQuicDialer(at);

  const together = await Promise.all([dialer.dial(), dialer.dial()]);
  expect(await Promise.all(together.map((connection) => ask(connection, 'hello')))).toEqual([
    'hello',
    'hello',
  ]);
  await Promise.all(together.map((connection) => connection.close()));

  const later = await dialer.dial();
  expect(await ask(later, 'again')).toBe('again');
  await later.close();
});

test('a ticket is for the one dial that it was given to', async () => {
  const { server, at } = await startEcho();
  await using _ = server;
  const dialer = createQuicDialer(at);
  const first = await dialer.dial();
  const ticket = await nextTicket(first);
  await first.close();

  const [early, late] = await Promise.all([dialer.dial({ ticket }), dialer.dial()]);
  expect(await Promise.all([ask(early, 'early'), ask(late, 'late')])).toEqual(['early', 'late']);
  expect([early.earlyData, late.earlyData]).toEqual(['accepted', 'none']);
  await Promise.all([early.close(), late.close()]);
});

test('a server is verified at each dial, whomever the dialer met before', async () => {
  const { server, at } = await startEcho();
  await using _ = server;
  const dialer = createQuicDialer({ ...at, serverName: 'localhost' });
  const before = await dialer.dial();
  await before.close();

  const other = await pki.issueServerCertificate({ names: ['other.example'] });
  server.listener.reload({ cert: other.certPem, key: other.keyPem });
  await expect(dialer.dial()).rejects.toMatchObject({ code: 'RTA_TRANSPORT_CERTIFICATE' });

  const stranger = await (await createDevPki()).issueServerCertificate({ names: ['localhost'] });
  server.listener.reload({ cert: stranger.certPem, key: stranger.keyPem });
  await expect(dialer.dial()).rejects.toMatchObject({ code: 'RTA_TRANSPORT_CERTIFICATE' });

  server.listener.reload(identity);
  const after = await dialer.dial();
  expect(after.channelBinding).toEqual(before.channelBinding);
  await after.close();
});

test('a dial that is given up leaves the others alone', async () => {
  const { server, at } = await startEcho();
  await using _ = server;
  const dialer = createQuicDialer(at);
  const reason = new Error('not needed any more');

  const [other, givenUp] = await Promise.allSettled([
    dialer.dial(),
    dialer.dial({ signal: AbortSignal.abort(reason) }),
  ]);
  expect(givenUp).toEqual({ status: 'rejected', reason });
  if (other.status === 'rejected') throw other.reason;
  expect(await ask(other.value, 'hello')).toBe('hello');
  await other.value.close();
});

test.each([
  { option: 'ca', chosen: { ca: 'x' } },
  { option: 'port', chosen: { port: 0 } },
  { option: 'idleTimeoutMs', chosen: { idleTimeoutMs: -1 } },
])('$option that is of no use is refused when the dialer is made', ({ option, chosen }) => {
  expect(() => createQuicDialer({ host: HOST, port: 4433, ca, ...chosen })).toThrow(
    expect.objectContaining({ code: 'RTA_TRANSPORT_CONFIG', details: expect.objectContaining({ option }) }),
  );
});
