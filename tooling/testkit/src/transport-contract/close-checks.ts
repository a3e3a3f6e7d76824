import assert from 'node:assert/strict';
import { assertThrows, type TransportCheck, transportCheck, turns } from './check.ts';
import { acceptFrom, listenTo, openEnds, roundTrip } from './heard.ts';

/** How connections end. */
export const CLOSE_CHECKS: readonly TransportCheck[] = [
  transportCheck('a close reaches the peer with its code and reason', async ({ client, server }) => {
    await server.close(1_234, 'session was revoked');
    assert.deepEqual(await server.closed, { by: 'local', code: 1_234, reason: 'session was revoked' });
    assert.deepEqual(await client.closed, { by: 'peer', code: 1_234, reason: 'session was revoked' });
  }),

  transportCheck('a close says 0 and nothing unless told otherwise', async ({ client, server }) => {
    await client.close();
    assert.deepEqual(await client.closed, { by: 'local', code: 0, reason: '' });
    assert.deepEqual(await server.closed, { by: 'peer', code: 0, reason: '' });
  }),

  transportCheck('a second close changes nothing', async ({ client, server }) => {
    const first = client.close(1, 'first');
    await client.close(2, 'second');
    await first;
    assert.deepEqual(await client.closed, { by: 'local', code: 1, reason: 'first' });
    assert.deepEqual(await server.closed, { by: 'peer', code: 1, reason: 'first' });
    await server.close(3, 'third');
    assert.deepEqual(await server.closed, { by: 'peer', code: 1, reason: 'first' });
  }),

  transportCheck('both sides may close at once', async ({ client, server }) => {
    await Promise.all([client.close(1), server.close(2)]);
    assert.deepEqual(await client.closed, { by: 'local', code: 1, reason: '' });
    assert.deepEqual(await server.closed, { by: 'local', code: 2, reason: '' });
  }),

  transportCheck('a reason that is too long is cut at a character', async ({ client, server }) => {
    await client.close(1, 'é'.repeat(200));
    const { reason } = await server.closed;
    assert.equal(reason, 'é'.repeat(128));
  }),

  transportCheck('open streams are reset with the close code on both sides', async ({ client, server }) => {
    const accepted = acceptFrom(server);
    const ends = [await openEnds(client, accepted), await openEnds(client, accepted)];
    const heard = ends.flatMap(({ near, far }) => [listenTo(near), listenTo(far)]);
    ends[1]?.far.pause();
    await client.close(77);
    for (const one of heard) {
      await one.until(({ count }) => count('reset') > 0);
      assert.deepEqual(one.resetCodes, [77]);
    }
    await turns(3);
    for (const one of heard) assert.deepEqual(one.events, ['reset']);
    assert.equal(client.openStreams, 0);
    assert.equal(server.openStreams, 0);
  }),

  transportCheck('after the close nothing is taken', async ({ client, server }) => {
    const { near, far } = await openEnds(client, acceptFrom(server));
    const atNear = listenTo(near);
    const atFar = listenTo(far);
    await client.close();
    await server.closed;
    await Promise.all([
      atNear.until(({ count }) => count('reset') === 1),
      atFar.until(({ count }) => count('reset') === 1),
    ]);
    for (const connection of [client, server]) {
      assertThrows('RTA_TRANSPORT_CLOSED', () => connection.openStream());
    }
    for (const stream of [near, far]) {
      assertThrows('RTA_TRANSPORT_STREAM_CLOSED', () => stream.write(Uint8Array.of(1)));
      stream.end();
      stream.reset(1);
      stream.pause();
      stream.resume();
    }
    await turns(3);
    assert.deepEqual([...atNear.events, ...atFar.events], ['reset', 'reset']);
  }),

  transportCheck('a handler may close the connection, and then hears of resets only', async (pair) => {
    const accepted = acceptFrom(pair.server);
    const ends = [await openEnds(pair.client, accepted), await openEnds(pair.client, accepted)];
    const atFar = ends.map(({ far }) =>
      listenTo(far, ({ events }) => {
        if (events.at(-1) === 'data') void pair.server.close(4);
      }),
    );
    for (const { near } of ends) {
      near.write(Uint8Array.of(1));
      near.end();
    }
    for (const heard of atFar) await heard.until(({ count }) => count('reset') > 0);
    await turns(3);
    assert.deepEqual(atFar.map(({ events }) => events.join()).sort(), ['data,reset', 'reset']);
    assert.deepEqual(await pair.client.closed, { by: 'peer', code: 4, reason: '' });
  }),

  transportCheck('`await using` closes', async ({ client, server }) => {
    await client[Symbol.asyncDispose]();
    assert.equal((await server.closed).by, 'peer');
  }),

  transportCheck('both ends see the same channel binding of 32 bytes', async ({ client, server }) => {
    assert.equal(client.channelBinding.byteLength, 32);
    assert.deepEqual([...client.channelBinding], [...server.channelBinding]);
    assert.ok(client.channelBinding.some((byte) => byte !== 0));
  }),

  transportCheck(
    'both ends name the application protocol that they agreed on',
    async ({ client, server }) => {
      assert.match(client.protocol, /^[!-~]+$/);
      assert.equal(client.protocol, server.protocol);
    },
  ),

  transportCheck('the ends have ids of their own, and name their peer', async ({ client, server }) => {
    assert.notEqual(client.id, server.id);
    assert.equal(client.kind, server.kind);
    for (const { id, remoteAddress } of [client, server]) {
      assert.notEqual(id, '');
      assert.notEqual(remoteAddress, '');
    }
  }),

  transportCheck('no handler is called from inside a call', async ({ client, server }) => {
    let depth = 0;
    const called = <Value>(action: () => Value): Value => {
      depth += 1;
      try {
        return action();
      } finally {
        depth -= 1;
      }
    };
    let reentered = 0;
    const notice = (): void => {
      if (depth > 0) reentered += 1;
    };

    const unclaimed = server.openStream();
    unclaimed.write(Uint8Array.of(1));
    const accepted = acceptFrom(server);
    const barrier = await openEnds(client, accepted);
    await roundTrip(barrier);
    const claimed: { setHandlers: typeof unclaimed.setHandlers }[] = [];
    called(() =>
      client.onStream((stream) => {
        notice();
        claimed.push(stream);
      }),
    );
    await roundTrip(barrier);
    assert.equal(claimed.length, 1);
    const heard = [called(() => listenTo(claimed[0] as typeof unclaimed, notice))];

    const { near, far } = await openEnds(client, accepted);
    const atNear = called(() => listenTo(near, notice));
    const atFar = called(() => listenTo(far, notice));
    heard.push(atNear, atFar);
    far.pause();
    for (let count = 0; count < 20; count++) called(() => near.write(new Uint8Array(20_000)));
    await roundTrip(barrier);
    called(() => far.resume());
    await atFar.until(({ byteCount }) => byteCount === 400_000);
    called(() => far.write(Uint8Array.of(1)));
    called(() => far.end());
    await atNear.until(({ count }) => count('end') === 1);
    await called(() => client.close(3));
    for (const one of heard) await one.until(({ count }) => count('reset') === 1);
    assert.equal(reentered, 0);
  }),
];
