import assert from 'node:assert/strict';
import { isRtaError } from '@rta/core';
import { TRANSPORT_LIMITS, type TransportStream } from '@rta/transport';
import { assertThrows, type TransportCheck, transportCheck, turns } from './check.ts';
import { acceptFrom, assertSameBytes, listenTo, openEnds, pattern, roundTrip } from './heard.ts';

const MEBIBYTE = 1_048_576;
/** More than any sensible window: who takes this much for a reader that pauses has no flow control. */
const BOUND_BYTES = 16 * MEBIBYTE;

/** How readers hold writers back. */
export const FLOW_CHECKS: readonly TransportCheck[] = [
  transportCheck('a large transfer arrives whole through bounded buffers', async ({ client, server }) => {
    const accepted = acceptFrom(server);
    const data = pattern(8 * MEBIBYTE, 1);
    const piece = 50_000;
    const near = client.openStream();
    let offset = 0;
    let highest = 0;
    const pump = (): void => {
      while (offset < data.byteLength) {
        const accepts = near.write(data.subarray(offset, offset + piece));
        offset += piece;
        highest = Math.max(highest, near.bufferedBytes);
        if (!accepts) return;
      }
      near.end();
    };
    near.setHandlers({ onData: () => {}, onWritable: pump });
    pump();
    const heard = listenTo(await accepted.next());
    await heard.until(({ count }) => count('end') === 1);
    assertSameBytes(heard.bytes(), data);
    assert.ok(highest <= TRANSPORT_LIMITS.highWaterBytes + piece, `${highest} bytes were buffered`);
    assert.equal(near.bufferedBytes, 0);
  }),

  transportCheck('a reader that pauses hears nothing until it resumes, and then everything', async (pair) => {
    const accepted = acceptFrom(pair.server);
    const { near, far } = await openEnds(pair.client, accepted);
    const barrier = await openEnds(pair.client, accepted);
    const heard = listenTo(far);
    far.pause();
    near.write(pattern(10_000, 1));
    near.end();
    await roundTrip(barrier);
    await roundTrip(barrier);
    assert.deepEqual(heard.events, []);
    far.resume();
    await heard.until(({ count }) => count('end') === 1);
    assertSameBytes(heard.bytes(), pattern(10_000, 1));
  }),

  transportCheck(
    'a reader that pauses while it is told of a chunk is told of no other',
    async ({ client, server }) => {
      const accepted = acceptFrom(server);
      const { near, far } = await openEnds(client, accepted);
      const barrier = await openEnds(client, accepted);
      const heard = listenTo(far, () => far.pause());
      near.write(pattern(10_000, 1));
      await heard.until(({ chunks }) => chunks.length > 0);
      await roundTrip(barrier);
      await roundTrip(barrier);
      assert.equal(heard.chunks.length, 1);
      near.end();
      while (heard.count('end') === 0) {
        const { length } = heard.events;
        far.resume();
        await heard.until(({ events }) => events.length > length);
      }
      assertSameBytes(heard.bytes(), pattern(10_000, 1));
    },
    { maxChunkBytes: 1_000 },
  ),

  transportCheck('a reader that pauses holds the writer back', async ({ client, server }) => {
    const accepted = acceptFrom(server);
    const { near, far } = await openEnds(client, accepted);
    const barrier = await openEnds(client, accepted);
    const atNear = listenTo(near);
    const atFar = listenTo(far);
    far.pause();
    let total = 0;
    for (let full = false; !full; ) {
      full = !near.write(new Uint8Array(10_000));
      total += 10_000;
      assert.ok(total < BOUND_BYTES, 'the transport takes everything for a reader that pauses');
      // What the network and the far end take for the moment is taken.
      if (full) await roundTrip(barrier);
      full = near.bufferedBytes > TRANSPORT_LIMITS.highWaterBytes;
    }
    assert.equal(near.write(Uint8Array.of(1)), false);
    const writableBefore = atNear.count('writable');
    await roundTrip(barrier);
    assert.equal(atNear.count('writable'), writableBefore);
    far.resume();
    await atNear.until(({ count }) => count('writable') > writableBefore);
    await atFar.until(({ byteCount }) => byteCount === total + 1);
    assert.equal(atNear.count('writable'), writableBefore + 1);
  }),

  transportCheck(
    'the buffer has a hard limit, and what it refuses is not sent',
    async ({ client, server }) => {
      const { near, far } = await openEnds(client, acceptFrom(server));
      const heard = listenTo(far);
      far.pause();
      const taken: Uint8Array[] = [];
      const refused = await writeUntilFull(near, taken);
      assert.equal(refused, 'RTA_TRANSPORT_BUFFER_FULL');
      assert.ok(near.bufferedBytes <= TRANSPORT_LIMITS.maxBufferedBytes);
      near.end();
      far.resume();
      await heard.until(({ count }) => count('end') === 1);
      assertSameBytes(heard.bytes(), Buffer.concat(taken));
    },
  ),

  transportCheck('one array above the hard limit is refused whole', async ({ client, server }) => {
    const { near, far } = await openEnds(client, acceptFrom(server));
    const heard = listenTo(far);
    assertThrows('RTA_TRANSPORT_BUFFER_FULL', () =>
      near.write(new Uint8Array(TRANSPORT_LIMITS.maxBufferedBytes + 1)),
    );
    near.write(Uint8Array.of(9));
    near.end();
    await heard.until(({ count }) => count('end') === 1);
    assertSameBytes(heard.bytes(), Uint8Array.of(9));
  }),

  transportCheck('a stream that is held back does not hold back the others', async ({ client, server }) => {
    const accepted = acceptFrom(server);
    const held = await openEnds(client, accepted);
    const free = await openEnds(client, accepted);
    held.far.pause();
    await writeUntilFull(held.near, []);
    await roundTrip(free);
    const heard = listenTo(free.far);
    free.near.write(pattern(50_000, 2));
    free.near.end();
    await heard.until(({ count }) => count('end') === 1);
    assertSameBytes(heard.bytes(), pattern(50_000, 2));
  }),
];

/** Writes for a reader that pauses until the stream refuses; returns the code of the refusal. */
async function writeUntilFull(stream: TransportStream, taken: Uint8Array[]): Promise<string> {
  const piece = 32_000;
  for (let total = 0; total < BOUND_BYTES; total += piece) {
    const bytes = pattern(piece, total);
    try {
      stream.write(bytes);
    } catch (error) {
      assert.ok(isRtaError(error));
      return error.code;
    }
    taken.push(bytes);
    await turns(1);
  }
  return 'never refused';
}
