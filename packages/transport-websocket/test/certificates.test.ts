import { once } from 'node:events';
import { connect, type SecureVersion, type TLSSocket } from 'node:tls';
import { createDevPki } from '@rta/devkit';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { dialWebSocket, listenWebSocket } from '../src/index.ts';
import { rawClient, rawServer, SETTINGS } from './raw-peer.ts';
import { ask, echo, identity, pki, startServer } from './support.ts';

const YESTERDAY = new Date(Date.now() - 86_400_000);
const LAST_WEEK = new Date(Date.now() - 7 * 86_400_000);
const TOMORROW = new Date(Date.now() + 86_400_000);

describe('a client refuses', () => {
  test('a certificate of an authority that it does not trust', async () => {
    const other = await createDevPki();
    await using server = await startServer();
    await expect(server.dial({ ca: other.caCertPem })).rejects.toMatchObject({
      code: 'RTA_TRANSPORT_CERTIFICATE',
    });
  });

  test('a certificate of its development authority when it trusts the well-known ones only', async () => {
    await using server = await startServer();
    await expect(dialWebSocket({ host: '127.0.0.1', port: server.port })).rejects.toMatchObject({
      code: 'RTA_TRANSPORT_CERTIFICATE',
    });
  });

  test('what it does not trust, whatever the environment says', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    onTestFinished(() => void vi.unstubAllEnvs());
    await using server = await startServer();
    await expect(dialWebSocket({ host: '127.0.0.1', port: server.port })).rejects.toMatchObject({
      code: 'RTA_TRANSPORT_CERTIFICATE',
    });
  });

  test.each(['other.test', 'localhost.test', 'sub.localhost', '127.0.0.2', '::2'])(
    'a certificate that is not for %s [W-1.1]',
    async (serverName) => {
      await using server = await startServer();
      await expect(server.dial({ serverName })).rejects.toMatchObject({
        code: 'RTA_TRANSPORT_CERTIFICATE',
        details: { serverName },
      });
    },
  );

  test('a certificate whose only name is the common name', async () => {
    const issued = await pki.issueServerCertificate({ names: [], ips: ['127.0.0.9'] });
    await using server = await startServer({ cert: issued.certPem, key: issued.keyPem });
    await expect(server.dial()).rejects.toMatchObject({ code: 'RTA_TRANSPORT_CERTIFICATE' });
  });

  test.each([
    { why: 'has expired', notBefore: LAST_WEEK, notAfter: YESTERDAY },
    { why: 'is not valid yet', notBefore: TOMORROW },
  ])('a certificate that $why', async ({ why: _why, ...validity }) => {
    const issued = await pki.issueServerCertificate({
      names: ['localhost'],
      ips: ['127.0.0.1'],
      ...validity,
    });
    await using server = await startServer({ cert: issued.certPem, key: issued.keyPem });
    await expect(server.dial()).rejects.toMatchObject({ code: 'RTA_TRANSPORT_CERTIFICATE' });
  });

  test('a server without TLS 1.3 [W-1.1]', async () => {
    const { port } = await rawServer({ tls: { maxVersion: 'TLSv1.2' } });
    await expect(dialWebSocket({ host: '127.0.0.1', port, ca: pki.caCertPem })).rejects.toMatchObject({
      code: 'RTA_TRANSPORT_HANDSHAKE',
    });
  });
});

describe('a client accepts', () => {
  test.each(['localhost', '127.0.0.1', '::1', 'LOCALHOST'])(
    'a certificate that is for %s',
    async (serverName) => {
      await using server = await startServer();
      await using client = await server.dial({ serverName });
      expect(client.kind).toBe('websocket');
    },
  );

  test('one of several authorities', async () => {
    const other = await createDevPki();
    await using server = await startServer();
    await using client = await server.dial({ ca: `${other.caCertPem}\n${pki.caCertPem}` });
    expect(client.kind).toBe('websocket');
  });
});

describe('a server', () => {
  test('refuses a client without TLS 1.3 [W-1.1]', async () => {
    await using server = await startServer();
    const maxVersion: SecureVersion = 'TLSv1.2';
    const socket = connect({ host: '127.0.0.1', port: server.port, ca: pki.caCertPem, maxVersion });
    const [error] = (await once(socket, 'error')) as [Error & { code: string }];
    expect(error.code).toBe('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
  });

  test('chooses HTTP/1.1, and refuses a client that offers other protocols only [W-1.2]', async () => {
    await using server = await startServer();
    const http = await handshake(server.port, { ALPNProtocols: ['h2', 'http/1.1'] });
    expect(http.alpnProtocol).toBe('http/1.1');
    const other = connect({
      host: '127.0.0.1',
      port: server.port,
      ca: pki.caCertPem,
      ALPNProtocols: ['rta/1'],
    });
    const [error] = (await once(other, 'error')) as [Error & { code: string }];
    expect(error.code).toBe('ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL');
  });

  test('does not resume a TLS session [W-1.8]', async () => {
    await using server = await startServer();
    const first = await handshake(server.port);
    // The ticket comes after the handshake.
    const [session] = (await once(first, 'session')) as [Buffer];
    const second = await handshake(server.port, { session });
    expect(second.isSessionReused()).toBe(false);
  });
});

test('a client offers HTTP/1.1 [W-1.2]', async () => {
  const raw = await rawServer({ tls: { ALPNProtocols: ['http/1.1'] } });
  const dialing = dialWebSocket({ host: '127.0.0.1', port: raw.port, ca: pki.caCertPem });
  const peer = await raw.next();
  peer.send(SETTINGS);
  await dialing;
  expect(peer.socket.alpnProtocol).toBe('http/1.1');
});

describe('the channel binding', () => {
  test('is what the TLS exporter gives, on both sides [W-1.6]', async () => {
    await using server = await startServer();
    const peer = await rawClient(server.port);
    peer.send(SETTINGS);
    const accepted = await server.next();
    const exported = peer.socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0));
    expect(Buffer.from(accepted.channelBinding)).toEqual(exported);

    const ends = await server.pair();
    expect(ends.client.channelBinding).toEqual(ends.server.channelBinding);
  });

  test('is another one on each connection', async () => {
    await using server = await startServer();
    const [one, other] = [await server.dial(), await server.dial()];
    expect(one.channelBinding).not.toEqual(other.channelBinding);
  });
});

