import { randomBytes } from 'node:crypto';
import quiche from '@matrixai/quic/native/quiche.js';
import { type EchoEvents, echoRole } from '../echo/echo-role.ts';
import { questionNumber } from '../echo/records.ts';
import type { LoadContract } from '../harness/load-child.ts';
import { runAsChild } from '../harness/run-as-child.ts';
import type { LanesLoadOptions } from './lanes-contract.ts';
import { clientConfig } from './native-config.ts';
import { bindUdp, driveConnection, type NativePeer } from './native-peer.ts';
import { createRetransmission } from './retransmission.ts';

/** A datagram (RFC 9221) for each question, asked again by this program where it or its answer is lost. */
runAsChild<LoadContract<LanesLoadOptions>>((options, resources) =>
  echoRole(options, (events) => openDatagrams(options, events, resources)),
);

async function openDatagrams(
  { host, port, ca, answerBytes }: LanesLoadOptions,
  { onAnswer }: EchoEvents,
  resources: AsyncDisposableStack,
): Promise<(question: Uint8Array) => void> {
  const socket = await bindUdp('0.0.0.0');
  await new Promise<void>((resolve) => {
    socket.connect(port, host, resolve);
  });
  const { address } = socket.address();
  const established = Promise.withResolvers<void>();
  const waiting = createRetransmission<Uint8Array>();
  const answer = new Uint8Array(answerBytes);
  let timer: NodeJS.Timeout | undefined;

  /** What the connection does not take counts as lost, and is asked again in time. */
  const send = (question: Uint8Array): void => void connection.dgramSend(question);
  const askLostAgain = (): void => {
    timer = undefined;
    for (const question of waiting.takeLost(performance.now())) send(question);
    peer.flushSoon();
    armTimer();
  };
  const armTimer = (): void => {
    const nextMs = waiting.nextMs();
    if (nextMs !== undefined) timer ??= setTimeout(askLostAgain, nextMs - performance.now());
  };

  const connection = quiche.Connection.connect(
    null,
    randomBytes(16),
    { host: address, port: socket.address().port },
    { host, port },
    clientConfig(ca),
  );
  const peer: NativePeer = driveConnection({
    connection,
    socket,
    isConnected: true,
    onTurn() {
      if (connection.isEstablished()) established.resolve();
      const nowMs = performance.now();
      while (connection.dgramRecv(answer) !== null) {
        if (waiting.answered(questionNumber(answer), nowMs)) onAnswer(answer.slice());
      }
      for (const question of waiting.takeLost(nowMs)) send(question);
      armTimer();
    },
  });
  resources.defer(() => {
    clearTimeout(timer);
    peer.stop();
  });
  socket.on('message', (packet, from) => peer.receive(packet, from));
  peer.flushSoon();
  await established.promise;

  return (question) => {
    waiting.asked(questionNumber(question), question, performance.now());
    send(question);
    armTimer();
    peer.flushSoon();
  };
}
