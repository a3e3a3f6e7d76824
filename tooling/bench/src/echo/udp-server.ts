import { createSocket } from 'node:dgram';
import { runAsChild } from '../harness/run-as-child.ts';
import type { EchoServerContract } from './echo-contract.ts';
import { UDP_BUFFERS } from './udp-buffers.ts';

runAsChild<EchoServerContract>(async (_options, resources) => {
  const socket = createSocket({
    type: 'udp4',
    // Without this, every send would wait a turn for a look-up.
    lookup: (host, _options, callback) => callback(null, host, 4),
    ...UDP_BUFFERS,
  });
  socket.on('message', (datagram, { port, address }) => socket.send(datagram, port, address));
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(0, '127.0.0.1', resolve);
  });
  resources.defer(() => void socket.close());
  return { ready: { port: socket.address().port } };
});
