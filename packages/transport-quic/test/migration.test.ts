import type { Socket } from 'node:dgram';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import os from 'node:os';
import { createFakeClock } from '@rta/testkit';
import type { TransportConnection } from '@rta/transport';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { QUIC_LIMITS } from '../src/index.ts';
import { listenToFacts } from './facts.ts';
import { relay } from './relay.ts';
import { answerRequests, sendRequests } from './requests.ts';
import { ask, echo, startServer } from './support.ts';

const ONCE_EACH = Array.from({ length: 1_000 }, () => 1);

/** The client's sockets, as they are opened from now on: the ones that have a fixed peer. */
function watchSockets(): { newest(): Socket } {
  const sockets: Socket[] = [];
  const note = (message: unknown): void => void sockets.push((message as { socket: Socket }).socket);
  subscribe('udp.socket', note);
  onTestFinished(() => void unsubscribe('udp.socket', note));
  return {
    newest: () => {
      const socket = sockets.findLast(hasPeer);
      if (socket === undefined) throw new Error('the client has no socket');
      return socket;
    },
  };
}

function hasPeer(socket: Socket): boolean {
  try {
    return socket.remoteAddress().port > 0;
  } catch {
    return false;
  }
}

/** What the operating system says of a socket that is of no use any more. */
function failure(code: string): Error {
  return Object.assign(new Error(code), { code });
}

/** What a connection does for a while before a test begins: quiche is another one before its first acknowledgements. */
async function someTraffic(client: TransportConnection, server: TransportConnection): Promise<void> {
  answerRequests(server);
  for (let round = 0; round < 3; round++) await sendRequests(client, 100).answers;
}

describe('a client that moves', () => {
  test('is known by its new address, and goes on', async () => {
    const facts = listenToFacts();
    await using listener = await startServer();
    const { client, server } = await listener.pair();
    echo(server);
    const before = server.remoteAddress;
    await client.migrate();
    expect(await ask(client, 'after')).toBe('after');
    expect(server.remoteAddress).not.toBe(before);
    expect(facts.filter(({ fact }) => fact === 'migrated')).toEqual([
      {
        fact: 'migrated',
        connectionId: server.id,
        remoteAddress: server.remoteAddress,
        previousAddress: before,
      },
    ]);
    await client.close();
  });

  test('loses none of a thousand requests, and has none answered twice', async () => {
    await using listener = await startServer();
    const { client, server } = await listener.pair();
    await someTraffic(client, server);
    answerRequests(server);
    const requests = sendRequests(client, 1_000);
    await requests.begun;
    await client.migrate();
    expect(await requests.answers).toEqual(ONCE_EACH);
    await client.close();
  });

  test('loses no answers that were on their way to where it was', async () => {
    await using listener = await startServer();
    const network = await relay(listener.port);
    onTestFinished(network.close);
    const { client, server } = await listener.pair({ port: network.port });
    await someTraffic(client, server);
    const gate = Promise.withResolvers<void>();
    answerRequests(server, gate.promise);
    const requests = sendRequests(client, 1_000);
    await network.quiet();
    network.filter((_datagram, from, _index, port) => from === 'client' || port > 0);
    gate.resolve();
    await client.migrate();
    expect(await requests.answers).toEqual(ONCE_EACH);
    await client.close();
  });
});

describe('a NAT that gives the client another address', () => {
  test('loses none of a thousand requests, and has none answered twice', async () => {
    await using listener = await startServer();
    const network = await relay(listener.port);
    onTestFinished(network.close);
    const { client, server } = await listener.pair({ port: network.port });
    const before = server.remoteAddress;
    await someTraffic(client, server);
    answerRequests(server);
    const requests = sendRequests(client, 1_000);
    await requests.begun;
    network.rebind();
    expect(await requests.answers).toEqual(ONCE_EACH);
    expect(server.remoteAddress).not.toBe(before);
    await client.close();
  });

  test('loses no answers that were on their way to the old one', async () => {
    const facts = listenToFacts();
    await using listener = await startServer();
    const network = await relay(listener.port);
    onTestFinished(network.close);
    const { client, server } = await listener.pair({ port: network.port });
    await someTraffic(client, server);
    const gate = Promise.withResolvers<void>();
    answerRequests(server, gate.promise);
    const requests = sendRequests(client, 1_000);
    await network.quiet();
    network.rebind();
    gate.resolve();
    await network.quiet();
    // The server learns the new address by whatever the client says next.
    client.openStream().write(Uint8Array.of(1));
    await facts.until(({ fact }) => fact === 'migrated');
    expect(await requests.answers).toEqual(ONCE_EACH);
    await client.close();
  });
});

