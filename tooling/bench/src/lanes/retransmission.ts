/**
 * Questions on their way without a stream that would repeat what is lost: says which are to be asked again. Loss is
 * noticed as by TCP today: by answers to later questions (RFC 8985 §6.2), or else by time (RFC 6298).
 */
export interface Retransmission<Question> {
  /** A question was asked for the first time. */
  asked(id: number, question: Question, nowMs: number): void;
  /** @returns whether it was waited for: an answer may come twice where the question was asked twice. */
  answered(id: number, nowMs: number): boolean;
  /** Gives the questions that count as lost, and takes it that they are asked again now. */
  takeLost(nowMs: number): readonly Question[];
  /** When to look for lost ones again, if no answer comes before; undefined where nothing is on its way. */
  nextMs(): number | undefined;
}

interface Waiting<Question> {
  readonly question: Question;
  readonly askedMs: number;
  readonly attempts: number;
}

/** Before the round trip is known. */
const FIRST_TIMEOUT_MS = 100;
/** What a timer can tell apart. */
const GRANULARITY_MS = 1;

/** Makes one; it knows nothing of the path yet. */
export function createRetransmission<Question>(): Retransmission<Question> {
  const waiting = new Map<number, Waiting<Question>>();
  let newestAnsweredMs = Number.NEGATIVE_INFINITY;
  let roundTripMs: number | undefined;
  let variationMs = 0;

  const learn = (sampleMs: number): void => {
    if (roundTripMs === undefined) {
      roundTripMs = sampleMs;
      variationMs = sampleMs / 2;
      return;
    }
    variationMs += (Math.abs(roundTripMs - sampleMs) - variationMs) / 4;
    roundTripMs += (sampleMs - roundTripMs) / 8;
  };
  const deadlineMs = ({ askedMs, attempts }: Waiting<Question>): number => {
    const timeoutMs =
      roundTripMs === undefined ? FIRST_TIMEOUT_MS : roundTripMs + Math.max(GRANULARITY_MS, 4 * variationMs);
    return askedMs + timeoutMs * 2 ** (attempts - 1);
  };

  return {
    asked(id, question, nowMs) {
      waiting.set(id, { question, askedMs: nowMs, attempts: 1 });
    },
    answered(id, nowMs) {
      const question = waiting.get(id);
      if (question === undefined) return false;
      waiting.delete(id);
      // Of one that was asked twice nobody knows which was answered (Karn's algorithm).
      if (question.attempts === 1) {
        newestAnsweredMs = Math.max(newestAnsweredMs, question.askedMs);
        learn(nowMs - question.askedMs);
      }
      return true;
    },
    takeLost(nowMs) {
      const overtakenMs = newestAnsweredMs - (roundTripMs ?? 0) / 4;
      const lost = [...waiting].filter(
        ([, question]) => question.askedMs < overtakenMs || deadlineMs(question) <= nowMs,
      );
      for (const [id, question] of lost) {
        waiting.set(id, { ...question, askedMs: nowMs, attempts: question.attempts + 1 });
      }
      return lost.map(([, { question }]) => question);
    },
    nextMs() {
      let next: number | undefined;
      for (const question of waiting.values()) {
        const deadline = deadlineMs(question);
        if (next === undefined || deadline < next) next = deadline;
      }
      return next;
    },
  };
}
