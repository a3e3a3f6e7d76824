import { randomBytes } from 'node:crypto';
import quiche from '@matrixai/quic/native/quiche.js';
import { runAsChild } from '../harness/run-as-child.ts';
import type { AnsweringServerContract } from './lanes-contract.ts';
import { serverConfig } from './native-config.ts';
import { bindUdp, driveConnection, type NativePeer } from './native-peer.ts';

/** Answers each datagram (RFC 9221) with another one. It has one client, and remembers nothing. */
runAsChild<AnsweringServerContract>(async (options, resources) => {
  const { host, answerBytes, payloadBytes } = options;
  const config = serverConfig(options);
  const socket = await bindUdp(host);
  const { port } = socket.address();
  let peer: NativePeer | undefined;
  const question = Buffer.alloc(payloadBytes);

  socket.on('message', (packet, from) => {
    if (peer === undefined) {
      const client = { host: from.address, port: from.port };
      const connection = quiche.Connection.accept(randomBytes(16), null, { host, port }, client, config);
      peer = driveConnection({
        connection,
        socket,
        isConnected: false,
        onTurn() {
          while (connection.dgramRecv(question) !== null) {
            connection.dgramSend(question.subarray(0, answerBytes));
          }
        },
      });
    }
    peer.receive(packet, from);
  });
  resources.defer(() => {
    if (peer === undefined) socket.close();
    else peer.stop();
  });
  return { ready: { port } };
});
