import { once } from 'node:events';
import { createFakeClock } from '@rta/testkit';
import { sample, uint8Array } from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { listenToFacts } from './facts.ts';
import { relay } from './relay.ts';
import { captureHellos, openSocket } from './stranger.ts';
import { ask, echo, startServer } from './support.ts';

test('garbage of all kinds leaves a listener and its connections as they are', async () => {
  await using server = await startServer();
  const network = await relay(server.port);
  onTestFinished(() => network.close());
  const real: Buffer[] = [];
  network.filter((datagram, from) => {
    if (from === 'client') real.push(Buffer.from(datagram));
    return true;
  });
  const client = await server.dial({ port: network.port });
  const accepted = await server.next();
  echo(accepted);
  await ask(client, 'before');

  const stranger = await openSocket();
  for (const datagram of [...garbage(), ...real.flatMap(damaged), ...real]) {
    stranger.send(datagram, server.port, '127.0.0.1');
    network.toServer(datagram);
    if (datagram.byteLength % 7 === 0) expect(await ask(client, 'between')).toBe('between');
  }
  expect(await ask(client, 'after')).toBe('after');
  expect(server.listener.openConnections).toBe(1);
});

test('garbage leaves a client as it is', async () => {
  await using server = await startServer();
  const network = await relay(server.port);
  onTestFinished(() => network.close());
  const real: Buffer[] = [];
  network.filter((datagram, from) => {
    if (from === 'server') real.push(Buffer.from(datagram));
    return true;
  });
  const client = await server.dial({ port: network.port });
  echo(await server.next());
  await ask(client, 'before');
  for (const datagram of [...garbage(), ...real.flatMap(damaged), ...real]) {
    network.toClient(datagram);
    if (datagram.byteLength % 7 === 0) expect(await ask(client, 'between')).toBe('between');
  }
  expect(await ask(client, 'after')).toBe('after');
});

test('a first packet that is garbage leaves nothing behind', async () => {
  const facts = listenToFacts();
  await using server = await startServer({ maxHandshakeCount: 1 });
  const stranger = await openSocket();
  for (let count = 0; count < 20; count++) {
    stranger.send(longHeader({ dcid: Buffer.alloc(8, count + 1) }), server.port, '127.0.0.1');
  }
  // The one handshake that is allowed is free.
  const client = await server.dial();
  expect(client.kind).toBe('quic');
  expect(facts.filter(({ fact }) => fact === 'refused')).toEqual([]);
});

test('a version that is not spoken is answered with the one that is', async () => {
  await using server = await startServer();
  const stranger = await openSocket();
  const dcid = Buffer.from('0102030405060708', 'hex');
  const scid = Buffer.from('a1a2a3a4', 'hex');
  const answer = once(stranger, 'message') as Promise<[Buffer]>;
  stranger.send(longHeader({ version: 0x1a2a3a4a, dcid, scid }), server.port, '127.0.0.1');
  const [packet] = await answer;
  expect(packet.readUInt8(0) & 0x80).toBe(0x80);
  expect(packet.subarray(1).toString('hex')).toBe('0000000004a1a2a3a408010203040506070800000001');
});

test.each([
  ['is not padded', longHeader({ version: 0x1a2a3a4a }).subarray(0, 1_199)],
  ['is a version negotiation itself', longHeader({ version: 0 })],
])('a datagram of another version is not answered where it %s', async (_why, datagram) => {
  await using server = await startServer();
  const stranger = await openSocket();
  let answers = 0;
  stranger.on('message', () => (answers += 1));
  stranger.send(datagram, server.port, '127.0.0.1');
  // What came before this handshake has been read by then.
  await server.pair();
  expect(answers).toBe(0);
});

test('handshakes in progress are limited, and given up when they take too long', async () => {
  const facts = listenToFacts();
  const clock = createFakeClock();
  await using server = await startServer({ maxHandshakeCount: 2, retry: 'never', clock });
  const stranger = await openSocket();
  for (const hello of await captureHellos(3)) stranger.send(hello, server.port, '127.0.0.1');
  await facts.until(({ fact }) => fact === 'refused');
  expect(facts.at(-1)).toMatchObject({ fact: 'refused', because: 'handshakes' });
  clock.advance(10_000);
  expect(facts.filter(({ fact }) => fact === 'handshake-failed').length).toBe(2);
  await using client = await server.dial();
  expect(client.kind).toBe('quic');
});

test('a hello that comes again is no second handshake', async () => {
  const facts = listenToFacts();
  await using server = await startServer({ maxHandshakeCount: 1, retry: 'never' });
  const stranger = await openSocket();
  const [hello] = await captureHellos(1);
  for (let count = 0; count < 5; count++) stranger.send(hello ?? '', server.port, '127.0.0.1');
  await once(stranger, 'message');
  const other = await openSocket();
  const [second] = await captureHellos(1);
  other.send(second ?? '', server.port, '127.0.0.1');
  await facts.until(({ fact }) => fact === 'refused');
  expect(facts.map(({ fact }) => fact)).toEqual(['refused']);
});

/** An Initial packet by its header, with nothing sensible after it. */
function longHeader({ version = 1, dcid = Buffer.alloc(8, 1), scid = Buffer.alloc(4, 2) }): Buffer {
  const datagram = Buffer.alloc(1_200, 0x55);
  datagram.writeUInt8(0xc3, 0);
  datagram.writeUInt32BE(version, 1);
  let offset = datagram.writeUInt8(dcid.byteLength, 5);
  offset += dcid.copy(datagram, offset);
  offset = datagram.writeUInt8(scid.byteLength, offset);
  offset += scid.copy(datagram, offset);
  // No token; a packet of 1000 bytes.
  datagram.write('0043e8', offset, 'hex');
  return datagram;
}

/** Datagrams that are nothing, or look like something for a few bytes. */
function garbage(): Buffer[] {
  const random = sample(uint8Array({ minLength: 0, maxLength: 1_500, size: 'max' }), {
    numRuns: 60,
    seed: 20_260_101,
  }).map((bytes) => Buffer.from(bytes));
  const shaped = random.map((bytes, index) => {
    const copy = Buffer.from(bytes);
    if (copy.byteLength > 5) {
      copy.writeUInt8(index % 2 === 0 ? 0xc0 | (index & 0x3f) : 0x40 | (index & 0x3f), 0);
      copy.writeUInt32BE(index % 3 === 0 ? 1 : index, 1);
    }
    return copy;
  });
  return [
    Buffer.alloc(0),
    Buffer.of(0),
    Buffer.alloc(1_200),
    Buffer.alloc(1_200, 0xff),
    ...random,
    ...shaped,
  ];
}

/** A real datagram, cut short or with a bit turned. */
function damaged(datagram: Buffer): Buffer[] {
  const turned = [0, 1, 5, 20, datagram.byteLength - 1]
    .filter((at) => at < datagram.byteLength)
    .map((at) => {
      const copy = Buffer.from(datagram);
      copy.writeUInt8(copy.readUInt8(at) ^ 0x10, at);
      return copy;
    });
  return [datagram.subarray(0, 17), datagram.subarray(0, datagram.byteLength >> 1), ...turned];
}
