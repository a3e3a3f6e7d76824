import { randomBytes } from 'node:crypto';
import { createFakeClock } from '@rta/testkit';
import { describe, expect, onTestFinished, test } from 'vitest';
import { listenToFacts } from './facts.ts';
import { relay } from './relay.ts';
import { captureHellos, openSocket } from './stranger.ts';
import { ask, echo, pki, startServer } from './support.ts';

const HOUR_MS = 3_600_000;

describe('a peer that never reads', () => {
  test('makes the writer stop at its limit, and is gone without a trace when it is closed', async () => {
    const limits = { highWaterBytes: 1_000, maxBufferedBytes: 10_000 };
    await using server = await startServer({ limits });
    const { client, server: accepted } = await server.pair();
    const { promise: arrived, resolve } = Promise.withResolvers<void>();
    // The client has no handlers on its stream: it acknowledges packets, and reads nothing.
    client.openStream().write(Uint8Array.of(1));
    accepted.onStream((stream) => {
      stream.setHandlers({ onData: () => {} });
      // What the network takes is limited by the client's window; then the buffer fills, and then it is full.
      const fill = (): void => {
        try {
          while (stream.bufferedBytes < 20_000) stream.write(new Uint8Array(5_000));
        } catch (error) {
          expect(error).toMatchObject({ code: 'RTA_TRANSPORT_BUFFER_FULL' });
          expect(stream.bufferedBytes).toBeLessThanOrEqual(10_000);
          resolve();
        }
      };
      fill();
    });
    await arrived;
    await accepted.close(4, 'too slow');
    expect(await client.closed).toEqual({ by: 'peer', code: 4, reason: 'too slow' });
    expect(accepted.openStreams).toBe(0);
    expect(server.listener.openConnections).toBe(0);
  });

  test('is sent no more than its window, however much is written', async () => {
    await using server = await startServer();
    const { client, server: accepted } = await server.pair();
    const written = await new Promise<number>((resolve) => {
      const stream = client.openStream();
      let total = 0;
      const fill = (): void => {
        try {
          for (;;) {
            stream.write(new Uint8Array(65_536));
            total += 65_536;
          }
        } catch {
          // The buffer is full: some of it may leave yet.
        }
      };
      stream.setHandlers({ onData: () => {}, onWritable: fill });
      fill();
      // Another stream comes through: the window of the first is used up by then.
      accepted.onStream((other) => {
        if (other.id === stream.id) return;
        other.setHandlers({ onData: () => resolve(total - stream.bufferedBytes) });
      });
      client.openStream().write(Uint8Array.of(1));
    });
    expect(written).toBeLessThanOrEqual(1_048_576);
  });
});

test('clients that vanish are forgotten, and their room is free for others', async () => {
  const facts = listenToFacts();
  await using server = await startServer({ idleTimeoutMs: 500, maxAddressConnectionCount: 10 });
  const network = await Promise.all(Array.from({ length: 10 }, () => relay(server.port)));
  onTestFinished(() => network.forEach((each) => each.close()));
  const clients = await Promise.all(network.map(({ port }) => server.dial({ port })));
  await facts.until(() => facts.filter(({ fact }) => fact === 'opened').length === 10);
  for (const each of network) each.swallow();
  await expect(server.dial()).rejects.toMatchObject({ code: 'RTA_TRANSPORT_UNREACHABLE' });
  expect(facts.at(-1)).toMatchObject({ fact: 'refused', because: 'address' });

  await Promise.all(clients.map(({ closed }) => closed));
  const isTimeout = (fact: (typeof facts)[number]): boolean =>
    fact.fact === 'closed' && fact.by === 'timeout';
  await facts.until(() => facts.filter(isTimeout).length === 10);
  expect(server.listener.openConnections).toBe(0);
  await server.dial();
});

test('clients that open and close without end leave nothing behind', async () => {
  await using server = await startServer({ maxAddressConnectionCount: 2 });
  for (let count = 0; count < 30; count++) {
    const { client, server: accepted } = await server.pair();
    client.openStream().write(Uint8Array.of(1));
    await client.close();
    await accepted.closed;
  }
  expect(server.listener.openConnections).toBe(0);
});

