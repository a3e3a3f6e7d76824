import { randomBytes } from 'node:crypto';
import { createDevPki } from '@rta/devkit';
import { createFakeClock } from '@rta/testkit';
import type { TransportConnection } from '@rta/transport';
import { describe, expect, test } from 'vitest';
import { createQuicDialer, type ListenQuicOptions } from '../src/index.ts';
import { relay } from './relay.ts';
import { ask, echo, pki, startServer, type TestServer } from './support.ts';

const secret = randomBytes(32);

/** A server that answers every stream, and notes what it read and whether it was early. */
async function startEcho(options: Partial<ListenQuicOptions> = {}): Promise<{
  server: TestServer;
  heard: { text: string; early: boolean }[];
  connections: TransportConnection[];
}> {
  const heard: { text: string; early: boolean }[] = [];
  const connections: TransportConnection[] = [];
  const server = await startServer({
    earlyData: true,
    secret,
    onConnection: (connection) => {
      connections.push(connection);
      connection.onStream((stream) => {
        stream.setHandlers({
          onData: (chunk) => {
            heard.push({ text: Buffer.from(chunk).toString(), early: connection.isEarly });
            stream.write(chunk);
          },
          onEnd: () => stream.end(),
        });
      });
    },
    ...options,
  });
  return { server, heard, connections };
}

async function ticketOf(server: TestServer): Promise<Uint8Array> {
  const client = await server.dial();
  const ticket = await new Promise<Uint8Array>((resolve) => client.onTicket(resolve));
  await client.close();
  return ticket;
}

/** What a client with a ticket sent before it heard anything. */
async function captureFirstFlight(server: TestServer, ticket: Uint8Array): Promise<Buffer[]> {
  const network = await relay(server.port);
  const flight: Buffer[] = [];
  network.filter((datagram, from) => {
    if (from === 'client') flight.push(Buffer.from(datagram));
    return false;
  });
  const client = await server.dial({ ticket, port: network.port });
  client.openStream().write(Buffer.from('captured'));
  await network.quiet();
  await client.close();
  network.close();
  return flight;
}

describe('with a ticket', () => {
  test('what is written at once goes as early data, and is answered', async () => {
    const { server, heard } = await startEcho();
    await using _ = server;
    const ticket = await ticketOf(server);

    const client = await server.dial({ ticket });
    expect(client.earlyData).toBe('pending');
    expect(await ask(client, 'early')).toBe('early');
    await client.established;

    expect(client.earlyData).toBe('accepted');
    expect(heard).toEqual([{ text: 'early', early: true }]);
    await client.close();
  });

  test('the client may move afterwards as any other, and is given another ticket', async () => {
    const { server, connections } = await startEcho();
    await using _ = server;
    const ticket = await ticketOf(server);

    const client = await server.dial({ ticket });
    const next = new Promise<Uint8Array>((resolve) => client.onTicket(resolve));
    await client.established;
    const before = connections.at(-1)?.remoteAddress;
    await client.migrate();
    expect(await ask(client, 'moved')).toBe('moved');
    expect(connections.at(-1)?.remoteAddress).not.toBe(before);
    await client.close();

    const again = await server.dial({ ticket: await next });
    expect(again.earlyData).toBe('pending');
    await again.close();
  });

  test('the handshake of the server does not wait for the answer of its program', async () => {
    const events: { of: string; what: string }[] = [];
    let latest = '';
    await using server = await startServer({
      earlyData: true,
      onConnection(connection) {
        latest = connection.id;
        events.push({ of: latest, what: connection.isEarly ? 'early connection' : 'connection' });
        echo(connection);
      },
      qlog: ({ connectionId }) => ({
        write(record) {
          if (record.includes('transport:packet_sent')) events.push({ of: connectionId, what: 'packet' });
        },
        end: () => {},
      }),
    });
    const ticket = await ticketOf(server);

    const client = await server.dial({ ticket });
    await ask(client, 'early');

    const story = events.filter(({ of }) => of === latest).map(({ what }) => what);
    expect(story).toContain('early connection');
    expect(story[0]).toBe('packet');
    await client.close();
  });

  test('both ends see the channel binding of the connection that the ticket is from', async () => {
    const { server, connections } = await startEcho();
    await using _ = server;
    const before = await server.dial();
    const ticket = await new Promise<Uint8Array>((resolve) => before.onTicket(resolve));

    const client = await server.dial({ ticket });
    const early = Uint8Array.from(client.channelBinding);
    await ask(client, 'hello');

    expect(early).toEqual(before.channelBinding);
    expect(client.channelBinding).toEqual(before.channelBinding);
    expect(connections.at(-1)?.channelBinding).toEqual(before.channelBinding);
    await Promise.all([before.close(), client.close()]);
  });

  test('a listener with the same secret takes it', async () => {
    const { server } = await startEcho();
    await using _ = server;
    const { server: other, heard } = await startEcho();
    await using __ = other;
    const ticket = await ticketOf(server);

    const client = await other.dial({ ticket });
    await ask(client, 'hello');

    expect(client.earlyData).toBe('accepted');
    expect(heard).toEqual([{ text: 'hello', early: true }]);
    await client.close();
  });

  test('a server that takes no early data is connected to as ever', async () => {
    const { server, heard } = await startEcho({ earlyData: false });
    await using _ = server;
    const ticket = await ticketOf(server);

    const client = await server.dial({ ticket });
    await ask(client, 'hello');

    expect(client.earlyData).toBe('none');
    expect(heard).toEqual([{ text: 'hello', early: false }]);
    await client.close();
  });

  test('a server that is not there is told by `established`', async () => {
    const { server } = await startEcho();
    const ticket = await ticketOf(server);
    await server.listener.close();

    const client = await server.dial({ ticket, connectTimeoutMs: 2_000 });
    client.openStream().write(Uint8Array.of(1));

    await expect(client.established).rejects.toMatchObject({ code: 'RTA_TRANSPORT_UNREACHABLE' });
    await client.closed;
  });

  test('closing before the handshake is complete closes', async () => {
    const { server, connections } = await startEcho();
    await using _ = server;
    const ticket = await ticketOf(server);
    const client = await server.dial({ ticket });
    client.openStream().write(Uint8Array.of(1));
    await client.close(3, 'changed my mind');
    expect(await client.closed).toEqual({ by: 'local', code: 3, reason: 'changed my mind' });
    await expect(client.established).rejects.toMatchObject({ code: 'RTA_TRANSPORT_HANDSHAKE' });
    expect(connections).toHaveLength(1);
  });
});

