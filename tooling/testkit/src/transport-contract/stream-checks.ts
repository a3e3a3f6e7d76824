import assert from 'node:assert/strict';
import { assertThrows, type TransportCheck, transportCheck, turns } from './check.ts';
import { acceptFrom, assertSameBytes, listenTo, openEnds, pattern, roundTrip } from './heard.ts';

const MANY_STREAMS = 256;

/** What streams carry, and how they begin and end. */
export const STREAM_CHECKS: readonly TransportCheck[] = [
  transportCheck('bytes arrive in order in both directions', async ({ client, server }) => {
    const accepted = acceptFrom(server);
    const stream = client.openStream();
    const there = pattern(30_000, 1);
    const back = pattern(30_000, 2);
    const atClient = listenTo(stream);
    writePieces(stream, there);
    const far = await accepted.next();
    const atServer = listenTo(far);
    writePieces(far, back);
    await Promise.all([
      atServer.until(({ byteCount }) => byteCount >= there.byteLength),
      atClient.until(({ byteCount }) => byteCount >= back.byteLength),
    ]);
    assertSameBytes(atServer.bytes(), there);
    assertSameBytes(atClient.bytes(), back);
  }),

  transportCheck('either side opens streams, and both ends know a stream by the same id', async (pair) => {
    const atServer = acceptFrom(pair.server);
    const atClient = acceptFrom(pair.client);
    const fromClient = [await openEnds(pair.client, atServer), await openEnds(pair.client, atServer)];
    const fromServer = [await openEnds(pair.server, atClient), await openEnds(pair.server, atClient)];
    const all = [...fromClient, ...fromServer];
    for (const { near, far } of all) assert.equal(near.id, far.id);
    assert.equal(new Set(all.map(({ near }) => near.id)).size, 4);
    assert.equal(pair.client.openStreams, 4);
    assert.equal(pair.server.openStreams, 4);
  }),

  transportCheck('many streams at once keep their bytes apart', async ({ client, server }) => {
    server.onStream((stream) => {
      stream.setHandlers({ onData: (chunk) => void stream.write(chunk), onEnd: () => stream.end() });
    });
    const streams = Array.from({ length: MANY_STREAMS }, () => client.openStream());
    const heard = streams.map((stream) => listenTo(stream));
    for (const [index, stream] of streams.entries()) stream.write(pattern(1_000, index));
    for (const stream of streams) stream.end();
    for (const [index, echo] of heard.entries()) {
      await echo.until(({ count }) => count('end') > 0);
      assertSameBytes(echo.bytes(), pattern(1_000, index));
    }
    assert.equal(client.openStreams, 0);
    assert.equal(server.openStreams, 0);
  }),

  transportCheck(
    'a stream shows itself with its first bytes, and with it those opened before',
    async (pair) => {
      const seen: number[] = [];
      pair.server.onStream((stream) => seen.push(stream.id));
      const first = pair.client.openStream();
      const second = pair.client.openStream();
      second.end();
      const third = pair.client.openStream();
      const shown = acceptFrom(pair.client);
      const ends = await openEnds(pair.server, shown);
      await roundTrip(ends);
      assert.deepEqual(seen, [first.id, second.id]);
      third.write(Uint8Array.of(1));
      await roundTrip(ends);
      assert.deepEqual(seen, [first.id, second.id, third.id]);
    },
  ),

  transportCheck('a stream that was shown with a later one carries bytes like any other', async (pair) => {
    const accepted = acceptFrom(pair.server);
    const first = pair.client.openStream();
    const atNear = listenTo(first);
    const second = pair.client.openStream();
    second.write(Uint8Array.of(1));
    const far = await accepted.next();
    assert.equal(far.id, first.id);
    const atFar = listenTo(far);
    far.write(pattern(100, 1));
    first.write(pattern(100, 2));
    await atFar.until(({ byteCount }) => byteCount === 100);
    await atNear.until(({ byteCount }) => byteCount === 100);
    assertSameBytes(atNear.bytes(), pattern(100, 1));
    assertSameBytes(atFar.bytes(), pattern(100, 2));
  }),

  transportCheck('one direction ends while the other goes on', async ({ client, server }) => {
    const ends = await openEnds(client, acceptFrom(server));
    const atFar = listenTo(ends.far);
    const atNear = listenTo(ends.near);
    ends.near.write(pattern(100, 1));
    ends.near.end();
    await atFar.until(({ count }) => count('end') === 1);
    assert.equal(atFar.byteCount, 100);
    ends.far.write(pattern(5_000, 2));
    await atNear.until(({ byteCount }) => byteCount === 5_000);
    assert.equal(atNear.count('end'), 0);
    ends.far.end();
    await atNear.until(({ count }) => count('end') === 1);
    await turns(3);
    assert.equal(atFar.count('end'), 1);
    assert.equal(atFar.count('reset') + atNear.count('reset'), 0);
    assert.equal(client.openStreams, 0);
  }),

  transportCheck(
    'the end comes after the last byte, and nothing after the end',
    async ({ client, server }) => {
      const accepted = acceptFrom(server);
      const stream = client.openStream();
      stream.write(pattern(60_000, 3));
      stream.end();
      const atFar = listenTo(await accepted.next());
      await atFar.until(({ count }) => count('end') > 0);
      await turns(3);
      assert.equal(atFar.byteCount, 60_000);
      assert.equal(atFar.events.indexOf('end'), atFar.events.length - 1);
    },
  ),

  transportCheck(
    'a stream that ends without bytes is told as an end, and no chunk is empty',
    async (pair) => {
      const accepted = acceptFrom(pair.server);
      const stream = pair.client.openStream();
      assert.equal(stream.write(new Uint8Array(0)), true);
      stream.end();
      const atFar = listenTo(await accepted.next());
      await atFar.until(({ count }) => count('end') === 1);
      assert.deepEqual(atFar.events, ['end']);
    },
  ),

  transportCheck('after its end a stream takes nothing, and a second end changes nothing', async (pair) => {
    const { near, far } = await openEnds(pair.client, acceptFrom(pair.server));
    const atFar = listenTo(far);
    near.end();
    near.end();
    assertThrows('RTA_TRANSPORT_STREAM_CLOSED', () => near.write(Uint8Array.of(1)));
    await atFar.until(({ count }) => count('end') === 1);
    await turns(3);
    assert.deepEqual(atFar.events, ['end']);
  }),

  transportCheck('a chunk belongs to its receiver, and what was written to its writer', async (pair) => {
    const { near, far } = await openEnds(pair.client, acceptFrom(pair.server));
    const written = pattern(3_000, 4);
    const copies: Uint8Array[] = [];
    const atFar = listenTo(far, ({ chunks }) => {
      const chunk = chunks.at(-1);
      if (chunk === undefined) return;
      copies.push(chunk.slice());
      chunk.fill(0xff);
    });
    near.write(written);
    near.write(written);
    await atFar.until(({ byteCount }) => byteCount === 6_000);
    assertSameBytes(written, pattern(3_000, 4));
    assertSameBytes(Buffer.concat(copies), Buffer.concat([written, written]));
    assert.ok(atFar.bytes().every((byte) => byte === 0xff));
  }),

  transportCheck(
    'no chunk is longer than the limit',
    async ({ client, server }) => {
      const accepted = acceptFrom(server);
      const stream = client.openStream();
      stream.write(pattern(20_000, 5));
      const atFar = listenTo(await accepted.next());
      await atFar.until(({ byteCount }) => byteCount === 20_000);
      for (const { byteLength } of atFar.chunks) assert.ok(byteLength > 0 && byteLength <= 1_000);
      assertSameBytes(atFar.bytes(), pattern(20_000, 5));
    },
    { maxChunkBytes: 1_000 },
  ),

  transportCheck(
    'streams and data that come before their handlers wait for them',
    async ({ client, server }) => {
      const streams = [client.openStream(), client.openStream()];
      for (const [index, stream] of streams.entries()) {
        stream.write(pattern(2_000, index));
        stream.end();
      }
      const barrier = await openEnds(server, acceptFrom(client));
      await roundTrip(barrier);
      const accepted = acceptFrom(server);
      const [first, second] = [await accepted.next(), await accepted.next()];
      assert.deepEqual(
        [first.id, second.id],
        streams.map(({ id }) => id),
      );
      await roundTrip(barrier);
      for (const [index, stream] of [first, second].entries()) {
        const heard = listenTo(stream);
        await heard.until(({ count }) => count('end') === 1);
        assertSameBytes(heard.bytes(), pattern(2_000, index));
      }
    },
  ),

  transportCheck(
    'the peer limits how many streams are open, and allows more when some are over',
    async ({ client, server }) => {
      server.onStream((stream) => {
        stream.setHandlers({ onData: () => {}, onEnd: () => stream.end() });
      });
      const streams = Array.from({ length: 4 }, () => client.openStream());
      assertThrows('RTA_TRANSPORT_STREAM_LIMIT', () => client.openStream());
      assert.equal(client.openStreams, 4);
      for (const stream of streams) {
        const heard = listenTo(stream);
        stream.end();
        await heard.until(({ count }) => count('end') === 1);
      }
      const barrier = await openEnds(server, acceptFrom(client));
      await roundTrip(barrier);
      client.openStream();
    },
    { maxStreamCount: 4 },
  ),
];

/** Writes in pieces of very different lengths. */
function writePieces(stream: { write(bytes: Uint8Array): boolean }, bytes: Uint8Array): void {
  for (let offset = 0, piece = 1; offset < bytes.byteLength; offset += piece, piece = (piece * 7) % 4_999) {
    stream.write(bytes.subarray(offset, offset + piece));
  }
}
