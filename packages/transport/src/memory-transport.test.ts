import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { createMemoryTransport, createMemoryTransportPair } from './memory-transport.ts';
import type { TransportConnection } from './transport.ts';

test('a listener is given the other end of each connection', async () => {
  const network = createMemoryTransport();
  const accepted: TransportConnection[] = [];
  await using listener = network.listen((connection) => void accepted.push(connection));
  const client = await network.connect();
  expect(listener.openConnections).toBe(1);
  accepted[0]?.onStream((stream) => stream.setHandlers({ onData: (chunk) => void stream.write(chunk) }));
  const stream = client.openStream();
  const answer = new Promise<Uint8Array>((resolve) => stream.setHandlers({ onData: resolve }));
  stream.write(Uint8Array.of(1, 2, 3));
  expect(await answer).toEqual(Uint8Array.of(1, 2, 3));
});

test('a listener that closes tells its connections, and makes place for another', async () => {
  const network = createMemoryTransport();
  const first = network.listen(() => {});
  expect(() => network.listen(() => {})).toThrow(expect.objectContaining({ code: 'RTA_TRANSPORT_CONFIG' }));
  const client = await network.connect();
  await first.close(7, 'going down');
  expect(await client.closed).toEqual({ by: 'peer', code: 7, reason: 'going down' });
  expect(first.openConnections).toBe(0);
  await expect(network.connect()).rejects.toMatchObject({
    code: 'RTA_TRANSPORT_UNREACHABLE',
    retryable: true,
  });
  const second = network.listen(() => {});
  await first.close();
  await network.connect();
  expect(second.openConnections).toBe(1);
});

test('both ends agree on the protocol that the network was made for', async () => {
  const pair = createMemoryTransportPair({ protocol: 'other/2' });
  expect([pair.client.protocol, pair.server.protocol]).toEqual(['other/2', 'other/2']);
  const network = createMemoryTransport();
  network.listen(() => {});
  expect((await network.connect()).protocol).toBe('rta/1');
});

test('connections to one listener share a channel binding, and pairs do not', async () => {
  const network = createMemoryTransport();
  network.listen(() => {});
  const [one, two] = [await network.connect(), await network.connect()];
  expect(one.channelBinding).toEqual(two.channelBinding);
  expect(createMemoryTransportPair().client.channelBinding).not.toEqual(
    createMemoryTransportPair().client.channelBinding,
  );
});

test('what is written in pieces arrives in one', async () => {
  const { client, server } = createMemoryTransportPair();
  const arrived = new Promise<Uint8Array>((resolve) => {
    server.onStream((stream) => stream.setHandlers({ onData: resolve }));
  });
  const stream = client.openStream();
  stream.write(Uint8Array.of(1));
  stream.write(Uint8Array.of(2, 3));
  expect(await arrived).toEqual(Uint8Array.of(1, 2, 3));
});

test('a connection that closes while it is told of one stream is told of no other', async () => {
  const { client, server } = createMemoryTransportPair();
  let told = 0;
  server.onStream(() => {
    told += 1;
    void server.close(3);
  });
  client.openStream().end();
  client.openStream().end();
  expect(await client.closed).toEqual({ by: 'peer', code: 3, reason: '' });
  expect(told).toBe(1);
});

test('a handler that throws surfaces, and what follows is told all the same', async () => {
  const entry = new URL('./index.ts', import.meta.url).href;
  const program = `
    import { createMemoryTransportPair } from ${JSON.stringify(entry)};
    process.once('uncaughtException', (error) => console.log('uncaught:', error.message));
    const { client, server } = createMemoryTransportPair();
    server.onStream((stream) => stream.setHandlers({
      onData: () => { throw new Error('mistake'); },
      onEnd: () => console.log('end'),
    }));
    const stream = client.openStream();
    stream.write(Uint8Array.of(1));
    stream.end();
  `;
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--conditions=rta-source',
    '--input-type=module',
    '--eval',
    program,
  ]);
  expect(stdout.split('\n')).toEqual(['uncaught: mistake', 'end', '']);
});
