import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { createFakeClock } from '@rta/testkit';
import { describe, expect, test } from 'vitest';
import type { QuicDiagnostic } from '../src/index.ts';
import { dialQuic, listenQuic } from '../src/index.ts';
import { relay } from './relay.ts';
import { ask, echo, identity, pki, startServer } from './support.ts';

const never = new AbortController().signal;

describe('dialing ends when', () => {
  test('nobody listens on the port', async () => {
    const closed = await startServer();
    await closed.listener.close();
    await expect(closed.dial()).rejects.toMatchObject({ code: 'RTA_TRANSPORT_UNREACHABLE' });
  });

  test('nobody answers in time', async () => {
    const silent = createSocket('udp4');
    silent.bind(0, '127.0.0.1');
    await once(silent, 'listening');
    const dialing = dialQuic({
      host: '127.0.0.1',
      port: silent.address().port,
      ca: pki.caCertPem,
      connectTimeoutMs: 50,
    });
    await expect(dialing).rejects.toMatchObject({ code: 'RTA_TRANSPORT_UNREACHABLE' });
    silent.close();
  });

  test('the signal fires, before it begins or while it waits', async () => {
    const silent = createSocket('udp4');
    silent.bind(0, '127.0.0.1');
    await once(silent, 'listening');
    const options = { host: '127.0.0.1', port: silent.address().port, ca: pki.caCertPem };
    const reason = new Error('not wanted any more');
    await expect(dialQuic({ ...options, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);

    const controller = new AbortController();
    const dialing = dialQuic({ ...options, signal: controller.signal });
    silent.once('message', () => controller.abort(reason));
    await expect(dialing).rejects.toBe(reason);
    silent.close();
  });

  test('the name cannot be resolved', async () => {
    const dialing = dialQuic({ host: 'no-such-host.invalid', port: 1, ca: pki.caCertPem, signal: never });
    await expect(dialing).rejects.toMatchObject({ code: 'RTA_TRANSPORT_UNREACHABLE' });
  });

  test('the peers have no protocol in common [P-1.1]', async () => {
    await using server = await startServer({ alpn: ['other/1'] });
    const network = await relay(server.port);
    await expect(server.dial({ port: network.port })).rejects.toMatchObject({
      code: 'RTA_TRANSPORT_HANDSHAKE',
      details: { transportCode: 0x178 },
    });
    // It was told at once: it has not asked again.
    expect(network.fromClient()).toBe(1);
    network.close();
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
  expect(other.kind).toBe('quic');
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

test('a client beyond the limit of connections is told so at once, and may come back', async () => {
  const facts: QuicDiagnostic[] = [];
  const note = (message: unknown): void => void facts.push(message as QuicDiagnostic);
  subscribe('rta:transport-quic', note);
  await using server = await startServer({ maxConnectionCount: 2 });
  const first = await server.pair();
  await server.pair();
  await expect(server.dial()).rejects.toMatchObject({ code: 'RTA_TRANSPORT_UNREACHABLE', retryable: true });
  expect(server.listener.openConnections).toBe(2);
  await first.client.close();
  await first.server.closed;
  await server.pair();
  unsubscribe('rta:transport-quic', note);
  expect(facts.map(({ fact }) => fact)).toEqual(['opened', 'opened', 'refused', 'closed', 'opened']);
});

test('a connection over which nothing comes dies of it on both sides', async () => {
  await using server = await startServer({ idleTimeoutMs: 500 });
  const relayed = await relay(server.port);
  const client = await server.dial({ port: relayed.port });
  const accepted = await server.next();
  const heard: string[] = [];
  const stream = client.openStream();
  stream.setHandlers({ onData: () => {}, onReset: (code) => heard.push(`reset ${code}`) });
  relayed.swallow();
  expect((await client.closed).by).toBe('timeout');
  expect((await accepted.closed).by).toBe('timeout');
  expect(heard).toEqual(['reset 0']);
  relayed.close();
});

test.each([
  { why: 'as it was told', keepAliveMs: 10_000, serverIdleMs: 30_000, everyMs: 10_000 },
  {
    why: 'sooner, where the server is less patient',
    keepAliveMs: 10_000,
    serverIdleMs: 9_000,
    everyMs: 3_000,
  },
])('a client that hears nothing says something now and then: $why', async (given) => {
  await using server = await startServer({ idleTimeoutMs: given.serverIdleMs });
  const network = await relay(server.port);
  const clock = createFakeClock();
  const client = await server.dial({ port: network.port, clock, keepAliveMs: given.keepAliveMs });
  echo(await server.next());
  await ask(client, 'x');
  await network.quiet();
  const before = network.fromClient();
  clock.advance(given.everyMs - 1);
  await network.quiet();
  expect(network.fromClient()).toBe(before);
  const sent = network.next();
  clock.advance(1);
  await sent;
  expect(network.fromClient()).toBe(before + 1);
  await client.close();
  network.close();
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
    stream.setHandlers({ onData: (chunk) => console.log(chunk.toString()), onEnd: () => void close() });
    stream.write(Buffer.from('x'));
    stream.end();
  `);
  expect(stdout.split('\n').slice(0, 2)).toEqual(['uncaught: mistake', '103,111,101,115,32,111,110']);
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

/** Runs a program in a process of its own; rejects where it does not end by itself. */
function run(program: string): Promise<{ stdout: string }> {
  const entry = new URL('../src/index.ts', import.meta.url).href;
  const source = `
    import { dialQuic, listenQuic } from ${JSON.stringify(entry)};
    const { cert, key, ca } = ${JSON.stringify({ ...identity, ca: pki.caCertPem })};
    const accepted = Promise.withResolvers();
    const listener = await listenQuic({ host: '127.0.0.1', port: 0, cert, key, onConnection: accepted.resolve });
    const pair = async () => {
      const client = await dialQuic({ host: '127.0.0.1', port: listener.address.port, ca });
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

test('a dialed connection and its listener may be used with `await using`', async () => {
  await using listener = await listenQuic({ host: '127.0.0.1', port: 0, ...identity, onConnection: echo });
  await using client = await dialQuic({ host: '127.0.0.1', port: listener.address.port, ca: pki.caCertPem });
  expect(await ask(client, 'hello')).toBe('hello');
});

test('a process that was held up for longer than the idle timeout hears what was sent meanwhile', async () => {
  await using server = await startServer({ idleTimeoutMs: 300 });
  const { client, server: far } = await server.pair({ idleTimeoutMs: 300 });
  echo(far);
  await ask(client, 'hello');
  client.openStream().write(Uint8Array.of(1));
  far.openStream().write(Uint8Array.of(1));
  // Both packets leave, and the loop has no turn in which they could be read.
  await new Promise<void>((resolve) => {
    queueMicrotask(() => process.nextTick(() => queueMicrotask(() => process.nextTick(resolve))));
  });
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400);

  expect(await ask(client, 'still there')).toBe('still there');
  await client.close();
});