test('handshakes that nobody finishes leave nothing behind', async () => {
  const facts = listenToFacts();
  const clock = createFakeClock();
  await using server = await startServer({ maxHandshakeCount: 3, retry: 'never', clock });
  const stranger = await openSocket();
  for (let round = 0; round < 3; round++) {
    for (const hello of await captureHellos(3)) stranger.send(hello, server.port, '127.0.0.1');
    // What came before this hello has been read when it is refused.
    const [last] = await captureHellos(1);
    stranger.send(last ?? '', server.port, '127.0.0.1');
    await facts.until(() => facts.filter(({ fact }) => fact === 'refused').length === round + 1);
    clock.advance(10_000);
    expect(facts.filter(({ fact }) => fact === 'handshake-failed')).toHaveLength(3 * (round + 1));
  }
  await server.dial();
});

test('somebody who does not prove its address is sent three times what it sent at most', async () => {
  // A certificate of 12 KB, of which the server would send all at once.
  const names = Array.from({ length: 400 }, (_, index) => `host-${index}.of.a.large.certificate.test`);
  const { certPem: cert, keyPem: key } = await pki.issueServerCertificate({
    names: ['localhost', ...names],
    ips: ['127.0.0.1'],
  });
  await using server = await startServer({ cert, key });
  const stranger = await openSocket();
  let bytes = 0;
  stranger.on('message', (datagram) => (bytes += datagram.byteLength));
  const [hello] = await captureHellos(1);
  stranger.send(hello ?? '', server.port, '127.0.0.1');
  // A client that answers gets all of it, and what the stranger was sent has arrived by then.
  const { client, server: accepted } = await server.pair();
  echo(accepted);
  await ask(client, 'hello');
  expect(bytes).toBeGreaterThan(1_200);
  expect(bytes).toBeLessThanOrEqual(3 * 1_200);

  // A second packet, of noise, is credit for three times its length and no more.
  stranger.send(
    Buffer.concat([hello?.subarray(0, 30) ?? Buffer.alloc(0), randomBytes(70)]),
    server.port,
    '127.0.0.1',
  );
  await ask(client, 'hello');
  expect(bytes).toBeLessThanOrEqual(3 * 1_300);
});

test('a connection on which nothing happens for a day is kept alive by one packet an hour', async () => {
  const clock = createFakeClock();
  await using server = await startServer({ idleTimeoutMs: 3 * HOUR_MS });
  const network = await relay(server.port);
  onTestFinished(() => network.close());
  const client = await server.dial({
    port: network.port,
    clock,
    idleTimeoutMs: 3 * HOUR_MS,
    keepAliveMs: HOUR_MS,
  });
  echo(await server.next());
  await network.quiet();
  // By the whole hour, and no sooner.
  const sent: number[] = [];
  for (let half = 0; half < 48; half++) {
    const before = network.fromClient();
    clock.advance(HOUR_MS / 2);
    await network.quiet();
    sent.push(network.fromClient() - before);
  }
  expect(sent).toEqual(Array.from({ length: 24 }, () => [0, 1]).flat());
  expect(await ask(client, 'still here')).toBe('still here');
  await client.close();
});

test('noise does not keep a client from keeping its connection alive', async () => {
  const clock = createFakeClock();
  await using server = await startServer();
  const network = await relay(server.port);
  onTestFinished(() => network.close());
  const client = await server.dial({ port: network.port, clock, keepAliveMs: 10_000 });
  echo(await server.next());
  await ask(client, 'hello');
  clock.advance(10_000);
  await network.quiet();
  const before = network.fromClient();
  for (let count = 0; count < 10; count++) {
    network.toClient(randomBytes(60));
    await network.quiet();
    clock.advance(1_000);
  }
  await network.quiet();
  expect(network.fromClient()).toBe(before + 1);
  await client.close();
});
