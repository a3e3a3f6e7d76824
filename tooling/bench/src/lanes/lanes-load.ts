import type { TransportConnection } from '@rta/transport';
import { dialQuic } from '@rta/transport-quic';
import { type EchoEvents, echoRole } from '../echo/echo-role.ts';
import { createRecordReader } from '../echo/record-reader.ts';
import { askOnNewStreams } from '../echo/transport-ask.ts';
import type { LoadContract } from '../harness/load-child.ts';
import { runAsChild } from '../harness/run-as-child.ts';
import type { LanesLoadOptions } from './lanes-contract.ts';

runAsChild<LoadContract<LanesLoadOptions>>(async (options, resources) => {
  const { host, port, ca, lanes } = options;
  const connection = resources.use(await dialQuic({ host, port, ca }));
  return echoRole(options, async (events) =>
    lanes === 0 ? askOnNewStreams(connection, events) : askOnLanes(connection, options, events),
  );
});

/** Asks on the lane with the least to do, as the SDK does. */
function askOnLanes(
  connection: TransportConnection,
  { answerBytes, lanes: laneCount }: LanesLoadOptions,
  { onAnswer, onFailed }: EchoEvents,
): (question: Uint8Array) => void {
  const lanes = Array.from({ length: laneCount }, () => {
    const stream = connection.openStream();
    const lane = { stream, waiting: 0 };
    stream.setHandlers({
      onData: createRecordReader(answerBytes, (answer) => {
        lane.waiting -= 1;
        onAnswer(answer);
      }),
      onEnd: () => onFailed(new Error('the server has ended a lane')),
      onReset: (code) => onFailed(new Error(`a lane was reset with ${code}`)),
    });
    return lane;
  });
  return (question) => {
    const lane = lanes.reduce((best, other) => (other.waiting < best.waiting ? other : best));
    lane.waiting += 1;
    lane.stream.write(question);
  };
}
