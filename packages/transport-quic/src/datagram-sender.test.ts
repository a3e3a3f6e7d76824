import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { DatagramSender } from './datagram-sender.ts';

test('a packet for port 0, whom anybody can pretend to be, is dropped without an error', async () => {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const sender = new DatagramSender(socket, false);
  sender.sendPacket(Buffer.of(1), { host: '127.0.0.1', port: 0 });
  const arrived = once(socket, 'message') as Promise<[Buffer]>;
  sender.sendPacket(Buffer.of(2), { host: '127.0.0.1', port: socket.address().port });
  const [packet] = await arrived;
  expect([...packet]).toEqual([2]);
  socket.close();
});
