import type { Socket } from 'node:dgram';
import { once } from 'node:events';
import { createFakeClock } from '@rta/testkit';
import { describe, expect, onTestFinished, test } from 'vitest';
import { listenToFacts } from './facts.ts';
import { relay } from './relay.ts';
import { answerRequests, sendRequests } from './requests.ts';
import { openSocket } from './stranger.ts';
import { ask, echo, startServer } from './support.ts';

const ONCE_EACH = Array.from({ length: 1_000 }, () => 1);

/** Somebody who sends from an address of their own, and counts what comes back. */
interface Stranger {
  readonly socket: Socket;
  sentBytes: number;
  receivedBytes: number;
  send(datagram: Buffer, port: number): void;
}

async function openStranger(): Promise<Stranger> {
  const socket = await openSocket();
  const stranger: Stranger = {
    socket,
    sentBytes: 0,
    receivedBytes: 0,
    send: (datagram, port) => {
      stranger.sentBytes += datagram.byteLength;
      socket.send(Buffer.from(datagram), port, '127.0.0.1');
    },
  };
  socket.on('message', (datagram) => {
    stranger.receivedBytes += datagram.byteLength;
  });
  return stranger;
}

describe("who sends a client's packets from another address does not move its connection", () => {
  test.each([
    { when: 'after the client', isFirst: false, copies: 1_000 },
    // While it goes on, the connection is as one whose packets are lost.
    { when: 'before the client, for a while', isFirst: true, copies: 20 },
  ])('$when', async ({ isFirst, copies }) => {
    const facts = listenToFacts();
    await using listener = await startServer();
    const network = await relay(listener.port);
    onTestFinished(network.close);
    const { client, server } = await listener.pair({ port: network.port });
    const before = server.remoteAddress;
    answerRequests(server);
    await sendRequests(client, 100).answers;
    const stranger = await openStranger();
    const seen: string[] = [];
    network.filter((datagram, from) => {
      if (from !== 'client' || seen.length === copies) return true;
      seen.push(server.remoteAddress);
      if (isFirst) stranger.send(datagram, listener.port);
      else queueMicrotask(() => stranger.send(datagram, listener.port));
      return true;
    });
    expect(await sendRequests(client, 1_000).answers).toEqual(ONCE_EACH);
    await network.quiet();
    expect(seen.length).toBeGreaterThanOrEqual(20);
    expect(stranger.receivedBytes).toBeLessThanOrEqual(3 * stranger.sentBytes);
    expect(new Set([...seen, server.remoteAddress])).toEqual(new Set([before]));
    expect(facts.map(({ fact }) => fact)).not.toContain('migrated');
    await client.close();
  });
});

test('who sends one packet of a client from another address is sent three times as much at most', async () => {
  await using listener = await startServer();
  const network = await relay(listener.port);
  onTestFinished(network.close);
  const { client, server } = await listener.pair({ port: network.port });
  echo(server);
  await ask(client, 'before');
  await network.quiet();
  const stranger = await openStranger();
  network.filter((datagram, from) => {
    if (from === 'client') stranger.send(datagram, listener.port);
    return false;
  });
  const pushed = server.openStream();
  client.openStream().write(new Uint8Array(100));
  await once(stranger.socket, 'message');
  // More than the server may send to an address that has proved nothing.
  pushed.write(new Uint8Array(60_000));
  await network.quiet();
  expect(stranger.receivedBytes).toBeGreaterThan(0);
  expect(stranger.receivedBytes).toBeLessThanOrEqual(3 * stranger.sentBytes);
  await client.close();
});

test('garbage from other addresses uses up none of the changes that a server follows', async () => {
  const facts = listenToFacts();
  await using listener = await startServer();
  const network = await relay(listener.port);
  onTestFinished(network.close);
  let last: Buffer = Buffer.alloc(0);
  network.filter((datagram, from) => {
    if (from === 'client') last = Buffer.from(datagram);
    return true;
  });
  const { client, server } = await listener.pair({ port: network.port });
  echo(server);
  await ask(client, 'before');
  for (let count = 0; count < 20; count++) {
    const stranger = await openStranger();
    const damaged = Buffer.from(last);
    damaged.writeUInt8(damaged.readUInt8(damaged.byteLength - 1) ^ 1, damaged.byteLength - 1);
    stranger.send(damaged, listener.port);
    // Nor do copies of what has been read.
    stranger.send(last, listener.port);
  }
  network.rebind();
  expect(await ask(client, 'after')).toBe('after');
  await facts.until(({ fact }) => fact === 'migrated');
  await client.close();
});

test('a client that changes its address again and again is followed only so often in a while', async () => {
  const facts = listenToFacts();
  const clock = createFakeClock();
  await using listener = await startServer({ clock });
  const network = await relay(listener.port);
  onTestFinished(network.close);
  const { client, server } = await listener.pair({ port: network.port });
  echo(server);
  const migrations = (): number => facts.filter(({ fact }) => fact === 'migrated').length;
  for (let move = 1; move <= 4; move++) {
    network.rebind();
    expect(await ask(client, `move ${move}`)).toBe(`move ${move}`);
    await facts.until(() => migrations() === move);
  }
  network.rebind();
  const answer = ask(client, 'one more');
  await network.quiet();
  expect(migrations()).toBe(4);
  clock.advance(10_000);
  expect(await answer).toBe('one more');
  await facts.until(() => migrations() === 5);
  await client.close();
});

test('a client that has changed its address more often than quiche bears is left behind', async () => {
  const facts = listenToFacts();
  const clock = createFakeClock();
  await using listener = await startServer({ clock });
  const network = await relay(listener.port);
  onTestFinished(network.close);
  const { client, server } = await listener.pair({
    port: network.port,
    idleTimeoutMs: 1_000,
    keepAliveMs: 500,
  });
  const other = await listener.pair();
  echo(server);
  echo(other.server);
  for (let move = 1; move <= 7; move++) {
    network.rebind();
    expect(await ask(client, `move ${move}`)).toBe(`move ${move}`);
    await facts.until(() => facts.filter(({ fact }) => fact === 'migrated').length === move);
    clock.advance(10_000);
  }
  network.rebind();
  client.openStream().write(Uint8Array.of(1));
  expect((await client.closed).by).toBe('timeout');
  expect(await ask(other.client, 'not concerned')).toBe('not concerned');
  await other.client.close();
});
