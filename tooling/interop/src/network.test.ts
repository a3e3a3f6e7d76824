import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { openNetwork } from './network.ts';

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close();
});

async function open(): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  sockets.push(socket);
  return socket;
}

/** Answers every datagram with its first byte and a name. */
async function openServer(name: string): Promise<{ readonly port: number; readonly seen: number[] }> {
  const socket = await open();
  const seen: number[] = [];
  socket.on('message', (datagram, from) => {
    seen.push(from.port);
    socket.send(Buffer.concat([datagram.subarray(0, 1), Buffer.from(name)]), from.port, from.address);
  });
  return { port: socket.address().port, seen };
}

async function answerTo(client: Socket, port: number, firstByte = 0x40): Promise<string> {
  const answer = once(client, 'message') as Promise<[Buffer]>;
  client.send(Buffer.of(firstByte), port, '127.0.0.1');
  const [datagram] = await answer;
  return datagram.subarray(1).toString();
}

test('each client has its own answers, and may be led to another server', async () => {
  const [one, other] = [await openServer('one'), await openServer('other')];
  await using network = await openNetwork(one.port);
  const clients = [await open(), await open()];
  const answers = await Promise.all(clients.map((client) => answerTo(client, network.port)));
  expect(answers).toEqual(['one', 'one']);
  network.leadTo(other.port);
  expect(await answerTo(clients[0] as Socket, network.port)).toBe('other');
});

test('a network that forgets shows another port', async () => {
  const server = await openServer('server');
  await using network = await openNetwork(server.port);
  const client = await open();
  await answerTo(client, network.port);
  network.forget();
  await answerTo(client, network.port);
  expect(new Set(server.seen).size).toBe(2);
});

test('the second flight is lost, and Retry packets are counted', async () => {
  const server = await openServer('server');
  await using network = await openNetwork(server.port);
  const client = await open();
  network.loseSecondFlight();
  await answerTo(client, network.port, 0x40);
  // The answer is a Retry packet: a long header.
  await answerTo(client, network.port, 0xf0);
  await new Promise((resolve) => client.send(Buffer.of(0x40), network.port, '127.0.0.1', resolve));
  // It is there by now: in two turns of the event loop the network has read it.
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
  network.carry();
  await answerTo(client, network.port);
  expect(server.seen.length).toBe(3);
  expect(network.retries()).toBe(1);
});
