import { once } from 'node:events';
import { createServer } from 'node:net';
import { createFakeClock } from '@rta/testkit';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type ConnectOptions, connect, generateAgentKey, type RtaClient } from '../src/index.ts';
import { publishedFacts } from './published-facts.ts';
import { READ, SESSION } from './scripted-peer.ts';
import { ca, openScriptedPort, otherCa, type ScriptedPort } from './scripted-port.ts';

/** Connects to a port; what is not said is that of a client that trusts the server. */
async function connectTo(t: ScriptedPort, options: ConnectOptions = {}): Promise<RtaClient> {
  const client = await connect(t.endpoint, { ca, clock: createFakeClock(), ...options });
  onTestFinished(client.close);
  return client;
}

async function failureOf(promise: Promise<unknown>): Promise<{ code?: unknown; cause?: unknown }> {
  return promise.then(
    () => ({ code: 'none' }),
    (error: { code?: unknown; cause?: unknown }) => error,
  );
}

/** A TCP port on which nobody speaks TLS, but connections are counted. */
async function countConnections(port: number): Promise<{ readonly count: number }> {
  let count = 0;
  const server = createServer((socket) => {
    count += 1;
    socket.destroy();
  });
  onTestFinished(() => void server.close());
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    get count() {
      return count;
    },
  };
}

describe('a client', () => {
  test('is connected over QUIC where QUIC answers, and tries nothing else', async () => {
    await using t = await openScriptedPort();
    await t.listenQuic();
    const facts = publishedFacts();

    const client = await connectTo(t);

    expect(client.transport).toBe('quic');
    expect(t.peers.map(({ connection }) => connection.kind)).toEqual(['quic']);
    expect(facts).toEqual([]);
  });

  test('is connected over WebSocket after the head start where UDP is dropped', async () => {
    await using t = await openScriptedPort();
    const network = await t.swallowUdp();
    const clock = createFakeClock();
    const facts = publishedFacts();
    const connecting = connectTo(t, { clock });
    await network.first;
    clock.advance(199);
    expect(t.peers).toEqual([]);

    clock.advance(1);

    expect((await connecting).transport).toBe('websocket');
    expect(facts).toEqual([{ fact: 'fallback', from: 'quic', to: 'websocket', because: 'slow' }]);
  });

  test('is connected over WebSocket at once where nothing listens for UDP', async () => {
    await using t = await openScriptedPort();
    const facts = publishedFacts();

    const client = await connectTo(t);

    expect(client.transport).toBe('websocket');
    expect(facts).toEqual([
      { fact: 'fallback', from: 'quic', to: 'websocket', because: 'RTA_TRANSPORT_UNREACHABLE' },
    ]);
  });

  test('tries only the transports that it may', async () => {
    await using t = await openScriptedPort();
    await t.listenQuic();

    expect((await connectTo(t, { transports: ['websocket'] })).transport).toBe('websocket');
    await t.closeWebSocket();
    expect(await failureOf(connectTo(t, { transports: ['websocket'] }))).toMatchObject({
      code: 'RTA_TRANSPORT_UNREACHABLE',
    });
  });

  test('prefers the transport that stands first', async () => {
    await using t = await openScriptedPort();
    await t.listenQuic();

    expect((await connectTo(t, { transports: ['websocket', 'quic'] })).transport).toBe('websocket');
  });

  test.each([[[]], [['quic', 'quic'] as const]])('is not made for the transports %j', async (transports) => {
    await expect(connect('localhost:1', { transports })).rejects.toThrow(RangeError);
  });

  test('that reaches nobody says why, for each transport', async () => {
    await using t = await openScriptedPort();
    await t.closeWebSocket();

    const { code, cause } = await failureOf(connectTo(t));

    expect(code).toBe('RTA_SDK_UNREACHABLE');
    if (!(cause instanceof AggregateError)) throw new Error('expected the errors of both transports');
    expect(cause.errors).toMatchObject([
      { code: 'RTA_TRANSPORT_UNREACHABLE' },
      { code: 'RTA_TRANSPORT_UNREACHABLE' },
    ]);
  });

  test('takes no certificate over WebSocket that it did not take over QUIC', async () => {
    await using t = await openScriptedPort();
    await t.listenQuic();
    await t.closeWebSocket();
    const tcp = await countConnections(t.port);

    expect(await failureOf(connectTo(t, { ca: otherCa }))).toMatchObject({
      code: 'RTA_TRANSPORT_CERTIFICATE',
    });
    expect(tcp.count).toBe(0);
  });

  test('takes no certificate over WebSocket either where UDP is dropped', async () => {
    await using t = await openScriptedPort();
    const network = await t.swallowUdp();
    const clock = createFakeClock();
    const failure = failureOf(connectTo(t, { clock, ca: otherCa }));
    await network.first;
    clock.advance(200);

    expect(await failure).toMatchObject({ code: 'RTA_TRANSPORT_CERTIFICATE' });
    expect(t.peers).toEqual([]);
  });

  test('gives up when it is told to', async () => {
    await using t = await openScriptedPort();
    const network = await t.swallowUdp();
    const controller = new AbortController();
    const failure = failureOf(connectTo(t, { signal: controller.signal }));
    await network.first;
    controller.abort(new Error('called off'));

    expect(await failure).toMatchObject({ message: 'called off' });
  });
});

describe('a client that fell back', () => {
  test('goes over to QUIC with its sessions when UDP comes back', async () => {
    await using t = await openScriptedPort();
    const network = await t.swallowUdp();
    const clock = createFakeClock();
    const connecting = connectTo(t, { clock });
    await network.first;
    clock.advance(200);
    const client = await connecting;
    const session = await client.bind({ session: SESSION, key: generateAgentKey() });
    const moved = new Promise((resolve) => client.on('transport', resolve));
    await network[Symbol.asyncDispose]();
    await t.listenQuic();

    clock.advance(10_000);

    expect(await moved).toEqual({ previous: 'websocket', transport: 'quic' });
    expect(client.transport).toBe('quic');
    expect(await session.authorize(READ)).toMatchObject({ permitted: true });
    const [webSocket, quic] = t.peers;
    expect(quic?.decided).toHaveLength(1);
    expect(await webSocket?.connection.closed).toMatchObject({ by: 'peer', code: 0 });
    expect(session.signal.aborted).toBe(false);
  });
});

describe('a connection over WebSocket', () => {
  test('cannot migrate, and says so', async () => {
    await using t = await openScriptedPort();
    const client = await connectTo(t, { transports: ['websocket'] });

    expect(await failureOf(client.migrate())).toMatchObject({ code: 'RTA_SDK_CANNOT_MIGRATE' });
  });
});