test('what a server pushes to an address that a NAT has forgotten arrives when the client is heard again', async () => {
  const facts = listenToFacts();
  await using listener = await startServer();
  const network = await relay(listener.port);
  onTestFinished(network.close);
  const { client, server } = await listener.pair({ port: network.port });
  await someTraffic(client, server);
  answerRequests(client);
  // The server speaks last, so that all that it sent by the old address is acknowledged.
  await sendRequests(server, 100).answers;
  server.openStream().write(Uint8Array.of(1));
  await network.quiet();
  network.rebind();
  const pushes = sendRequests(server, 1_000);
  await network.quiet();
  client.openStream().write(Uint8Array.of(1));
  await facts.until(({ fact }) => fact === 'migrated');
  expect(await pushes.answers).toEqual(ONCE_EACH);
  await client.close();
});

describe('a move that the program asks for', () => {
  test('may be to another local address', async () => {
    await using listener = await startServer();
    const { client, server } = await listener.pair();
    echo(server);
    await client.migrate({ localHost: '127.0.0.1' });
    expect(await ask(client, 'there')).toBe('there');
    expect(server.remoteAddress.startsWith('127.0.0.1:')).toBe(true);
    await client.close();
  });

  test('works over IPv6', async () => {
    await using listener = await startServer({ host: '::1' });
    const { client, server } = await listener.pair({ host: '::1' });
    echo(server);
    const before = server.remoteAddress;
    await client.migrate();
    expect(await ask(client, 'six')).toBe('six');
    expect(server.remoteAddress).not.toBe(before);
    await client.close();
  });

  test('leaves streams as they are of which one side has ended', async () => {
    await using listener = await startServer();
    const { client, server } = await listener.pair();
    const answers = Promise.withResolvers<string>();
    const halfClosed = Promise.withResolvers<() => void>();
    server.onStream((stream) => {
      stream.setHandlers({
        onData: () => {},
        onEnd: () => {
          stream.write(new TextEncoder().encode('before '));
          halfClosed.resolve(() => {
            stream.write(new TextEncoder().encode('after'));
            stream.end();
          });
        },
      });
    });
    let answer = '';
    const stream = client.openStream();
    stream.setHandlers({
      onData: (chunk) => {
        answer += new TextDecoder().decode(chunk);
      },
      onEnd: () => answers.resolve(answer),
    });
    stream.write(Uint8Array.of(1));
    stream.end();
    const answerMore = await halfClosed.promise;
    await client.migrate();
    answerMore();
    expect(await answers.promise).toBe('before after');
    await client.close();
  });

  test('can be followed by others, as long as quiche has paths left', async () => {
    await using listener = await startServer();
    const { client, server } = await listener.pair();
    echo(server);
    const seen = new Set([server.remoteAddress]);
    for (let move = 1; move < QUIC_LIMITS.pathCount / 2; move++) {
      await client.migrate();
      expect(await ask(client, `move ${move}`)).toBe(`move ${move}`);
      seen.add(server.remoteAddress);
    }
    expect(seen.size).toBe(4);
    await client.close();
  });

  test('waits for the one before it', async () => {
    await using listener = await startServer();
    const { client, server } = await listener.pair();
    echo(server);
    await Promise.all([client.migrate(), client.migrate()]);
    expect(await ask(client, 'twice')).toBe('twice');
    await client.close();
  });

  test('waits for the handshake that early data is ahead of', async () => {
    await using listener = await startServer({ earlyData: true });
    const first = await listener.pair();
    const ticket = await new Promise<Uint8Array>((resolve) => first.client.onTicket(resolve));
    const { client, server } = await listener.pair({ ticket });
    echo(server);
    await client.migrate();
    expect(client.earlyData).toBe('accepted');
    expect(await ask(client, 'early mover')).toBe('early mover');
    await Promise.all([client.close(), first.client.close()]);
  });

  test('changes nothing where the new path does not carry', async () => {
    await using listener = await startServer();
    const network = await relay(listener.port);
    onTestFinished(network.close);
    const clock = createFakeClock();
    const { client, server } = await listener.pair({ port: network.port, clock });
    echo(server);
    const before = server.remoteAddress;
    network.filter((_datagram, _from, _index, port) => port === 0);
    const moved = client.migrate();
    await network.nextClientPort();
    expect(await ask(client, 'meanwhile')).toBe('meanwhile');
    clock.advance(4_000);
    await expect(moved).rejects.toMatchObject({ code: 'RTA_TRANSPORT_UNREACHABLE' });
    expect(await ask(client, 'afterwards')).toBe('afterwards');
    expect(server.remoteAddress).toBe(before);
    expect(client.openStreams).toBe(0);

    // The same again and again, and then a path that carries.
    for (let time = 0; time < 3; time++) {
      const again = client.migrate();
      await network.nextClientPort();
      clock.advance(4_000);
      await expect(again).rejects.toMatchObject({ code: 'RTA_TRANSPORT_UNREACHABLE' });
    }
    network.filter(() => true);
    await client.migrate();
    expect(await ask(client, 'at last')).toBe('at last');
    expect(server.remoteAddress).not.toBe(before);
    await client.close();
  });

  test('changes nothing where it is given up', async () => {
    await using listener = await startServer();
    const network = await relay(listener.port);
    onTestFinished(network.close);
    const { client, server } = await listener.pair({ port: network.port });
    echo(server);
    network.filter((_datagram, _from, _index, port) => port === 0);
    const controller = new AbortController();
    const reason = new Error('not wanted any more');
    const moved = client.migrate({ signal: controller.signal });
    const second = client.migrate({ signal: controller.signal });
    await network.nextClientPort();
    controller.abort(reason);
    await expect(moved).rejects.toBe(reason);
    await expect(second).rejects.toBe(reason);
    await expect(client.migrate({ signal: controller.signal })).rejects.toBe(reason);
    expect(await ask(client, 'here')).toBe('here');
    await client.close();
  });

  test.each([
    ['an address that this machine does not have', '192.0.2.1', { code: 'RTA_TRANSPORT_UNREACHABLE' }],
    ['an address of the other family', '::1', { code: 'RTA_TRANSPORT_UNREACHABLE' }],
    ['what is no address', 'localhost', { name: 'TypeError' }],
  ])('is refused to %s', async (_what, localHost, error) => {
    await using listener = await startServer();
    const { client, server } = await listener.pair();
    echo(server);
    await expect(client.migrate({ localHost })).rejects.toMatchObject(error);
    expect(await ask(client, 'unmoved')).toBe('unmoved');
    await client.close();
  });

  test('is refused when the connection is closed, or closes meanwhile', async () => {
    await using listener = await startServer();
    const network = await relay(listener.port);
    onTestFinished(network.close);
    const { client } = await listener.pair({ port: network.port });
    network.filter((_datagram, _from, _index, port) => port === 0);
    const moved = client.migrate();
    await network.nextClientPort();
    await client.close();
    await expect(moved).rejects.toMatchObject({ code: 'RTA_TRANSPORT_CLOSED' });
    await expect(client.migrate()).rejects.toMatchObject({ code: 'RTA_TRANSPORT_CLOSED' });
  });

  test('takes the close of either side with it', async () => {
    await using listener = await startServer();
    const one = await listener.pair();
    await one.client.migrate();
    await one.server.close(7, 'seen');
    expect(await one.client.closed).toEqual({ by: 'peer', code: 7, reason: 'seen' });
    const other = await listener.pair();
    await other.client.migrate();
    await other.client.close(8, 'gone');
    expect(await other.server.closed).toEqual({ by: 'peer', code: 8, reason: 'gone' });
  });
});

