import { once } from 'node:events';
import { createServer } from 'node:https';
import { type AddressInfo, connect as connectTcp, createServer as createTcpServer } from 'node:net';
import { connect } from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import { dialWebSocket } from '../src/index.ts';
import { rawClient, rawServer, SETTINGS } from './raw-peer.ts';
import { identity, knock, listenToFacts, pki, startServer } from './support.ts';

const UPGRADE = {
  connection: 'upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'sec-websocket-protocol': 'rta.1',
};

describe('a server answers', () => {
  test('an upgrade as RFC 6455 has it, with the subprotocol [W-1.3]', async () => {
    await using server = await startServer();
    const response = await knock(server.port, { headers: UPGRADE });
    expect(response.statusCode).toBe(101);
    // The key and its answer are those of RFC 6455 §1.3.
    expect(response.headers).toMatchObject({
      'sec-websocket-accept': 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
      'sec-websocket-protocol': 'rta.1',
    });
  });

  test('with the subprotocol also where it is one of several [W-1.3]', async () => {
    await using server = await startServer();
    const headers = { ...UPGRADE, 'sec-websocket-protocol': 'mqtt, rta.1' };
    const response = await knock(server.port, { headers });
    expect(response.headers['sec-websocket-protocol']).toBe('rta.1');
  });

  test.each([
    ['no subprotocol', { 'sec-websocket-protocol': undefined }],
    ['another one', { 'sec-websocket-protocol': 'rta.2' }],
    ['another one that begins alike', { 'sec-websocket-protocol': 'rta.10' }],
    ['a list that is none', { 'sec-websocket-protocol': 'rta.1, rta.1' }],
    ['no key', { 'sec-websocket-key': undefined }],
    ['a key that is none', { 'sec-websocket-key': 'short' }],
  ])('an upgrade with %s by 400 [W-1.3]', async (_what, changed) => {
    await using server = await startServer();
    const response = await knock(server.port, { headers: headersWith(changed) });
    expect(response.statusCode).toBe(400);
    expect(server.listener.openConnections).toBe(0);
  });

  test('a request that asks for no upgrade by 426 [W-1.4]', async () => {
    await using server = await startServer();
    for (const method of ['GET', 'POST', 'OPTIONS']) {
      const response = await knock(server.port, { method });
      expect(response.statusCode).toBe(426);
      expect(response.headers).toMatchObject({ upgrade: 'websocket', 'sec-websocket-version': '13' });
    }
  });

  test.each([{ 'sec-websocket-version': '8' }, { 'sec-websocket-version': undefined }, { upgrade: 'h2c' }])(
    'an upgrade to something else by 426: %j [W-1.4]',
    async (changed) => {
      await using server = await startServer();
      const response = await knock(server.port, { headers: headersWith(changed) });
      expect(response.statusCode).toBe(426);
    },
  );

  test.each(['/', '/rta/', '/rta?x=1', '/RTA', '//rta', '/%72ta'])('%s by 404 [W-1.4]', async (path) => {
    await using server = await startServer();
    expect((await knock(server.port, { path, headers: UPGRADE })).statusCode).toBe(404);
    expect((await knock(server.port, { path })).statusCode).toBe(404);
  });

  test('where it was told to', async () => {
    await using server = await startServer({ path: '/agents/v1' });
    expect((await knock(server.port, { headers: UPGRADE })).statusCode).toBe(404);
    await using client = await server.dial({ path: '/agents/v1' });
    expect(client.kind).toBe('websocket');
  });

  test('a page of a browser by 403 [W-1.4]', async () => {
    const facts = listenToFacts();
    await using server = await startServer();
    const headers = { ...UPGRADE, origin: 'https://127.0.0.1' };
    expect((await knock(server.port, { headers })).statusCode).toBe(403);
    expect(facts.seen).toMatchObject([{ fact: 'refused', because: 'origin' }]);
  });

  test('an offer of compression by going on without it [W-1.5]', async () => {
    await using server = await startServer();
    const peer = await rawClient(server.port, { perMessageDeflate: true });
    peer.send(SETTINGS);
    await server.next();
    expect(peer.webSocket.extensions).toBe('');
  });

  test('headers that are too long by 431', async () => {
    await using server = await startServer();
    const headers = { ...UPGRADE, cookie: 'x'.repeat(8_192) };
    expect((await knock(server.port, { headers })).statusCode).toBe(431);
  });
});

