import assert from 'node:assert/strict';
import { assertThrows, type TransportCheck, transportCheck, turns } from './check.ts';
import { acceptFrom, listenTo, openEnds, pattern, roundTrip } from './heard.ts';

/** How streams break off. */
export const RESET_CHECKS: readonly TransportCheck[] = [
  transportCheck('a reset reaches the peer with its code, and ends both directions', async (pair) => {
    const { near, far } = await openEnds(pair.client, acceptFrom(pair.server));
    const atNear = listenTo(near);
    const atFar = listenTo(far);
    near.reset(4_660);
    assertThrows('RTA_TRANSPORT_STREAM_CLOSED', () => near.write(Uint8Array.of(1)));
    await atFar.until(({ count }) => count('reset') > 0);
    assertThrows('RTA_TRANSPORT_STREAM_CLOSED', () => far.write(Uint8Array.of(1)));
    await turns(3);
    assert.deepEqual(atFar.resetCodes, [4_660]);
    assert.deepEqual(atFar.events, ['reset']);
    assert.deepEqual(atNear.events, []);
    assert.equal(pair.client.openStreams, 0);
    assert.equal(pair.server.openStreams, 0);
  }),

  transportCheck('a stream that is reset before anything was written shows itself as reset', async (pair) => {
    const accepted = acceptFrom(pair.server);
    pair.client.openStream().reset(5);
    const heard = listenTo(await accepted.next());
    await heard.until(({ count }) => count('reset') === 1);
    assert.deepEqual(heard.resetCodes, [5]);
    assert.deepEqual(heard.events, ['reset']);
  }),

  transportCheck('a reset is heard by a peer that only waits to answer', async (pair) => {
    const { near, far } = await openEnds(pair.client, acceptFrom(pair.server));
    const atFar = listenTo(far);
    near.end();
    await atFar.until(({ count }) => count('end') === 1);
    near.reset(6);
    await atFar.until(({ count }) => count('reset') === 1);
    assert.deepEqual(atFar.resetCodes, [6]);
    assert.equal(pair.server.openStreams, 0);
  }),

  transportCheck('a reset is heard by a peer that has ended its side', async (pair) => {
    const { near, far } = await openEnds(pair.client, acceptFrom(pair.server));
    const atNear = listenTo(near);
    const atFar = listenTo(far);
    far.end();
    await atNear.until(({ count }) => count('end') === 1);
    near.reset(7);
    await atFar.until(({ count }) => count('reset') === 1);
    assert.deepEqual(atFar.resetCodes, [7]);
  }),

  transportCheck('a reset is heard by a reader that pauses', async (pair) => {
    const { near, far } = await openEnds(pair.client, acceptFrom(pair.server));
    const atFar = listenTo(far);
    far.pause();
    near.write(pattern(10_000, 1));
    near.reset(8);
    await atFar.until(({ count }) => count('reset') === 1);
    assert.deepEqual(atFar.resetCodes, [8]);
    assert.deepEqual(atFar.events, ['reset']);
  }),

  transportCheck('a reset stops a writer that is held back', async (pair) => {
    const { near, far } = await openEnds(pair.client, acceptFrom(pair.server));
    const atNear = listenTo(near);
    far.pause();
    for (let total = 0; near.bufferedBytes < 200_000 && total < 500; total++) {
      near.write(new Uint8Array(20_000));
      await turns(1);
    }
    far.reset(9);
    await atNear.until(({ count }) => count('reset') === 1);
    assert.deepEqual(atNear.resetCodes, [9]);
    assert.equal(near.bufferedBytes, 0);
  }),

  transportCheck('a reset waits for handlers that are set late', async (pair) => {
    const accepted = acceptFrom(pair.server);
    const barrier = await openEnds(pair.client, accepted);
    const stream = pair.client.openStream();
    stream.write(Uint8Array.of(1));
    stream.reset(10);
    await roundTrip(barrier);
    const heard = listenTo(await accepted.next());
    await heard.until(({ count }) => count('reset') === 1);
    assert.deepEqual(heard.resetCodes, [10]);
  }),

  transportCheck('a second reset changes nothing', async (pair) => {
    const { near, far } = await openEnds(pair.client, acceptFrom(pair.server));
    const atFar = listenTo(far);
    near.reset(11);
    near.reset(12);
    await atFar.until(({ count }) => count('reset') === 1);
    far.reset(13);
    await turns(3);
    assert.deepEqual(atFar.resetCodes, [11]);
  }),

  transportCheck('resets leave the other streams as they are', async (pair) => {
    const accepted = acceptFrom(pair.server);
    const stays = await openEnds(pair.client, accepted);
    for (let round = 0; round < 50; round++) {
      const { near, far } = await openEnds(pair.client, accepted);
      (round % 2 === 0 ? near : far).reset(round);
    }
    await roundTrip(stays);
    await roundTrip(stays);
    assert.equal(pair.client.openStreams, 1);
    assert.equal(pair.server.openStreams, 1);
  }),

  transportCheck('a code that is no code is refused', async (pair) => {
    const { near } = await openEnds(pair.client, acceptFrom(pair.server));
    for (const code of [-1, 1.5, Number.NaN, 2 ** 53]) {
      assert.throws(() => near.reset(code), RangeError);
      assert.throws(() => pair.client.close(code), RangeError);
    }
  }),
];
