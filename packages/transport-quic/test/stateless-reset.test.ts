import { randomBytes } from 'node:crypto';
import { createFakeClock } from '@rta/testkit';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { DialQuicOptions, ListenQuicOptions, QuicClientConnection } from '../src/index.ts';
import { type Address, NativeConfig, NativeConnection, nativeResetToken } from '../src/native.ts';
import { listenToFacts } from './facts.ts';
import { type Relay, relay } from './relay.ts';
import { ask, echo, identity, startServer, type TestServer } from './support.ts';

const secret = randomBytes(32);

/** A client whose server dies without a word, and another that takes the port. */
async function restart(
  before: Partial<ListenQuicOptions>,
  after: Partial<ListenQuicOptions>,
  dial: Partial<DialQuicOptions> = {},
): Promise<{ client: QuicClientConnection; server: TestServer; network: Relay }> {
  const dead = await startServer(before);
  const network = await relay(dead.port);
  onTestFinished(() => network.close());
  const client = await dead.dial({ ...dial, port: network.port });
  echo(await dead.next());
  await ask(client, 'before');
  await network.quiet();
  network.swallow();
  await dead.listener.close();
  const server = await startServer({ ...after, port: dead.port });
  await network.quiet();
  network.filter(() => true);
  return { client, server, network };
}

const LOST = { by: 'transport', code: 0, reason: 'the peer has lost the connection' };

describe('a client whose server has forgotten it', () => {
  test.each([
    ['', {}],
    ['after a Retry', { retry: 'always' as const }],
  ])('is told at its next packet %s', async (_when, options) => {
    const facts = listenToFacts();
    const { client, server, network } = await restart({ secret, ...options }, { secret });
    await using _ = server;
    const sentBefore = network.fromClient();
    client.openStream().write(Uint8Array.of(1));
    expect(await client.closed).toEqual(LOST);
    expect(network.fromClient()).toBe(sentBefore + 1);
    expect(facts.at(-1)?.fact).toBe('reset');
  });

  test('is told by its keep-alive, where it has nothing to say', async () => {
    const clock = createFakeClock();
    const { client, server } = await restart({ secret }, { secret }, { clock });
    await using _ = server;
    clock.advance(10_000);
    expect(await client.closed).toEqual(LOST);
  });

  test('is not told by a server that does not know the secret', async () => {
    const { client, server, network } = await restart({ secret }, { secret: randomBytes(32) });
    await using _ = server;
    const facts = listenToFacts();
    client.openStream().write(Uint8Array.of(1));
    await facts.until(({ fact }) => fact === 'reset');
    await network.quiet();
    expect(await Promise.race([client.closed, Promise.resolve('open')])).toBe('open');
    await client.close();
  });
});

test('noise that ends in anything but the token leaves a client as it is', async () => {
  await using server = await startServer({ secret });
  const network = await relay(server.port);
  onTestFinished(() => network.close());
  const client = await server.dial({ port: network.port });
  echo(await server.next());
  for (let count = 0; count < 50; count++) {
    const noise = randomBytes(40);
    noise.writeUInt8(0x40, 0);
    network.toClient(noise);
  }
  expect(await ask(client, 'still here')).toBe('still here');
});

test('quiche knows the reset token of a connection’s first id, and of no other', () => {
  const [first, spare] = [randomBytes(16), randomBytes(16)];
  const { client, server, exchange } = nativePair(first);
  server.newSourceCid(randomBytes(16), nativeResetToken(spare), false);
  exchange();
  expect(client.availableDcids()).toBe(1);

  client.recv(reset(spare), FROM_SERVER);
  expect(client.isClosed()).toBe(false);
  client.recv(reset(first), FROM_SERVER);
  expect(client.isClosed()).toBe(true);
});

const reset = (token: Uint8Array): Buffer => Buffer.concat([Uint8Array.of(0x40), randomBytes(24), token]);

const CLIENT: Address = { host: '127.0.0.1', port: 1 };
const SERVER: Address = { host: '127.0.0.1', port: 2 };
const FROM_CLIENT = { from: CLIENT, to: SERVER };
const FROM_SERVER = { from: SERVER, to: CLIENT };

/** A connection between two quiches, without a network. */
function nativePair(resetToken: Uint8Array): {
  client: NativeConnection;
  server: NativeConnection;
  exchange: () => void;
} {
  const serverConfig = nativeConfig([encode(identity.key)], [encode(identity.cert)]);
  serverConfig.setStatelessResetToken(nativeResetToken(resetToken));
  const client = NativeConnection.connect('localhost', randomBytes(16), CLIENT, SERVER, nativeConfig());
  const server = NativeConnection.accept(randomBytes(16), null, SERVER, CLIENT, serverConfig);
  const exchange = (): void => {
    while (carry(client, server, FROM_CLIENT) + carry(server, client, FROM_SERVER) > 0);
  };
  exchange();
  return { client, server, exchange };
}

function nativeConfig(key?: Uint8Array[], cert?: Uint8Array[]): NativeConfig {
  const config = NativeConfig.withBoringSslCtx(false, false, undefined, key, cert, undefined);
  config.setApplicationProtos(['rta/1']);
  config.setActiveConnectionIdLimit(2);
  return config;
}

function encode(pem: string): Uint8Array {
  return new TextEncoder().encode(pem);
}

/** @returns how many packets there were. */
function carry(from: NativeConnection, to: NativeConnection, info: typeof FROM_CLIENT): number {
  const packet = Buffer.alloc(1_200);
  let count = 0;
  for (let sent = from.send(packet); sent !== null; sent = from.send(packet)) {
    to.recv(packet.subarray(0, sent[0]), info);
    count += 1;
  }
  return count;
}