describe('a client gives up', () => {
  test.each([
    ['chooses no subprotocol', { protocol: false as const }],
    ['chooses another one', { protocol: 'rta.2' }],
  ])('when the server %s [W-1.3]', async (_what, options) => {
    const { port } = await rawServer(options);
    await expect(dial(port)).rejects.toMatchObject({ code: 'RTA_TRANSPORT_HANDSHAKE' });
  });

  test.each([
    [200, 'RTA_TRANSPORT_HANDSHAKE'],
    [302, 'RTA_TRANSPORT_HANDSHAKE'],
    [404, 'RTA_TRANSPORT_HANDSHAKE'],
    [503, 'RTA_TRANSPORT_UNREACHABLE'],
  ])('when the server answers with %i', async (status, code) => {
    const https = createServer(identity);
    https.on('upgrade', (_request, socket) => {
      socket.end(`HTTP/1.1 ${status} X\r\nlocation: https://127.0.0.1/rta\r\ncontent-length: 0\r\n\r\n`);
    });
    https.listen(0, '127.0.0.1');
    await once(https, 'listening');
    onTestFinished(() => void https.close());
    const { port } = https.address() as AddressInfo;
    await expect(dial(port)).rejects.toMatchObject({ code });
  });

  test('when the server closes instead of answering', async () => {
    const https = createServer(identity);
    https.on('upgrade', (_request, socket) => socket.destroy());
    https.listen(0, '127.0.0.1');
    await once(https, 'listening');
    onTestFinished(() => void https.close());
    const { port } = https.address() as AddressInfo;
    await expect(dial(port)).rejects.toMatchObject({ code: 'RTA_TRANSPORT_UNREACHABLE' });
  });

  test('when the server speaks no TLS', async () => {
    const tcp = createTcpServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    tcp.listen(0, '127.0.0.1');
    await once(tcp, 'listening');
    onTestFinished(() => void tcp.close());
    const { port } = tcp.address() as AddressInfo;
    await expect(dial(port)).rejects.toMatchObject({ code: 'RTA_TRANSPORT_HANDSHAKE' });
  });

  test.each([
    ['01 01 01 61', 'RTA_WEBSOCKET_ORDER'],
    ['ff', 'RTA_WEBSOCKET_FRAME'],
  ])('when the first message is %s', async (message, fault) => {
    const raw = await rawServer();
    const dialing = dial(raw.port);
    const refused = expect(dialing).rejects.toMatchObject({
      code: 'RTA_TRANSPORT_HANDSHAKE',
      details: { transportCode: 1_002 },
    });
    const peer = await raw.next();
    peer.send(message);
    await refused;
    expect(await peer.closed).toEqual({ code: 1_002, reason: fault });
  });

  test('when the server hangs up before its first message', async () => {
    const raw = await rawServer();
    const refused = expect(dial(raw.port)).rejects.toMatchObject({ code: 'RTA_TRANSPORT_UNREACHABLE' });
    const peer = await raw.next();
    peer.webSocket.terminate();
    await refused;
  });
});

describe('a server gives up on a client that', () => {
  const patience = { handshakeTimeoutMs: 50 };

  test('says nothing, not even TLS', async () => {
    await using server = await startServer(patience);
    const facts = listenToFacts();
    const socket = connectTcp(server.port, '127.0.0.1');
    await Promise.all([once(socket, 'close'), facts.until((fact) => fact.fact === 'refused')]);
    expect(facts.seen).toMatchObject([{ because: 'tls' }]);
  });

  test.each([
    ['nothing after TLS', ''],
    ['half a request', 'GET /rta HTTP/1.1\r\nhost: localhost\r\n'],
  ])('says %s', async (_what, text) => {
    await using server = await startServer(patience);
    const facts = listenToFacts();
    const socket = connect({ host: '127.0.0.1', port: server.port, ca: pki.caCertPem });
    socket.on('error', () => {});
    socket.write(text);
    socket.resume();
    await once(socket, 'close');
    expect(facts.seen).toMatchObject([{ fact: 'refused', because: 'timeout' }]);
  });

  test('sends no SETTINGS', async () => {
    await using server = await startServer(patience);
    const facts = listenToFacts();
    const peer = await rawClient(server.port);
    expect((await peer.closed).code).toBe(1_006);
    expect(facts.seen).toMatchObject([{ fact: 'refused', because: 'timeout' }]);
    expect(server.listener.openConnections).toBe(0);
  });

  test('speaks no TLS', async () => {
    await using server = await startServer();
    const facts = listenToFacts();
    const socket = connectTcp(server.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.end('GET /rta HTTP/1.1\r\n\r\n');
    socket.resume();
    await once(socket, 'close');
    expect(facts.seen).toMatchObject([{ fact: 'refused', because: 'tls' }]);
  });
});

test('handshakes in progress are limited', async () => {
  const facts = listenToFacts();
  await using server = await startServer({ maxHandshakeCount: 2 });
  const idle = [connectTcp(server.port, '127.0.0.1'), connectTcp(server.port, '127.0.0.1')];
  await Promise.all(idle.map((socket) => once(socket, 'connect')));
  await expect(server.dial()).rejects.toMatchObject({ code: 'RTA_TRANSPORT_UNREACHABLE' });
  expect(facts.seen).toMatchObject([{ fact: 'refused', because: 'handshakes' }]);
  for (const socket of idle) socket.destroy();
  await Promise.all(idle.map((socket) => once(socket, 'close')));
  await facts.until((fact) => fact.fact === 'refused' && fact.because === 'tls');
  const ends = await server.pair();
  expect(ends.client.kind).toBe('websocket');
});

function dial(port: number) {
  return dialWebSocket({ host: '127.0.0.1', port, ca: pki.caCertPem });
}

/** The headers of a good upgrade, but for some. */
function headersWith(changed: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries({ ...UPGRADE, ...changed }).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    ),
  );
}
