import { concatBytes } from '@rta/core';
import { type DecisionMessage, encodeDecision, FRAME, type Frame, protocolError } from '@rta/protocol';
import type { TransportStream } from '@rta/transport';
import type { Decider } from '../decide/decider.ts';
import { SERVER_LIMITS } from '../limits.ts';

/** Answers AUTHORIZE frames on one stream. */
export interface Lane {
  /**
   * Takes one frame. Answers that are known at once are kept until {@link Lane.flush}.
   *
   * @throws RtaError of `@rta/protocol` for a frame that is not an AUTHORIZE frame.
   */
  onFrame(frame: Frame): void;
  /** Sends the answers to the frames of one chunk together, so that they share packets. */
  flush(): void;
  /** The stream takes more again. */
  onWritable(): void;
}

/** Makes a lane. Reading stops while the peer does not take answers, or while too many wait for the PDP. */
export function createLane(options: {
  readonly stream: TransportStream;
  readonly decider: Decider;
  readonly connection: string;
  readonly onFailed: (error: unknown) => void;
}): Lane {
  const { stream, decider, connection, onFailed } = options;
  let answers: Uint8Array[] = [];
  let waiting = 0;
  let writable = true;
  let reading = true;

  const readWhilePossible = (): void => {
    const possible = writable && waiting < SERVER_LIMITS.maxDecisionsInFlightPerLane;
    if (possible === reading) return;
    reading = possible;
    if (possible) stream.resume();
    else stream.pause();
  };

  const write = (bytes: Uint8Array): void => {
    writable = stream.write(bytes);
    readWhilePossible();
  };

  const answerLater = async (pending: Promise<DecisionMessage>, requestId: number): Promise<void> => {
    waiting += 1;
    readWhilePossible();
    try {
      write(encodeDecision(requestId, await pending));
    } finally {
      waiting -= 1;
      readWhilePossible();
    }
  };

  return {
    onFrame({ type, requestId, body }) {
      if (type !== FRAME.authorize) throw protocolError('RTA_PROTOCOL_UNEXPECTED_FRAME');
      if (requestId === 0) throw protocolError('RTA_PROTOCOL_REQUEST_ID');
      const decision = decider.decide(body, connection);
      if (decision instanceof Promise) answerLater(decision, requestId).catch(onFailed);
      else answers.push(encodeDecision(requestId, decision));
    },
    flush() {
      if (answers.length === 0) return;
      const [first] = answers;
      const bytes = answers.length === 1 && first !== undefined ? first : concatBytes(...answers);
      answers = [];
      write(bytes);
    },
    onWritable() {
      writable = true;
      readWhilePossible();
    },
  };
}