describe('a client whose socket is lost', () => {
  test('goes on by another one, and loses none of a thousand requests', async () => {
    const sockets = watchSockets();
    await using listener = await startServer();
    const { client, server } = await listener.pair();
    const before = server.remoteAddress;
    await someTraffic(client, server);
    answerRequests(server);
    const requests = sendRequests(client, 1_000);
    await requests.begun;
    sockets.newest().close();
    expect(await requests.answers).toEqual(ONCE_EACH);
    expect(server.remoteAddress).not.toBe(before);
    await client.close();
  });

  test.each(['ENETUNREACH', 'EADDRNOTAVAIL', 'EHOSTUNREACH', 'ENETDOWN'])(
    'goes on by another one after %s',
    async (code) => {
      const facts = listenToFacts();
      const sockets = watchSockets();
      await using listener = await startServer();
      const { client, server } = await listener.pair();
      echo(server);
      await ask(client, 'before');
      const before = server.remoteAddress;
      sockets.newest().emit('error', failure(code));
      expect(await ask(client, code)).toBe(code);
      await facts.until(({ fact }) => fact === 'migrated');
      expect(server.remoteAddress).not.toBe(before);
      await client.close();
    },
  );

  test.each(['ECONNREFUSED', 'ENOBUFS', 'EMSGSIZE'])('stays where it is after %s', async (code) => {
    const sockets = watchSockets();
    await using listener = await startServer();
    const { client, server } = await listener.pair();
    echo(server);
    await ask(client, 'before');
    const before = server.remoteAddress;
    sockets.newest().emit('error', failure(code));
    expect(await ask(client, code)).toBe(code);
    expect(server.remoteAddress).toBe(before);
    expect(client.openStreams).toBe(0);
    await client.close();
  });

  test('tries again, more and more seldom, until there is a network', async () => {
    const sockets = watchSockets();
    await using listener = await startServer();
    const network = await relay(listener.port);
    onTestFinished(network.close);
    const clock = createFakeClock();
    const { client, server } = await listener.pair({ port: network.port, clock, keepAliveMs: 15_000 });
    echo(server);
    await ask(client, 'before');
    const lose = (): void => void sockets.newest().emit('error', failure('ENETUNREACH'));
    network.swallow();
    let moved = network.nextClientPort();
    lose();
    await moved;
    for (const waitMs of [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]) {
      const before = network.clientPorts();
      moved = network.nextClientPort();
      lose();
      clock.advance(waitMs - 1);
      await network.quiet();
      expect(network.clientPorts()).toBe(before);
      clock.advance(1);
      await moved;
    }
    network.filter(() => true);
    lose();
    clock.advance(5_000);
    expect(await ask(client, 'after')).toBe('after');
    await client.close();
  });
});

