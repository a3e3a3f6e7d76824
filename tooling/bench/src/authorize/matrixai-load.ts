import { randomFillSync } from 'node:crypto';
import { QUICClient } from '@matrixai/quic';
import { type LoadContract, loadRole } from '../harness/load-child.ts';
import { runAsChild } from '../harness/run-as-child.ts';
import type { EchoLoadOptions } from './echo-server.ts';

/** What the client needs besides: the authority of the server's certificate, PEM. */
export interface MatrixaiLoadOptions extends EchoLoadOptions {
  readonly ca: string;
}

/** All requests on one stream: answers come in the order of the questions, and are told apart by counting bytes. */
runAsChild<LoadContract<MatrixaiLoadOptions>>(async ({ port, payloadBytes, ca }, resources) => {
  const client = await QUICClient.createQUICClient({
    host: '127.0.0.1',
    port,
    serverName: 'localhost',
    localHost: '127.0.0.1',
    crypto: {
      ops: {
        async randomBytes(data) {
          randomFillSync(new Uint8Array(data));
        },
      },
    },
    config: { ca, verifyPeer: true },
  });
  resources.defer(() => client.destroy({ force: true }));
  const stream = client.connection.newStream('bidi');
  const writer = stream.writable.getWriter();
  const waiting: PromiseWithResolvers<void>[] = [];

  const read = async (): Promise<void> => {
    let bytes = 0;
    for await (const chunk of stream.readable) {
      bytes += chunk.byteLength;
      for (; bytes >= payloadBytes; bytes -= payloadBytes) waiting.shift()?.resolve();
    }
  };
  read().catch((error: unknown) => {
    for (const { reject } of waiting) reject(error);
  });

  return loadRole(async () => {
    const answer = Promise.withResolvers<void>();
    waiting.push(answer);
    await writer.write(new Uint8Array(payloadBytes));
    await answer.promise;
  });
});