describe('early data that the server rejects', () => {
  test('is sent again after the handshake: the server reads it once, the client gets one answer', async () => {
    const { server } = await startEcho();
    const ticket = await ticketOf(server);
    const { port } = server;
    await server.listener.close();
    const { server: restarted, heard } = await startEcho({ port, secret: randomBytes(32) });
    await using _ = restarted;

    const client = await restarted.dial({ ticket });
    const answers = await Promise.all(['a', 'b', 'c'].map((text) => ask(client, text)));
    await client.established;

    expect(answers).toEqual(['a', 'b', 'c']);
    expect(client.earlyData).toBe('rejected');
    expect(heard.toSorted((one, other) => one.text.localeCompare(other.text))).toEqual([
      { text: 'a', early: false },
      { text: 'b', early: false },
      { text: 'c', early: false },
    ]);
    await client.close();
  });

  test('where the certificate is another one, and the channel binding is that of the new one', async () => {
    const { server } = await startEcho();
    const ticket = await ticketOf(server);
    const { port } = server;
    await server.listener.close();
    const { certPem: cert, keyPem: key } = await pki.issueServerCertificate({
      names: ['localhost'],
      ips: ['127.0.0.1'],
    });
    const { server: renewed, heard, connections } = await startEcho({ port, cert, key });
    await using _ = renewed;

    const client = await renewed.dial({ ticket });
    const early = Uint8Array.from(client.channelBinding);
    expect(await ask(client, 'hello')).toBe('hello');

    expect(client.earlyData).toBe('rejected');
    expect(heard).toEqual([{ text: 'hello', early: false }]);
    expect(client.channelBinding).not.toEqual(early);
    expect(connections.at(-1)?.channelBinding).toEqual(client.channelBinding);
    await client.close();
  });

  test('is not given to a server that is not the one that was meant', async () => {
    const { server } = await startEcho();
    const ticket = await ticketOf(server);
    const { port } = server;
    await server.listener.close();
    const stranger = await createDevPki();
    const { certPem: cert, keyPem: key } = await stranger.issueServerCertificate({
      names: ['localhost'],
      ips: ['127.0.0.1'],
    });
    const { server: impostor, heard } = await startEcho({ port, cert, key });
    await using _ = impostor;

    const client = await impostor.dial({ ticket });
    client.openStream().write(Buffer.from('secret'));

    await expect(client.established).rejects.toMatchObject({ code: 'RTA_TRANSPORT_CERTIFICATE' });
    await client.closed;
    expect(heard).toEqual([]);
  });

  test('of a ticket whose key has been replaced', async () => {
    const clock = createFakeClock();
    const { server, heard } = await startEcho({ clock });
    await using _ = server;
    const ticket = await ticketOf(server);
    clock.advance(3_600_000);

    const client = await server.dial({ ticket });
    await ask(client, 'hello');

    expect(client.earlyData).toBe('rejected');
    expect(heard).toEqual([{ text: 'hello', early: false }]);
    await client.close();
  });
});

