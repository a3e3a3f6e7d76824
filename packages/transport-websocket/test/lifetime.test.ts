import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { promisify } from 'node:util';
import { createFakeClock } from '@rta/testkit';
import type { TransportConnection } from '@rta/transport';
import { describe, expect, onTestFinished, test } from 'vitest';
import { dialWebSocket, listenWebSocket } from '../src/index.ts';
import { rawClient, rawServer, SETTINGS } from './raw-peer.ts';
import { ask, echo, identity, listenToFacts, pki, startServer } from './support.ts';

const never = new AbortController().signal;

describe('dialing ends when', () => {
  test('nobody listens on the port', async () => {
    const closed = await startServer();
    await closed.listener.close();
    await expect(closed.dial()).rejects.toMatchObject({ code: 'RTA_TRANSPORT_UNREACHABLE' });
  });

  test('the name cannot be resolved', async () => {
    const dialing = dialWebSocket({
      host: 'no-such-host.invalid',
      port: 1,
      ca: pki.caCertPem,
      signal: never,
    });
    await expect(dialing).rejects.toMatchObject({ code: 'RTA_TRANSPORT_UNREACHABLE' });
  });

  test('nobody answers in time, to TLS', async () => {
    const silent = await silentServer();
    const clock = createFakeClock();
    const dialing = dialWebSocket({ host: '127.0.0.1', port: silent.port, clock });
    const refused = expect(dialing).rejects.toMatchObject({ code: 'RTA_TRANSPORT_UNREACHABLE' });
    await silent.asked;
    clock.advance(10_000);
    await refused;
    expect(clock.pendingTimers).toBe(0);
  });

  test('nobody answers in time, to the upgrade', async () => {
    const raw = await rawServer();
    const clock = createFakeClock();
    const dialing = dialWebSocket({
      host: '127.0.0.1',
      port: raw.port,
      ca: pki.caCertPem,
      clock,
      connectTimeoutMs: 3_000,
    });
    const refused = expect(dialing).rejects.toMatchObject({ code: 'RTA_TRANSPORT_UNREACHABLE' });
    const peer = await raw.next();
    // The client has sent its SETTINGS, and waits for the server's.
    await peer.next();
    clock.advance(3_000);
    await refused;
    expect((await peer.closed).code).toBe(1_006);
  });

  test('the signal fires, before it begins or while it waits', async () => {
    const silent = await silentServer();
    const options = { host: '127.0.0.1', port: silent.port, ca: pki.caCertPem };
    const reason = new Error('not wanted any more');
    await expect(dialWebSocket({ ...options, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);

    const controller = new AbortController();
    const refused = expect(dialWebSocket({ ...options, signal: controller.signal })).rejects.toBe(reason);
    await silent.asked;
    controller.abort(reason);
    await refused;
  });

  test('the signal fires after the upgrade', async () => {
    const raw = await rawServer();
    const controller = new AbortController();
    const reason = new Error('not wanted any more');
    const dialing = dialWebSocket({
      host: '127.0.0.1',
      port: raw.port,
      ca: pki.caCertPem,
      signal: controller.signal,
    });
    const refused = expect(dialing).rejects.toBe(reason);
    const peer = await raw.next();
    await peer.next();
    controller.abort(reason);
    await refused;
    expect((await peer.closed).code).toBe(1_006);
  });
});

test('a signal that fires later leaves the connection alone', async () => {
  await using server = await startServer();
  const controller = new AbortController();
  const ends = await server.pair({ signal: controller.signal });
  echo(ends.server);
  controller.abort();
  expect(await ask(ends.client, 'still here')).toBe('still here');
});

test('names are resolved, and IPv6 works', async () => {
  await using server = await startServer({ host: '::1' });
  await using client = await server.dial({ host: '::1' });
  const accepted = await server.next();
  expect(client.remoteAddress).toBe(`[::1]:${server.port}`);
  expect(accepted.remoteAddress).toMatch(/^\[::1\]:\d+$/);
  await using named = await startServer({ host: 'localhost' });
  await using other = await named.dial({ host: 'localhost' });
  expect(other.kind).toBe('websocket');
});

test('what the server says comes in the flight of its answer to the upgrade [W-3.2]', async () => {
  await using server = await startServer();
  const peer = await rawClient(server.port);
  // The client has not said a word.
  expect(await peer.next()).toBe('008004000080400000410080007530');
});

test('a connection is given to the server when its first message is there, with what is in it', async () => {
  await using server = await startServer();
  const peer = await rawClient(server.port);
  peer.send(`${SETTINGS} 02 00 05 68656c6c6f`);
  echo(await server.next());
  await peer.next();
  expect(await peer.next()).toBe('02000568656c6c6f0601');
});

test('what is written in one turn, and in the promises that it settles, leaves in one message', async () => {
  await using server = await startServer();
  const peer = await rawClient(server.port);
  peer.send(SETTINGS);
  const accepted = await server.next();
  await peer.next();
  accepted.onStream((stream) => {
    stream.setHandlers({
      onData: () => {
        stream.write(Uint8Array.of(1));
        void Promise.resolve()
          .then(() => Promise.resolve())
          .then(() => stream.write(Uint8Array.of(2)));
      },
    });
  });
  peer.send('01 00 01 61 01 04 01 61');
  expect(await peer.next()).toBe('01000201020104020102');
});

test('a listener counts its connections', async () => {
  await using server = await startServer();
  expect(server.listener.openConnections).toBe(0);
  const one = await server.pair();
  const other = await server.pair();
  expect(server.listener.openConnections).toBe(2);
  await one.client.close();
  await one.server.closed;
  expect(server.listener.openConnections).toBe(1);
  await other.server.close();
  expect(server.listener.openConnections).toBe(0);
});

test('a listener that closes tells its connections, and frees its port', async () => {
  const server = await startServer();
  const ends = [await server.pair(), await server.pair()];
  await Promise.all([server.listener.close(9, 'going down'), server.listener.close(8, 'again')]);
  for (const { client } of ends) {
    expect(await client.closed).toEqual({ by: 'peer', code: 9, reason: 'going down' });
  }
  const next = await startServer({ port: server.port });
  expect(next.port).toBe(server.port);
  await next.listener.close();
});

test('a listener that closes does not wait for handshakes', async () => {
  const clock = createFakeClock();
  const server = await startServer({ clock });
  const peer = await rawClient(server.port);
  await server.listener.close();
  expect((await peer.closed).code).toBe(1_006);
  expect(clock.pendingTimers).toBe(0);
});

test('a client beyond the limit of connections is turned away at once, and may come back', async () => {
  const facts = listenToFacts();
  await using server = await startServer({ maxConnectionCount: 2 });
  const first = await server.pair();
  await server.pair();
  await expect(server.dial()).rejects.toMatchObject({ code: 'RTA_TRANSPORT_UNREACHABLE', retryable: true });
  expect(server.listener.openConnections).toBe(2);
  expect(facts.seen.at(-1)).toMatchObject({ fact: 'refused', because: 'connections' });
  await first.client.close();
  // The server has room when the socket is closed, a moment after the connection.
  let again: TransportConnection | undefined;
  while (again === undefined) again = await server.dial().catch(() => undefined);
  echo(await server.next());
  expect(await ask(again, 'back')).toBe('back');
});

describe('a close', () => {
  test('is a CLOSE frame and then WebSocket code 1000 [W-6.1]', async () => {
    await using server = await startServer();
    const peer = await rawClient(server.port);
    peer.send(SETTINGS);
    const accepted = await server.next();
    await peer.next();
    accepted.openStream().write(Uint8Array.of(0x61));
    await accepted.close(2 ** 53 - 1, 'over');
    // What was written before leaves before.
    expect(await peer.next()).toBe('01010161');
    expect(await peer.next()).toBe('07c01fffffffffffff046f766572');
    expect(await peer.closed).toEqual({ code: 1_000, reason: '' });
  });

  test('of the WebSocket without a CLOSE frame is a loss [W-6.2]', async () => {
    await using server = await startServer();
    const peer = await rawClient(server.port);
    peer.send(SETTINGS);
    const accepted = await server.next();
    peer.webSocket.close(1_000, 'bye');
    expect(await accepted.closed).toEqual({ by: 'transport', code: 1_000, reason: 'bye' });
  });

  test('of the socket is a loss [W-6.2]', async () => {
    await using server = await startServer();
    const peer = await rawClient(server.port);
    peer.send(SETTINGS);
    const accepted = await server.next();
    peer.socket.destroy();
    expect(await accepted.closed).toEqual({
      by: 'transport',
      code: 1_006,
      reason: 'the connection was lost',
    });
  });

  test('does not wait for a peer that does not answer', async () => {
    const clock = createFakeClock();
    await using server = await startServer({ clock });
    const peer = await rawClient(server.port);
    peer.send(SETTINGS);
    const accepted = await server.next();
    peer.socket.pause();
    await accepted.close();
    clock.advance(1_999);
    expect(clock.pendingTimers).toBe(1);
    clock.advance(1);
    peer.socket.resume();
    await peer.closed;
  });
});

describe('a connection over which nothing comes', () => {
  test('dies of it at the server [W-6.3]', async () => {
    const clock = createFakeClock();
    await using server = await startServer({ clock, idleTimeoutMs: 5_000 });
    const peer = await rawClient(server.port);
    peer.send(SETTINGS);
    const accepted = await server.next();
    const heard: string[] = [];
    const stream = accepted.openStream();
    const reset = new Promise<void>((resolve) => {
      stream.setHandlers({
        onData: () => {},
        onReset: (code) => {
          heard.push(`reset ${code}`);
          resolve();
        },
      });
    });
    clock.advance(5_000);
    expect(await accepted.closed).toEqual({
      by: 'timeout',
      code: 0,
      reason: 'nothing was heard of the peer',
    });
    await reset;
    expect(heard).toEqual(['reset 0']);
    expect((await peer.closed).code).toBe(1_006);
  });

  test('is answered for by a pong where the client pings [W-6.3]', async () => {
    await using server = await startServer();
    const peer = await rawClient(server.port);
    peer.send(SETTINGS);
    await server.next();
    const answered = once(peer.webSocket, 'pong');
    peer.webSocket.ping('are you there');
    const [payload] = (await answered) as [Buffer];
    expect(payload.toString()).toBe('are you there');
  });

  test('is kept alive by the client, in time for the server [W-6.3]', async () => {
    const raw = await rawServer({ autoPong: false });
    const clock = createFakeClock();
    const dialing = dialWebSocket({ host: '127.0.0.1', port: raw.port, ca: pki.caCertPem, clock });
    const peer = await raw.next();
    // An idle timeout of 9 seconds.
    peer.send('00 8000ffff 8000ffff 10 6328');
    const client = await dialing;
    const pinged = once(peer.webSocket, 'ping');
    clock.advance(3_000);
    await pinged;
    clock.advance(27_000);
    expect((await client.closed).by).toBe('timeout');
  });
});

test('a handler that throws surfaces, and the connection goes on', async () => {
  const { stdout } = await run(`
    process.once('uncaughtException', (error) => console.log('uncaught:', error.message));
    const { client, server } = await pair();
    server.onStream((stream) => stream.setHandlers({
      onData: () => { throw new Error('mistake'); },
      onEnd: () => { stream.write(Buffer.from('goes on')); stream.end(); },
    }));
    const stream = client.openStream();
    stream.setHandlers({ onData: (chunk) => console.log(Buffer.from(chunk).toString()), onEnd: () => void close() });
    stream.write(Buffer.from('x'));
    stream.end();
  `);
  expect(stdout.split('\n').slice(0, 2)).toEqual(['uncaught: mistake', 'goes on']);
});

test('a process ends by itself when its connections and listeners are closed', async () => {
  const { stdout } = await run(`
    const { client } = await pair();
    client.openStream().write(Buffer.from('x'));
    await client.close();
    await close();
    process.on('exit', () => console.log('ends'));
  `);
  expect(stdout.trim()).toBe('ends');
});

test('a dialed connection and its listener may be used with `await using`', async () => {
  await using listener = await listenWebSocket({
    host: '127.0.0.1',
    port: 0,
    ...identity,
    onConnection: echo,
  });
  const { port } = listener.address;
  await using client = await dialWebSocket({ host: '127.0.0.1', port, ca: pki.caCertPem });
  expect(await ask(client, 'hello')).toBe('hello');
});

/** Takes connections and says nothing. */
async function silentServer(): Promise<{ port: number; asked: Promise<unknown> }> {
  const tcp = createTcpServer();
  const asked = Promise.withResolvers<void>();
  tcp.on('connection', (socket) => {
    socket.on('error', () => {});
    socket.once('data', () => asked.resolve());
    onTestFinished(() => void socket.destroy());
  });
  tcp.listen(0, '127.0.0.1');
  await once(tcp, 'listening');
  onTestFinished(() => void tcp.close());
  return { port: (tcp.address() as AddressInfo).port, asked: asked.promise };
}

/** Runs a program in a process of its own; rejects where it does not end by itself. */
function run(program: string): Promise<{ stdout: string }> {
  const entry = new URL('../src/index.ts', import.meta.url).href;
  const source = `
    import { dialWebSocket, listenWebSocket } from ${JSON.stringify(entry)};
    const { cert, key, ca } = ${JSON.stringify({ ...identity, ca: pki.caCertPem })};
    const accepted = Promise.withResolvers();
    const listener = await listenWebSocket({ host: '127.0.0.1', port: 0, cert, key, onConnection: accepted.resolve });
    const pair = async () => {
      const client = await dialWebSocket({ host: '127.0.0.1', port: listener.address.port, ca });
      return { client, server: await accepted.promise };
    };
    const close = () => listener.close();
    ${program}
  `;
  return promisify(execFile)(
    process.execPath,
    ['--conditions=rta-source', '--input-type=module', '--eval', source],
    { timeout: 15_000 },
  );
}
