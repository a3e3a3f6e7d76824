import { once } from 'node:events';
import { createServer } from 'node:https';
import { WebSocketServer } from 'ws';
import { runAsChild } from '../harness/run-as-child.ts';
import type { EchoServerContract } from './echo-contract.ts';
import { portOf } from './port-of.ts';

/** `ws` as its user would write it: messages are echoed as they come, without compression. */
runAsChild<EchoServerContract>(async (identity, resources) => {
  const https = createServer({ ...identity, minVersion: 'TLSv1.3' });
  const server = new WebSocketServer({ server: https, perMessageDeflate: false });
  server.on('connection', (socket) => {
    socket.on('message', (message) => socket.send(message));
  });
  https.listen(0, '127.0.0.1');
  await once(https, 'listening');
  resources.defer(() => {
    for (const socket of server.clients) socket.terminate();
    https.close();
  });
  return { ready: { port: portOf(https.address()) } };
});