describe('a ticket is not used', () => {
  test.each([
    ['nothing', new Uint8Array(0)],
    ['noise', new Uint8Array(900).fill(7)],
  ])('that is %s', async (_, ticket) => {
    const { server } = await startEcho();
    await using __ = server;
    const client = await server.dial({ ticket });
    expect(client.earlyData).toBe('none');
    expect(await ask(client, 'hello')).toBe('hello');
    await client.close();
  });

  test('that was cut off, or has a bit changed', async () => {
    const { server } = await startEcho();
    await using _ = server;
    const ticket = await ticketOf(server);
    for (const damaged of [
      ticket.subarray(0, 40),
      ticket.subarray(0, -1),
      flip(ticket, 0),
      flip(ticket, 5),
    ]) {
      const client = await server.dial({ ticket: damaged });
      expect(client.earlyData).toBe('none');
      expect(await ask(client, 'hello')).toBe('hello');
      await client.close();
    }
  });

  test('for another name', async () => {
    const { server } = await startEcho();
    await using _ = server;
    const ticket = await ticketOf(server);
    const client = await server.dial({ ticket, serverName: 'localhost' });
    expect(client.earlyData).toBe('none');
    await client.close();
  });

  test('where other authorities are trusted than when it was given', async () => {
    const { server } = await startEcho();
    await using _ = server;
    const ticket = await ticketOf(server);
    const other = await createDevPki();
    await expect(server.dial({ ticket, ca: other.caCertPem })).rejects.toMatchObject({
      code: 'RTA_TRANSPORT_CERTIFICATE',
    });
  });

  test('whose certificate has expired', async () => {
    const { server } = await startEcho();
    await using _ = server;
    const ticket = await ticketOf(server);
    const clock = createFakeClock(Date.now() + 20 * 365 * 86_400_000);
    const client = await server.dial({ ticket, clock });
    expect(client.earlyData).toBe('none');
    await client.close();
  });

  test('whose certificate has expired since it was found valid', async () => {
    const { server } = await startEcho();
    await using _ = server;
    const tickets = [await ticketOf(server), await ticketOf(server)];
    const clock = createFakeClock(Date.now());
    const { dial } = createQuicDialer({ host: '127.0.0.1', port: server.port, ca: pki.caCertPem, clock });
    const outcomes: string[] = [];
    for (const ticket of tickets) {
      const client = await dial({ ticket });
      outcomes.push(client.earlyData);
      await client.established;
      await client.close();
      clock.advance(20 * 365 * 86_400_000);
    }
    expect(outcomes).toEqual(['pending', 'none']);
  });
});

describe('a replay', () => {
  test('shows itself as early for as long as it lives, and ends without a handshake', async () => {
    const clock = createFakeClock();
    const { server, heard, connections } = await startEcho({ clock });
    await using _ = server;
    const flight = await captureFirstFlight(server, await ticketOf(server));
    connections.length = 0;

    const network = await relay(server.port);
    network.swallow();
    for (const datagram of flight) network.toServer(datagram);
    await network.quiet();

    expect(heard).toEqual([{ text: 'captured', early: true }]);
    expect(connections.map(({ isEarly }) => isEarly)).toEqual([true]);
    clock.advance(10_000);
    expect(await connections[0]?.closed).toMatchObject({ by: 'local' });
    expect(server.listener.openConnections).toBe(0);
    network.close();
  });

  test('counts as a handshake, and as a connection, until it ends', async () => {
    const { server } = await startEcho({ maxConnectionCount: 1 });
    await using _ = server;
    const ticket = await ticketOf(server);
    const flight = await captureFirstFlight(server, ticket);
    const network = await relay(server.port);
    network.swallow();
    for (const datagram of flight) network.toServer(datagram);
    await network.quiet();

    await expect(server.dial()).rejects.toMatchObject({ code: 'RTA_TRANSPORT_UNREACHABLE' });
    network.close();
  });
});

test('a ticket is given once, and to a handler that is set late too', async () => {
  await using server = await startServer();
  const { client, server: far } = await server.pair();
  echo(far);
  await ask(client, 'any');
  const tickets: Uint8Array[] = [];
  await new Promise<void>((resolve) => {
    client.onTicket((ticket) => {
      tickets.push(ticket);
      resolve();
    });
  });
  await ask(client, 'more');
  expect(tickets).toHaveLength(1);
  await client.close();
});

test.each([0, 31, 33])('a secret of %d bytes is refused', async (bytes) => {
  await expect(startServer({ secret: new Uint8Array(bytes) })).rejects.toMatchObject({
    code: 'RTA_TRANSPORT_CONFIG',
    details: { option: 'secret', bytes },
  });
});

function flip(bytes: Uint8Array, at: number): Uint8Array {
  return bytes.map((byte, index) => (index === at ? byte ^ 1 : byte));
}
