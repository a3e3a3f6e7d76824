import type { TransportConnection } from '@rta/transport';
import { describe, expect, test } from 'vitest';
import { type Relay, relay } from './relay.ts';
import { ask, echo, startServer } from './support.ts';

/** Both ends of a connection over a network that the test can disturb. */
async function over<Result>(
  look: (ends: {
    client: TransportConnection;
    server: TransportConnection;
    network: Relay;
  }) => Promise<Result>,
  before: (network: Relay) => void = () => {},
): Promise<Result> {
  await using listener = await startServer();
  const network = await relay(listener.port);
  before(network);
  try {
    const ends = await listener.pair({ port: network.port });
    return await look({ ...ends, network });
  } finally {
    network.close();
  }
}

describe('over a network that loses datagrams', () => {
  test('a connection comes about', async () => {
    const kind = await over(
      async ({ client }) => client.kind,
      // The first datagram of each side is lost.
      (network) => network.filter((_datagram, _from, index) => index > 0),
    );
    expect(kind).toBe('quic');
  });

  test('bytes and ends arrive, in order, where every fifth is lost [P-1.2]', async () => {
    await over(async ({ client, server, network }) => {
      echo(server);
      network.filter((_datagram, _from, index) => index % 5 !== 4);
      const texts = Array.from({ length: 40 }, (_, index) => `${index} `.repeat(400));
      expect(await Promise.all(texts.map((text) => ask(client, text)))).toEqual(texts);
      await client.close();
    });
  });

  test('datagrams that come twice, or out of order, change nothing', async () => {
    await over(async ({ client, server, network }) => {
      echo(server);
      let held: (() => void) | undefined;
      network.shape((pass, index) => {
        if (index % 3 === 0) {
          held = pass;
          return;
        }
        pass();
        if (index % 3 === 1) pass();
        held?.();
        held = undefined;
      });
      const texts = Array.from({ length: 40 }, (_, index) => `${index} `.repeat(400));
      expect(await Promise.all(texts.map((text) => ask(client, text)))).toEqual(texts);
      await client.close();
    });
  });

  test('an end that comes by itself survives the loss of a datagram', async () => {
    await over(async ({ client, server, network }) => {
      const events: string[] = [];
      const stream = client.openStream();
      const ended = new Promise<void>((resolve) => {
        stream.setHandlers({
          onData: (chunk) => void events.push(`${chunk.byteLength} bytes`),
          onEnd: () => {
            events.push('end');
            resolve();
          },
        });
      });
      const answer = Promise.withResolvers<() => void>();
      server.onStream((far) => {
        far.setHandlers({
          onData: () => {},
          onEnd: () => {
            far.write(Uint8Array.of(1, 2, 3));
            answer.resolve(() => far.end());
          },
        });
      });
      stream.end();
      const end = await answer.promise;
      await network.quiet();
      network.filter((_datagram, from, index) => from === 'client' || index > 0);
      end();
      await ended;
      expect(events).toEqual(['3 bytes', 'end']);
      await client.close();
    });
  });

  test('ends that come later than the bytes arrive on every one of many streams', async () => {
    await over(async ({ client, server, network }) => {
      server.onStream((stream) => {
        stream.setHandlers({
          onData: (chunk) => void stream.write(chunk),
          onEnd: () => void setImmediate(() => stream.end()),
        });
      });
      let state = 20_260_101;
      network.filter(() => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return state >>> 24 >= 13;
      });
      const streams = Array.from({ length: 64 }, () => client.openStream());
      await Promise.all(
        streams.map(
          (stream) =>
            new Promise<void>((resolve) => {
              let byteCount = 0;
              stream.setHandlers({
                onData: (chunk) => {
                  byteCount += chunk.byteLength;
                  if (byteCount === 3_000) stream.end();
                },
                onEnd: resolve,
              });
              stream.write(new Uint8Array(3_000));
            }),
        ),
      );
      expect(client.openStreams).toBe(0);
      await client.close();
    });
  });

  test('a close that was lost is said again to a peer that still sends', async () => {
    await over(async ({ client, server, network }) => {
      network.filter((_datagram, from, index) => from === 'client' || index > 0);
      await server.close(5, 'heard after all');
      client.openStream().write(Uint8Array.of(1));
      expect(await client.closed).toEqual({ by: 'peer', code: 5, reason: 'heard after all' });
    });
  });
});

test('a peer that goes on sending after the close is answered more and more seldom', async () => {
  await over(async ({ client, server, network }) => {
    let toServer: Buffer | undefined;
    network.filter((datagram, from) => {
      if (from === 'client') toServer = datagram;
      return true;
    });
    client.openStream().write(Uint8Array.of(1));
    await network.quiet();
    network.swallow();
    await server.close(1);
    let answers = 0;
    network.filter((_datagram, from) => {
      if (from === 'server') answers += 1;
      return false;
    });
    const late = toServer ?? Buffer.alloc(0);
    expect(late.byteLength).toBeGreaterThan(0);
    for (let count = 0; count < 64; count++) network.toServer(late);
    await network.quiet();
    expect(answers).toBeLessThanOrEqual(8);
    expect(answers).toBeGreaterThan(0);
  });
});
