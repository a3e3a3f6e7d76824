import type { Session } from '@rta/authority';
import { concatBytes, isRtaError } from '@rta/core';
import {
  type DecisionMessage,
  decodeMessage,
  encodeDecision,
  encodeMessage,
  FRAME,
  type Frame,
  isProtocolErrorCode,
  type Messages,
  protocolError,
} from '@rta/protocol';
import type { TransportStream } from '@rta/transport';
import type { Origin } from '../audit/audit-record.ts';
import type { Decider } from '../decide/decider.ts';
import { reportFault } from '../diagnostics.ts';
import { SERVER_LIMITS } from '../limits.ts';
import { boundMessage } from './bound-message.ts';
import { errorMessage } from './public-error.ts';

/** Answers AUTHORIZE frames on one stream, and the RESUME that may stand in front of them. */
export interface Lane {
  /**
   * Takes one frame. Answers that are known at once are kept until {@link Lane.flush}.
   *
   * @throws RtaError of `@rta/protocol` for a frame that may not come here.
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

/**
 * Makes a lane. Reading stops while the peer does not take answers, while too many wait for the PDP, and while a RESUME
 * is decided: what came behind it in the same chunk is held, and evaluated only if the session was bound.
 */
export function createLane(options: {
  readonly stream: TransportStream;
  readonly decider: Decider;
  readonly resume: (message: Messages['resume']) => Promise<Session>;
  readonly origin: Origin;
  /** The lane is over, in both directions. Told once. */
  readonly onEnded: () => void;
  readonly onFailed: (error: unknown) => void;
}): Lane {
  const { stream, decider, resume, origin, onEnded, onFailed } = options;
  let phase: 'new' | 'resuming' | 'open' | 'refused' = 'new';
  let held: Frame[] = [];
  let answers: Uint8Array[] = [];
  let waiting = 0;
  let writable = true;
  let reading = true;
  let asking = true;
  let over = false;

  const readWhilePossible = (): void => {
    const possible = writable && phase !== 'resuming' && waiting < SERVER_LIMITS.maxDecisionsInFlightPerLane;
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

  const flush = (): void => {
    if (answers.length === 0) return;
    const [first] = answers;
    const bytes = answers.length === 1 && first !== undefined ? first : concatBytes(...answers);
    answers = [];
    write(bytes);
  };

  const finish = (): void => {
    if (over) return;
    over = true;
    onEnded();
  };

  const endWhenDone = (): void => {
    if (asking || waiting > 0 || phase === 'resuming' || over) return;
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

  const decide = ({ requestId, body }: Frame): void => {
    const decision = decider.decide(body, { ...origin, request: requestId });
    if (decision instanceof Promise) answerLater(decision, requestId).catch(onFailed);
    else answers.push(encodeAnswer(requestId, decision));
  };

  /** The answer to a RESUME, and whether what stands behind it may be looked at. */
  const answerResume = async (frame: Frame): Promise<{ isBound: boolean; answer: Uint8Array }> => {
    try {
      const session = await resume(decodeMessage('resume', frame));
      return { isBound: true, answer: encodeMessage('bound', frame.requestId, boundMessage(session)) };
    } catch (error) {
      // What breaks the protocol breaks the stream; what is merely refused is answered.
      if (over || (isRtaError(error) && isProtocolErrorCode(error.code))) throw error;
      return { isBound: false, answer: encodeMessage('error', frame.requestId, errorMessage(error)) };
    }
  };

  const beginWithResume = async (frame: Frame): Promise<void> => {
    phase = 'resuming';
    readWhilePossible();
    const { isBound, answer } = await answerResume(frame);
    const behind = held;
    held = [];
    // Nobody waits for it any more, nor for what stands behind it.
    if (over) return;
    phase = isBound ? 'open' : 'refused';
    answers.push(answer);
    if (isBound) for (const one of behind) decide(one);
    flush();
    // The peer's side is still read, to its end, and dropped.
    if (!isBound) stream.end();
    readWhilePossible();
    endWhenDone();
  };

  return {
    onFrame(frame) {
      if (phase === 'new' && frame.type === FRAME.resume) {
        beginWithResume(frame).catch((error: unknown) => {
          if (!over) onFailed(error);
        });
        return;
      }
      if (frame.type !== FRAME.authorize) throw protocolError('RTA_PROTOCOL_UNEXPECTED_FRAME');
      if (phase === 'new') phase = 'open';
      if (phase === 'resuming') held.push(frame);
      else if (phase === 'open') decide(frame);
    },
    flush,
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
