import { concatBytes } from '@rta/core';
import { type DecisionMessage, encodeDecision, FRAME, type Frame, protocolError } from '@rta/protocol';
import type { TransportStream } from '@rta/transport';
import type { Decider } from '../decide/decider.ts';
import { reportFault } from '../diagnostics.ts';
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
  /** The peer asks no more: the stream ends when everything was answered. */
  onEnd(): void;
  /** The peer broke the stream off: nobody waits for the answers that are left. */
  onReset(): void;
}

/** Makes a lane. Reading stops while the peer does not take answers, or while too many wait for the PDP. */
export function createLane(options: {
  readonly stream: TransportStream;
  readonly decider: Decider;
  readonly connection: string;
  /** The lane is over, in both directions. Told once. */
  readonly onEnded: () => void;
  readonly onFailed: (error: unknown) => void;
}): Lane {
  const { stream, decider, connection, onEnded, onFailed } = options;
  let answers: Uint8Array[] = [];
  let waiting = 0;
  let writable = true;
  let reading = true;
  let asking = true;
  let over = false;

  const readWhilePossible = (): void => {
    const possible = writable && waiting < SERVER_LIMITS.maxDecisionsInFlightPerLane;
    if (possible === reading) return;
    reading = possible;
    if (possible) stream.resume();
    else stream.pause();
  };

  const write = (bytes: Uint8Array): void => {
    if (over) return;
    writable = stream.write(bytes);
    readWhilePossible();
  };

  const finish = (): void => {
    if (over) return;
    over = true;
    onEnded();
  };

  const endWhenDone = (): void => {
    if (asking || waiting > 0 || over) return;
    stream.end();
    finish();
  };

  const answerLater = async (pending: Promise<DecisionMessage>, requestId: number): Promise<void> => {
    waiting += 1;
    readWhilePossible();
    try {
      write(encodeAnswer(requestId, await pending));
    } finally {
      waiting -= 1;
      readWhilePossible();
      endWhenDone();
    }
  };

  return {
    onFrame({ type, requestId, body }) {
      if (type !== FRAME.authorize) throw protocolError('RTA_PROTOCOL_UNEXPECTED_FRAME');
      const decision = decider.decide(body, connection);
      if (decision instanceof Promise) answerLater(decision, requestId).catch(onFailed);
      else answers.push(encodeAnswer(requestId, decision));
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
    onEnd() {
      asking = false;
      endWhenDone();
    },
    onReset: finish,
  };
}

/** A decision with more reasons or obligations than a frame may carry cannot be fulfilled by anybody: it denies. */
function encodeAnswer(requestId: number, decision: DecisionMessage): Uint8Array {
  try {
    return encodeDecision(requestId, decision);
  } catch (error) {
    reportFault('pdp', error);
    return encodeDecision(requestId, { effect: 'deny', cause: 'error', generation: decision.generation });
  }
}
