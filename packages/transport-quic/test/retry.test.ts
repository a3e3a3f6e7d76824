import { createFakeClock } from '@rta/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { listenToFacts } from './facts.ts';
import { type Relay, relay } from './relay.ts';
import { captureHellos, openSocket } from './stranger.ts';
import { ask, echo, startServer } from './support.ts';

/** An Initial packet of version 1. */
const isInitial = (datagram: Buffer): boolean => (datagram.readUInt8(0) & 0xf0) === 0xc0;
/** A Retry packet of version 1. */
const isRetry = (datagram: Buffer): boolean => (datagram.readUInt8(0) & 0xf0) === 0xf0;

async function relayTo(port: number): Promise<Relay> {
  const network = await relay(port);
  onTestFinished(() => network.close());
  return network;
}

/**
 * Lets a client begin, and keeps what it sends after it was sent a Retry.
 *
 * @returns its second first packet, with the token.
 */
function captureTokenBearer(network: Relay): Promise<Buffer> {
  const { promise, resolve } = Promise.withResolvers<Buffer>();
  let wasSentRetry = false;
  network.filter((datagram, from) => {
    if (from === 'server') {
      wasSentRetry ||= isRetry(datagram);
      return true;
    }
    if (!wasSentRetry) return true;
    if (isInitial(datagram)) resolve(Buffer.from(datagram));
    return false;
  });
  return promise;
}

test('a client that is asked to prove its address does, and connects', async () => {
  const facts = listenToFacts();
  await using server = await startServer({ retry: 'always' });
  const { client, server: accepted } = await server.pair();
  echo(accepted);
  expect(await ask(client, 'hello')).toBe('hello');
  expect(facts.map(({ fact }) => fact)).toEqual(['retry', 'opened']);
});

test('so does one with a ticket, and what it wrote early arrives once', async () => {
  await using server = await startServer({ retry: 'always', earlyData: true });
  const first = await server.pair();
  const ticket = await new Promise<Uint8Array>((resolve) => first.client.onTicket(resolve));
  const client = await server.dial({ ticket });
  const answer = ask(client, 'early');
  echo(await server.next());
  expect(await answer).toBe('early');
  await client.established;
});

test('a listener that many besiege asks for proof, and lets those in who bring it', async () => {
  const facts = listenToFacts();
  await using server = await startServer({ maxHandshakeCount: 8 });
  const stranger = await openSocket();
  for (const hello of await captureHellos(3)) stranger.send(hello, server.port, '127.0.0.1');
  await facts.until(({ fact }) => fact === 'retry');
  const { client } = await server.pair();
  expect(client.isEarly).toBe(false);
  // One for the stranger's third packet, one for the client.
  expect(facts.map(({ fact }) => fact)).toEqual(['retry', 'retry', 'opened']);
});

test('a listener that nobody besieges asks for none', async () => {
  const facts = listenToFacts();
  await using server = await startServer();
  for (let count = 0; count < 5; count++) await server.pair();
  expect(facts.map(({ fact }) => fact)).toEqual(['opened', 'opened', 'opened', 'opened', 'opened']);
});

test('a token is of no use to another address: its bearer is told, and no handshake begins', async () => {
  const facts = listenToFacts();
  await using server = await startServer({ retry: 'always' });
  const network = await relayTo(server.port);
  const bearer = captureTokenBearer(network);
  const controller = new AbortController();
  const dialing = server.dial({ port: network.port, signal: controller.signal });
  const packet = await bearer;
  controller.abort();
  await dialing.catch(() => {});

  const thief = await openSocket();
  const answer = new Promise<Buffer>((resolve) => thief.once('message', resolve));
  thief.send(packet, server.port, '127.0.0.1');
  // A close in an Initial packet, and no ServerHello.
  expect(isInitial(await answer)).toBe(true);
  expect((await answer).byteLength).toBeLessThan(100);
  expect(facts.map(({ fact }) => fact)).toEqual(['retry', 'refused']);
  expect(facts.at(-1)).toMatchObject({ because: 'token' });
});

test('a token that comes too late ends the dial at once, and the next dial has another', async () => {
  const clock = createFakeClock();
  const facts = listenToFacts();
  await using server = await startServer({ retry: 'always', clock });
  const network = await relayTo(server.port);
  const bearer = captureTokenBearer(network);
  const dialing = server.dial({ port: network.port });
  const packet = await bearer;
  clock.advance(10_001);
  network.filter(() => true);
  network.toServer(packet);
  await expect(dialing).rejects.toMatchObject({ code: 'RTA_TRANSPORT_UNREACHABLE', retryable: true });
  expect(facts.at(-1)).toMatchObject({ fact: 'refused', because: 'token' });
  await server.pair();
});

test('a token that was damaged on its way is refused', async () => {
  const facts = listenToFacts();
  await using server = await startServer({ retry: 'always' });
  const network = await relayTo(server.port);
  const bearer = captureTokenBearer(network);
  const dialing = server.dial({ port: network.port });
  const packet = await bearer;
  // The token begins after the header: 6 bytes, an id of 16, a length, an id of 16, a length.
  packet.writeUInt8(packet.readUInt8(45) ^ 1, 45);
  network.filter(() => true);
  network.toServer(packet);
  await expect(dialing).rejects.toMatchObject({ code: 'RTA_TRANSPORT_UNREACHABLE' });
  expect(facts.map(({ fact }) => fact)).toEqual(['retry', 'refused']);
});
