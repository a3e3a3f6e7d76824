import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { isRtaError } from '@rta/core';
import { createFakeClock } from '@rta/testkit';
import type { TransportConnection, TransportStream } from '@rta/transport';
import { sample, uint8Array } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dialWebSocket } from '../src/index.ts';
import { type RawPeer, rawClient, rawServer, SETTINGS } from './raw-peer.ts';
import { ask, echo, listenToFacts, pki, startServer } from './support.ts';

const KIB = 1_024;
/** What this side says first: SETTINGS with the default windows, 256 streams and 30 seconds. */
const OWN_SETTINGS = '008004000080400000410080007530';

/** A DATA frame with this many bytes, on a stream whose id takes one byte. */
function data(stream: number, byteLength: 1 | 16_384): string {
  const length = byteLength === 1 ? '01' : '80004000';
  return `01 ${Buffer.of(stream).toString('hex')} ${length} ${'61'.repeat(byteLength)}`;
}

/** What a client sends at once makes the server close with this reason. */
async function expectFault(message: string, fault: string): Promise<void> {
  await using server = await startServer();
  const peer = await rawClient(server.port);
  peer.send(message);
  expect(await peer.next()).toBe(OWN_SETTINGS);
  expect(await peer.closed).toEqual({ code: 1_002, reason: fault });
}

describe('a server closes the connection of a client that', () => {
  test.each([
    ['sends another frame before SETTINGS', '01 00 01 61', 'RTA_WEBSOCKET_ORDER'],
    ['sends a CLOSE before SETTINGS', '07 00 00', 'RTA_WEBSOCKET_ORDER'],
    ['sends SETTINGS twice', `${SETTINGS} ${SETTINGS}`, 'RTA_WEBSOCKET_ORDER'],
    ['sends an unknown frame', `${SETTINGS} 08`, 'RTA_WEBSOCKET_FRAME'],
    ['sends bytes after an END', `${SETTINGS} 02 00 00 01 00 01 61`, 'RTA_WEBSOCKET_ORDER'],
    ['sends an END after an END', `${SETTINGS} 02 00 00 02 00 00`, 'RTA_WEBSOCKET_ORDER'],
    ['sends an empty message', '', 'RTA_WEBSOCKET_MESSAGE'],
  ])('%s [W-2.1, W-3.1, W-3.2, W-4.4]', (_what, message, fault) => expectFault(message, fault));

  test.each([
    ["uses the server's stream ids", '01 01 01 61'],
    ['resets a stream that the server has not opened', '03 01 00'],
    ['uses the id of a unidirectional stream', '01 02 01 61'],
    ['opens more streams than it may', '01 4400 01 61'],
    ['opens more streams than anybody could count', '01 c01ffffffffffffc 01 61'],
    ['opens a stream by credit', '04 00 01'],
    ['gives credit to a stream that is not there', '04 01 01'],
  ])('%s [W-4.1, W-4.2, W-4.3]', (_what, frames) =>
    expectFault(`${SETTINGS} ${frames}`, 'RTA_WEBSOCKET_STREAM'),
  );

  test.each([
    ['gives a stream more credit than there is', '01 00 01 61 04 00 c00000007fffffff'],
    ['gives the connection more credit than there is', '05 c00000007fffffff'],
    ['allows more streams than there are', '06 c00000007fffffff'],
  ])('%s [W-5.2]', (_what, frames) => expectFault(`${SETTINGS} ${frames}`, 'RTA_WEBSOCKET_CREDIT'));

  test('sends text [W-2.1]', async () => {
    await using server = await startServer();
    const peer = await rawClient(server.port);
    peer.send(SETTINGS);
    const accepted = await server.next();
    peer.webSocket.send('hello');
    expect(await peer.closed).toEqual({ code: 1_003, reason: 'RTA_WEBSOCKET_MESSAGE' });
    expect(await accepted.closed).toEqual({ by: 'transport', code: 1_003, reason: 'RTA_WEBSOCKET_MESSAGE' });
  });

  test('sends a message that is too long [W-2.2]', async () => {
    await using server = await startServer();
    const peer = await rawClient(server.port);
    peer.send(SETTINGS);
    const accepted = await server.next();
    const frame = data(0, 16_384);
    peer.send(`${frame} ${frame} ${frame} ${frame}`);
    expect((await peer.closed).code).toBe(1_009);
    expect(await accepted.closed).toMatchObject({ by: 'transport', code: 1_009 });
  });

  test('sends a message in very many fragments', async () => {
    await using server = await startServer();
    const peer = await rawClient(server.port);
    peer.send(SETTINGS);
    const accepted = await server.next();
    for (let count = 0; count < 65; count++) peer.webSocket.send(Buffer.of(1), { fin: false });
    expect(await accepted.closed).toMatchObject({ by: 'transport', code: 1_008 });
  });

  test('sends a message byte by byte', async () => {
    await using server = await startServer();
    const peer = await rawClient(server.port);
    peer.send(SETTINGS);
    const accepted = await server.next();
    const isEnded = noteEnd(accepted);
    // A binary message of 60000 bytes, masked with zeros.
    const write = (bytes: Buffer) => new Promise((resolve) => peer.socket.write(bytes, resolve));
    await write(Buffer.from('82feea6000000000', 'hex'));
    for (let count = 0; !isEnded() && count < 60_000; count++) await write(Buffer.of(1));
    expect(await accepted.closed).toMatchObject({ by: 'transport', code: 1_008 });
  });

  test('breaks RFC 6455', async () => {
    await using server = await startServer();
    const peer = await rawClient(server.port);
    peer.send(SETTINGS);
    const accepted = await server.next();
    // A frame that is not masked.
    peer.socket.write(Buffer.of(0x82, 0x01, 0x00));
    expect(await accepted.closed).toMatchObject({ by: 'transport', code: 1_002 });
  });

  test('sends more on a stream than it has credit for, which nobody reads [W-5.1]', async () => {
    await using server = await startServer();
    const peer = await rawClient(server.port);
    peer.send(SETTINGS);
    const accepted = await server.next();
    const another = new Promise<void>((resolve) => {
      accepted.onStream((stream) => {
        if (stream.id === 4) resolve();
      });
    });
    for (let count = 0; count < 16; count++) peer.send(data(0, 16_384));
    peer.send(data(4, 1));
    await another;
    peer.send(data(0, 1));
    expect(await peer.closed).toEqual({ code: 1_002, reason: 'RTA_WEBSOCKET_CREDIT' });
  });

  test('sends more over all streams than it has credit for [W-5.1]', async () => {
    await using server = await startServer();
    const peer = await rawClient(server.port);
    peer.send(SETTINGS);
    await server.next();
    for (let stream = 0; stream < 64; stream += 4) {
      for (let count = 0; count < 16; count++) peer.send(data(stream, 16_384));
    }
    peer.send('01 4040 01 61');
    expect(await peer.closed).toEqual({ code: 1_002, reason: 'RTA_WEBSOCKET_CREDIT' });
  });
});

