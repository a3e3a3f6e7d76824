import { listenQuic } from '@rta/transport-quic';
import { MANY_STREAMS } from '../echo/many-streams.ts';
import { createRecordReader } from '../echo/record-reader.ts';
import { runAsChild } from '../harness/run-as-child.ts';
import type { AnsweringServerContract } from './lanes-contract.ts';

/** Answers questions on whatever streams they come. */
runAsChild<AnsweringServerContract>(async ({ host, cert, key, payloadBytes, answerBytes }, resources) => {
  const listener = resources.use(
    await listenQuic({
      host,
      port: 0,
      cert,
      key,
      limits: MANY_STREAMS,
      onConnection: (connection) => {
        connection.onStream((stream) => {
          stream.setHandlers({
            onData: createRecordReader(payloadBytes, (question) => {
              stream.write(question.slice(0, answerBytes));
            }),
            onEnd: () => stream.end(),
          });
        });
      },
    }),
  );
  return { ready: { port: listener.address.port } };
});
