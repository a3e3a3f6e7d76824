import { randomFillSync } from 'node:crypto';
import { QUICClient } from '@matrixai/quic';
import type { LoadContract } from '../harness/load-child.ts';
import { runAsChild } from '../harness/run-as-child.ts';
import type { EchoLoadOptions } from './echo-contract.ts';
import { echoRole } from './echo-role.ts';
import { createRecordReader } from './record-reader.ts';

/** All requests on one stream of the class layer: its own streams each take several times as long. */
runAsChild<LoadContract<EchoLoadOptions>>(async ({ port, payloadBytes, ca }, resources) => {
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
  return echoRole({ payloadBytes }, async ({ onAnswer, onFailed }) => {
    const read = async (): Promise<void> => {
      const push = createRecordReader(payloadBytes, onAnswer);
      for await (const chunk of stream.readable) push(chunk);
      throw new Error('the server has ended the stream');
    };
    read().catch(onFailed);
    return (question) => void writer.write(question).catch(onFailed);
  });
});
