import { concatBytes } from '@rta/core';
import type { TransportConnection } from '@rta/transport';
import type { EchoEvents } from './echo-role.ts';
import { createRecordReader } from './record-reader.ts';

/**
 * Asks on one stream that stays open.
 *
 * @returns sends a question.
 */
export function askOnOneStream(
  connection: TransportConnection,
  payloadBytes: number,
  { onAnswer, onFailed }: EchoEvents,
): (question: Uint8Array) => void {
  const stream = connection.openStream();
  stream.setHandlers({
    onData: createRecordReader(payloadBytes, onAnswer),
    onEnd: () => onFailed(new Error('the server has ended the stream')),
    onReset: (code) => onFailed(new Error(`the stream was reset with ${code}`)),
  });
  return (question) => void stream.write(question);
}

/**
 * Asks on a new stream each time.
 *
 * @returns sends a question.
 */
export function askOnNewStreams(
  connection: TransportConnection,
  { onAnswer, onFailed }: EchoEvents,
): (question: Uint8Array) => void {
  return (question) => {
    const stream = connection.openStream();
    let answer: Uint8Array | undefined;
    stream.setHandlers({
      onData: (chunk) => {
        answer = answer === undefined ? chunk : concatBytes(answer, chunk);
      },
      onEnd: () => onAnswer(answer ?? new Uint8Array(0)),
      onReset: (code) => onFailed(new Error(`a stream was reset with ${code}`)),
    });
    stream.write(question);
    stream.end();
  };
}
