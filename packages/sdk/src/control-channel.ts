import type { Clock } from '@rta/core';
import {
  createFrameDecoder,
  decodeMessage,
  encodeMessage,
  FRAME,
  type Frame,
  type FrameType,
  type MessageName,
  type Messages,
  protocolError,
} from '@rta/protocol';
import type { TransportConnection } from '@rta/transport';
import { sdkError } from './errors.ts';
import { createPendingRequests } from './pending-requests.ts';
import { refusal } from './refusal.ts';

/** The client's side of the control stream. */
export interface ControlChannel {
  /**
   * Asks, and waits for the answer of the given kind.
   *
   * @throws RtaError `RTA_SDK_REFUSED` with the server's code, `RTA_SDK_TIMEOUT`, `RTA_SDK_DISCONNECTED`
   */
  ask<Question extends MessageName, Answer extends MessageName>(
    question: Question,
    message: Messages[Question],
    answer: Answer,
  ): Promise<Messages[Answer]>;
  /** A nonce that the server sent with a refusal, to be used once. */
  takeNonce(): string | undefined;
  /** Resolves when nothing waits for an answer. */
  whenIdle(): Promise<void>;
  failAll(error: Error): void;
}

/** What a server may answer with on the control stream (docs/spec/protocol.md P-2.3). */
const ANSWERS: ReadonlySet<FrameType> = new Set([
  FRAME.welcome,
  FRAME.exchanged,
  FRAME.bound,
  FRAME.delegated,
  FRAME.listed,
  FRAME.narrowed,
  FRAME.ended,
  FRAME.pong,
]);

/** Opens the control stream of a connection. */
export function openControlChannel(options: {
  readonly connection: TransportConnection;
  readonly clock: Clock;
  readonly onGoAway: (message: Messages['goaway']) => void;
  /** The server broke the protocol. */
  readonly onFailed: (error: unknown) => void;
}): ControlChannel {
  const stream = options.connection.openStream();
  const pending = createPendingRequests<Frame>(options.clock);
  const decoder = createFrameDecoder();
  let nonce: string | undefined;

  const refuse = (frame: Frame): void => {
    const error = decodeMessage('error', frame);
    nonce = error.nonce ?? nonce;
    pending.refuse(frame.requestId, refusal(error));
  };

  const onFrame = (frame: Frame): void => {
    if (frame.type === FRAME.goaway) options.onGoAway(decodeMessage('goaway', frame));
    else if (frame.type === FRAME.error) refuse(frame);
    else if (!ANSWERS.has(frame.type)) throw protocolError('RTA_PROTOCOL_UNEXPECTED_FRAME');
    // An answer that nobody waits for any more came too late, and is dropped.
    else pending.answer(frame.requestId, frame);
  };

  stream.setHandlers({
    onData(chunk) {
      try {
        decoder.push(chunk, onFrame);
      } catch (error) {
        options.onFailed(error);
      }
    },
    onEnd: () => options.onFailed(sdkError('RTA_SDK_DISCONNECTED', 'the server ended the control stream')),
  });

  return {
    async ask(question, message, answer) {
      const frame = await pending.ask((requestId) => {
        stream.write(encodeMessage(question, requestId, message));
      });
      try {
        return decodeMessage(answer, frame);
      } catch (error) {
        options.onFailed(error);
        throw sdkError('RTA_SDK_PROTOCOL', undefined, { cause: error });
      }
    },
    takeNonce() {
      const taken = nonce;
      nonce = undefined;
      return taken;
    },
    whenIdle: pending.whenEmpty,
    failAll: pending.failAll,
  };
}
