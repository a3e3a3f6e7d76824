import { randomFillSync } from 'node:crypto';

/** Questions that a closed loop has on their way, one for each slot, and what their answers must be. */
export interface Records {
  /** The next question of a slot: bytes that no other question has, never touched again. */
  next(slot: number): Uint8Array;
  /**
   * Compares an answer with its question.
   *
   * @returns the slot whose question is answered.
   * @throws Error where the answer belongs to no question that is on its way, or is not its beginning.
   */
  check(answer: Uint8Array): number;
}

/** The number of a question, from its bytes or from those of its answer. */
export function questionNumber(record: Uint8Array): number {
  return new DataView(record.buffer, record.byteOffset).getUint32(4);
}

/** Of a record: the slot, then the number of the question. Random bytes follow. */
const HEADER_BYTES = 8;
const RANDOM_BYTES = 4_096;

/**
 * Makes numbered records. A server answers a question with its first bytes; an echo with all of them.
 *
 * @throws RangeError where an answer would be too short to be told from others.
 */
export function createRecords(questionBytes: number, answerBytes: number = questionBytes): Records {
  if (answerBytes < HEADER_BYTES || answerBytes > questionBytes) {
    throw new RangeError(`an answer has ${HEADER_BYTES} to ${questionBytes} bytes, not ${answerBytes}`);
  }
  const random = randomFillSync(Buffer.alloc(RANDOM_BYTES + questionBytes));
  const asked: (Buffer | undefined)[] = [];
  let count = 0;
  return {
    next(slot) {
      count = (count + 1) >>> 0;
      const record = Buffer.allocUnsafe(questionBytes);
      random.copy(record, HEADER_BYTES, count % RANDOM_BYTES);
      record.writeUInt32BE(slot, 0);
      record.writeUInt32BE(count, 4);
      asked[slot] = record;
      return record;
    },
    check(answer) {
      if (answer.byteLength !== answerBytes) {
        throw new Error(`an answer has ${answer.byteLength} bytes, expected ${answerBytes}`);
      }
      const slot = new DataView(answer.buffer, answer.byteOffset).getUint32(0);
      const question = asked[slot];
      if (question?.compare(answer, 0, answerBytes, 0, answerBytes) !== 0) {
        throw new Error(`an answer is not the one to the question in slot ${slot}`);
      }
      asked[slot] = undefined;
      return slot;
    },
  };
}
