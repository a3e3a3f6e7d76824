import type { Clock } from '@rta/core';
import {
  createFrameDecoder,
  type DecisionMessage,
  decodeDecision,
  decodeMessage,
  FRAME,
  type Frame,
  type Messages,
  protocolError,
} from '@rta/protocol';
import type { TransportConnection } from '@rta/transport';
import { sdkError } from './errors.ts';
import { createPendingRequests } from './pending-requests.ts';
import { refusal } from './refusal.ts';

/** One stream of AUTHORIZE frames and their answers; RESUME may come before them. */
export interface DecisionLane {
  /** Questions that wait for their answers. */
  readonly size: number;
  /** Sends an AUTHORIZE frame, and waits for its answer. */
  ask(encode: (requestId: number) => Uint8Array): Promise<DecisionMessage>;
  /** Sends RESUME, which must be the first frame of the lane, and waits for its answer. */
  resume(encode: (requestId: number) => Uint8Array): Promise<Messages['bound']>;
  /** Resolves when nothing waits for an answer. */
  whenIdle(): Promise<void>;
  failAll(error: Error): void;
}

/** The id of a RESUME: the last one that there is, where those of the questions on its lane never come. */
const RESUME_REQUEST_ID = 0xffff_ffff;

/** Opens a lane. */
export function openDecisionLane(options: {
  readonly connection: TransportConnection;
  readonly clock: Clock;
  /** The server ended this lane alone; the others go on. */
  readonly onEnded: () => void;
  /** The server broke the protocol. */
  readonly onFailed: (error: unknown) => void;
}): DecisionLane {
  const stream = options.connection.openStream();
  const questions = createPendingRequests<DecisionMessage>(options.clock);
  const resuming = createPendingRequests<Messages['bound']>(options.clock, RESUME_REQUEST_ID - 1);
  const decoder = createFrameDecoder();

  const failAll = (error: Error): void => {
    resuming.failAll(error);
    questions.failAll(error);
  };

  const giveUp = (): void => {
    options.onEnded();
    failAll(sdkError('RTA_SDK_DISCONNECTED', 'the server ended the lane'));
  };

  const onFrame = (frame: Frame): void => {
    const { type, requestId } = frame;
    if (type === FRAME.decision) {
      questions.answer(requestId, decodeDecision(frame.body));
    } else if (requestId === RESUME_REQUEST_ID && type === FRAME.bound) {
      resuming.answer(requestId, decodeMessage('bound', frame));
    } else if (requestId === RESUME_REQUEST_ID && type === FRAME.error) {
      resuming.refuse(requestId, refusal(decodeMessage('error', frame)));
    } else {
      throw protocolError('RTA_PROTOCOL_UNEXPECTED_FRAME');
    }
  };

  stream.setHandlers({
    onData(chunk) {
      try {
        decoder.push(chunk, onFrame);
      } catch (error) {
        options.onFailed(error);
      }
    },
    onEnd() {
      stream.end();
      giveUp();
    },
    onReset: giveUp,
  });

  return {
    get size() {
      return questions.size;
    },
    ask: (encode) =>
      questions.ask((requestId) => {
        stream.write(encode(requestId));
      }),
    resume: (encode) =>
      resuming.ask((requestId) => {
        stream.write(encode(requestId));
      }),
    async whenIdle() {
      await Promise.all([questions.whenEmpty(), resuming.whenEmpty()]);
    },
    failAll,
  };
}