test('what a client did wrong is told on the diagnostics channel, and hurts nobody else [W-2.4]', async () => {
  const facts = listenToFacts();
  await using server = await startServer();
  const good = await server.pair();
  echo(good.server);
  const peer = await rawClient(server.port);
  peer.send(SETTINGS);
  const accepted = await server.next();
  const heard: string[] = [];
  accepted.onStream((stream) => {
    stream.setHandlers({
      onData: (chunk) => heard.push(new TextDecoder().decode(chunk)),
      onReset: (code) => heard.push(`reset ${code}`),
    });
  });
  peer.send('01 00 01 61 08 01 00 01 62');
  expect(await accepted.closed).toEqual({ by: 'transport', code: 1_002, reason: 'RTA_WEBSOCKET_FRAME' });
  await peer.closed;
  expect(heard).toEqual(['a', 'reset 1002']);
  expect(facts.seen.at(-1)).toMatchObject({ fact: 'closed', code: 1_002, fault: 'RTA_WEBSOCKET_FRAME' });
  expect(await ask(good.client, 'still here')).toBe('still here');
});

test('garbage of all kinds leaves a listener and its connections as they are', async () => {
  await using server = await startServer();
  const good = await server.pair();
  echo(good.server);
  const random = sample(uint8Array({ minLength: 1, maxLength: 600, size: 'max' }), {
    numRuns: 20,
    seed: 20_260_101,
  });
  for (const bytes of random) {
    const strangers = [
      connectTcp(server.port, '127.0.0.1'),
      connectTls({ host: '127.0.0.1', port: server.port, ca: pki.caCertPem }),
    ].map((socket) => {
      socket.on('error', () => {});
      socket.resume();
      socket.end(bytes);
      return new Promise((resolve) => socket.once('close', resolve));
    });
    const peer = await rawClient(server.port);
    peer.send(SETTINGS);
    peer.webSocket.send(bytes);
    peer.webSocket.close();
    await Promise.all([...strangers, peer.closed]);
  }
  expect(await ask(good.client, 'still here')).toBe('still here');
  expect(server.listener.openConnections).toBe(1);
});

