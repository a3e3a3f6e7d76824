import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { type Address, NativeConfig, NativeConnection } from '../src/native.ts';
import { startServer } from './support.ts';

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close();
});

function earlyDataConfig(): NativeConfig {
  const config = NativeConfig.withBoringSslCtx(false, false, null, null, null, null);
  config.enableEarlyData();
  config.setApplicationProtos(['rta/1']);
  config.setMaxIdleTimeout(5_000);
  config.setInitialMaxData(100_000);
  config.setInitialMaxStreamDataBidiLocal(100_000);
  config.setInitialMaxStreamDataBidiRemote(100_000);
  config.setInitialMaxStreamsBidi(10);
  return config;
}

/** A client of quiche alone, that would send early data if it could. */
interface RawClient {
  readonly native: NativeConnection;
  flush(): void;
  /** Resolves when the condition holds, after one packet or another. */
  until(condition: () => boolean): Promise<void>;
}

async function openRawClient(port: number, ticket?: Uint8Array): Promise<RawClient> {
  const socket = createSocket('udp4');
  sockets.push(socket);
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const local: Address = { host: '127.0.0.1', port: socket.address().port };
  const peer: Address = { host: '127.0.0.1', port };
  const native = NativeConnection.connect('localhost', randomBytes(16), local, peer, earlyDataConfig());
  if (ticket !== undefined) native.setSession(ticket);
  const flush = (): void => {
    const packet = Buffer.alloc(1_350);
    for (let sent = native.send(packet); sent !== null; sent = native.send(packet)) {
      socket.send(Buffer.from(packet.subarray(0, sent[0])), port, '127.0.0.1');
    }
  };
  socket.on('message', (packet) => {
    native.recv(packet, { from: peer, to: local });
    flush();
  });
  return {
    native,
    flush,
    async until(condition) {
      while (!condition()) await once(socket, 'message');
    },
  };
}

test('a server takes no early data: a ticket that it gave allows none [P-9.1]', async () => {
  await using server = await startServer();
  const first = await openRawClient(server.port);
  first.flush();
  await first.until(() => first.native.session() !== null);
  const ticket = first.native.session();
  if (ticket === null) throw new Error('expected a ticket');

  const second = await openRawClient(server.port, ticket);
  second.flush();
  expect(second.native.isInEarlyData()).toBe(false);
  await second.until(() => second.native.isEstablished());

  expect(second.native.isInEarlyData()).toBe(false);
});
