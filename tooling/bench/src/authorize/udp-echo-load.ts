import { createSocket } from 'node:dgram';
import { type LoadContract, loadRole } from '../harness/load-child.ts';
import { runAsChild } from '../harness/run-as-child.ts';
import type { EchoLoadOptions } from './echo-server.ts';

/** Datagrams bear a number, and may come back in any order. One that is lost stalls the bench, which then says so. */
runAsChild<LoadContract<EchoLoadOptions>>(async ({ port, payloadBytes }, resources) => {
  const socket = createSocket('udp4');
  resources.defer(() => void socket.close());
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.connect(port, '127.0.0.1', resolve);
  });
  const waiting = new Map<number, () => void>();
  let nextNumber = 0;
  socket.on('message', (datagram) => {
    const number = datagram.readUInt32BE();
    waiting.get(number)?.();
    waiting.delete(number);
  });
  return loadRole(
    () =>
      new Promise((resolve) => {
        nextNumber = (nextNumber + 1) >>> 0;
        const datagram = Buffer.alloc(payloadBytes);
        datagram.writeUInt32BE(nextNumber);
        waiting.set(nextNumber, resolve);
        socket.send(datagram);
      }),
  );
});