describe('a certificate that is reloaded', () => {
  test('is shown to those who connect from then on, and open connections go on', async () => {
    const other = await createDevPki();
    const renewed = await other.issueServerCertificate({ names: ['localhost'], ips: ['127.0.0.1'] });
    await using server = await startServer();
    const before = await server.pair();
    echo(before.server);
    server.listener.reload({ cert: renewed.certPem, key: renewed.keyPem });
    await expect(server.dial()).rejects.toMatchObject({ code: 'RTA_TRANSPORT_CERTIFICATE' });
    const after = await server.pair({ ca: other.caCertPem });
    echo(after.server);
    expect(await ask(after.client, 'new')).toBe('new');
    expect(await ask(before.client, 'old')).toBe('old');
  });

  test('changes nothing where it cannot be used', async () => {
    const other = await pki.issueServerCertificate({ names: ['localhost'], ips: ['127.0.0.1'] });
    await using server = await startServer();
    expect(() => server.listener.reload({ cert: identity.cert, key: other.keyPem })).toThrow(
      expect.objectContaining({ code: 'RTA_TRANSPORT_CONFIG' }),
    );
    await using client = await server.dial();
    expect(client.kind).toBe('websocket');
  });
});

const listen = (chosen: object) =>
  listenWebSocket({ host: '127.0.0.1', port: 0, ...identity, onConnection: () => {}, ...chosen });

describe('options that cannot work are refused at once', () => {
  test('a key that belongs to another certificate', async () => {
    const other = await pki.issueServerCertificate({ names: ['localhost'] });
    await expect(listen({ key: other.keyPem })).rejects.toMatchObject({
      code: 'RTA_TRANSPORT_CONFIG',
      details: { option: 'key' },
    });
  });

  test.each(['cert', 'key'])('a %s that is not PEM', async (option) => {
    await expect(listen({ [option]: 'x' })).rejects.toMatchObject({
      code: 'RTA_TRANSPORT_CONFIG',
      details: { option },
    });
  });

  test.each(['', 'x', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'])(
    'authorities that are no certificates: %j',
    async (ca) => {
      await using server = await startServer();
      await expect(server.dial({ ca })).rejects.toMatchObject({
        code: 'RTA_TRANSPORT_CONFIG',
        details: { option: 'ca' },
      });
      await expect(listen({ clientAuthentication: { ca } })).rejects.toMatchObject({
        code: 'RTA_TRANSPORT_CONFIG',
        details: { option: 'clientAuthentication' },
      });
    },
  );

  test.each([
    { limits: { maxStreamCount: 0 } },
    { limits: { highWaterBytes: 2_000_000 } },
    { maxConnectionCount: 0 },
    { maxHandshakeCount: -1 },
    { handshakeTimeoutMs: 0 },
    { idleTimeoutMs: 0.5 },
    { idleTimeoutMs: 2 ** 31 },
    { port: 70_000 },
    { path: 'rta' },
    { path: '/rta?x=1' },
    { path: '/r ta' },
  ])('%j', async (chosen) => {
    await expect(listen(chosen)).rejects.toMatchObject({ code: 'RTA_TRANSPORT_CONFIG' });
  });

  test.each([
    { port: 0 },
    { connectTimeoutMs: -1 },
    { idleTimeoutMs: 1_000, keepAliveMs: 501 },
    { path: '/rta\r\nx: y' },
    { serverName: 'a@b' },
    { serverName: '' },
    { credentials: { cert: 'x', key: 'x' } },
  ])('a dial with %j', async (chosen) => {
    await using server = await startServer();
    await expect(server.dial(chosen)).rejects.toMatchObject({ code: 'RTA_TRANSPORT_CONFIG' });
  });

  test('a port that is taken', async () => {
    await using server = await startServer();
    await expect(listen({ port: server.port })).rejects.toMatchObject({ code: 'RTA_TRANSPORT_CONFIG' });
  });

  test('no error tells a key', async () => {
    const error = await listen({ key: identity.key.replace('MIG', 'XXX') }).catch(
      (caught: unknown) => caught,
    );
    expect(JSON.stringify(error)).not.toContain(identity.key.slice(40, 60));
    expect(String(error)).not.toContain(identity.key.slice(40, 60));
  });
});

/** A TLS connection on which nothing is said. */
async function handshake(port: number, options: object = {}): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port, ca: pki.caCertPem, ...options });
  onTestFinished(() => void socket.destroy());
  await once(socket, 'secureConnect');
  return socket;
}