test('a client whose address is gone from the interfaces moves within seconds', async () => {
  const facts = listenToFacts();
  const sockets = watchSockets();
  await using listener = await startServer();
  const clock = createFakeClock();
  const { client, server } = await listener.pair({ clock });
  echo(server);
  const before = server.remoteAddress;
  clock.advance(3_000);
  expect(await ask(client, 'still there')).toBe('still there');
  expect(server.remoteAddress).toBe(before);
  const lost = sockets.newest();
  const interfaces = vi.spyOn(os, 'networkInterfaces').mockReturnValue({});
  onTestFinished(() => interfaces.mockRestore());
  clock.advance(3_000);
  await once(lost, 'close');
  expect(await ask(client, 'elsewhere')).toBe('elsewhere');
  await facts.until(({ fact }) => fact === 'migrated');
  expect(server.remoteAddress).not.toBe(before);
  await client.close();
});

test('a client that is not answered when it asks for a sign of life tries another socket', async () => {
  await using listener = await startServer();
  const network = await relay(listener.port);
  onTestFinished(network.close);
  const clock = createFakeClock();
  const { client, server } = await listener.pair({ port: network.port, clock, keepAliveMs: 10_000 });
  echo(server);
  await network.quiet();
  clock.advance(9_999);
  // The network goes on for any but this socket.
  network.filter((_datagram, _from, _index, port) => port > 0);
  clock.advance(1);
  await network.quiet();
  expect(network.clientPorts()).toBe(1);
  const moved = network.nextClientPort();
  clock.advance(10_000);
  await moved;
  expect(await ask(client, 'alive')).toBe('alive');
  await client.close();
});
