import { type ClosedLoop, startClosedLoop } from '../harness/closed-loop.ts';
import type { LoadRole } from '../harness/load-child.ts';
import { createRecords } from './records.ts';

/** What a way to an echo server calls. */
export interface EchoEvents {
  /** An answer is there. */
  onAnswer(answer: Uint8Array): void;
  /** No more answers will come. */
  onFailed(error: unknown): void;
}

/** Bytes of one question and of its answer, where the server gives back only the first ones. */
export interface EchoLengths {
  readonly payloadBytes: number;
  readonly answerBytes?: number;
}

/**
 * The load on an echo server, the same over every way there: numbered records, each compared with its echo. Nothing
 * is awaited between an answer and the next question.
 *
 * @param open - opens the way, and gives what sends a question over it. The bytes may be kept.
 */
export async function echoRole(
  { payloadBytes, answerBytes = payloadBytes }: EchoLengths,
  open: (events: EchoEvents) => Promise<(question: Uint8Array) => void>,
): Promise<LoadRole> {
  const records = createRecords(payloadBytes, answerBytes);
  let loop: ClosedLoop | undefined;
  let failure: unknown;
  const onFailed = (error: unknown): void => {
    failure ??= error;
    loop?.fail(error);
  };
  const ask = await open({
    onAnswer(answer) {
      try {
        const slot = records.check(answer);
        loop?.answered(slot);
      } catch (error) {
        onFailed(error);
      }
    },
    onFailed,
  });
  return {
    ready: 'connected',
    answer(order) {
      if (failure !== undefined) return Promise.reject(failure);
      loop = startClosedLoop((slot) => ask(records.next(slot)), order);
      return loop.figures;
    },
  };
}