test('a client closes the connection of a server that breaks the protocol', async () => {
  const raw = await rawServer();
  const dialing = dialWebSocket({ host: '127.0.0.1', port: raw.port, ca: pki.caCertPem });
  const peer = await raw.next();
  peer.send(SETTINGS);
  const client = await dialing;
  // A stream id of the client's.
  peer.send('01 00 01 61');
  expect(await client.closed).toEqual({ by: 'transport', code: 1_002, reason: 'RTA_WEBSOCKET_STREAM' });
  expect(await peer.closed).toEqual({ code: 1_002, reason: 'RTA_WEBSOCKET_STREAM' });
});

test('frames behind a CLOSE are not looked at [W-6.1]', async () => {
  await using server = await startServer();
  const peer = await rawClient(server.port);
  peer.send(SETTINGS);
  const accepted = await server.next();
  let streams = 0;
  accepted.onStream(() => (streams += 1));
  peer.send('07 05 03 627965 01 00 01 61 07 06 00');
  expect(await accepted.closed).toEqual({ by: 'peer', code: 5, reason: 'bye' });
  peer.webSocket.close(1_000);
  await peer.closed;
  expect(streams).toBe(0);
});

describe('a peer that reads nothing', () => {
  test('makes a bounded buffer, and is dead after the idle timeout though it goes on talking [W-6.4]', async () => {
    const clock = createFakeClock();
    await using server = await startServer({ clock });
    const peer = await rawClient(server.port);
    // Windows of 2^31 - 1 bytes: only the network holds this side back.
    peer.send('00 c00000007fffffff c00000007fffffff 10 80007530');
    const accepted = await server.next();
    peer.socket.pause();
    const heard = talk(peer, await firstStream(accepted, peer));

    const stream = accepted.openStream();
    const refused = await writeUntilRefused(stream);
    expect(refused).toBe('RTA_TRANSPORT_BUFFER_FULL');
    expect(stream.bufferedBytes).toBeLessThanOrEqual(1_024 * KIB);
    clock.advance(20_000);
    await heard();
    clock.advance(20_000);
    expect(await accepted.closed).toEqual({ by: 'timeout', code: 0, reason: 'the peer takes nothing' });
  });

  test('is cut off when it asks for pong after pong', async () => {
    await using server = await startServer();
    const peer = await rawClient(server.port);
    peer.send('00 c00000007fffffff c00000007fffffff 10 80007530');
    const accepted = await server.next();
    peer.socket.pause();
    await writeUntilRefused(accepted.openStream());
    const isEnded = noteEnd(accepted);
    for (let count = 0; !isEnded() && count < 10_000; count++) {
      peer.webSocket.ping();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await accepted.closed).toMatchObject({ by: 'transport', code: 1_006 });
  });

  test('does not keep a connection from being closed', async () => {
    const clock = createFakeClock();
    await using server = await startServer({ clock });
    const peer = await rawClient(server.port);
    peer.send('00 c00000007fffffff c00000007fffffff 10 80007530');
    const accepted = await server.next();
    peer.socket.pause();
    await writeUntilRefused(accepted.openStream());
    const closing = accepted.close(3, 'enough');
    expect(await accepted.closed).toEqual({ by: 'local', code: 3, reason: 'enough' });
    clock.advance(2_000);
    await closing;
  });
});

/** Says whether the connection has ended. */
function noteEnd(connection: TransportConnection): () => boolean {
  let isEnded = false;
  void connection.closed.then(() => (isEnded = true));
  return () => isEnded;
}

/** The first stream of a raw client, which is told what it sends. */
async function firstStream(
  accepted: { onStream(handler: (stream: TransportStream) => void): void },
  peer: RawPeer,
): Promise<TransportStream> {
  const seen = new Promise<TransportStream>((resolve) => accepted.onStream(resolve));
  peer.send('01 00 01 61');
  return seen;
}

/** Sends a byte, and waits until it was heard. */
function talk(peer: RawPeer, stream: TransportStream): () => Promise<void> {
  let heard = Promise.withResolvers<void>();
  stream.setHandlers({ onData: () => heard.resolve() });
  return () => {
    heard = Promise.withResolvers<void>();
    peer.send('01 00 01 61');
    return heard.promise;
  };
}

/** Writes turn by turn until the stream takes no more; what the network takes is taken. */
async function writeUntilRefused(stream: TransportStream): Promise<string> {
  for (let count = 0; count < 2_000; count++) {
    try {
      stream.write(new Uint8Array(64 * KIB));
    } catch (error) {
      return isRtaError(error) ? error.code : 'another error';
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  return 'never refused';
}
