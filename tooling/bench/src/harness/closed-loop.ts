import { createLatencyHistogram } from './latency-histogram.ts';

/** What a closed loop is to do. */
export interface LoopOrder {
  /** Requests that are on their way at any time. */
  readonly inFlight: number;
  readonly durationMs: number;
}

/** What a closed loop has seen. */
export type LoopFigures = {
  readonly operations: number;
  readonly opsPerSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
};

/** A load with a fixed number of questions on their way, one in each slot: the answer brings the slot's next one. */
export interface ClosedLoop {
  /** Settled when the time is over and the last answers are there; rejects where a question failed. */
  readonly figures: Promise<LoopFigures>;
  /** The question in this slot was answered, and the answer is right. */
  answered(slot: number): void;
  /** A question failed, and so does the loop. */
  fail(error: unknown): void;
}

/** How long answers are waited for after the last question was asked. */
const STALL_MS = 10_000;

/**
 * Starts a closed loop without a promise for each question.
 *
 * @param ask - asks the next question of a slot, from 0 to `inFlight - 1`. The answer comes in a later turn.
 */
export function startClosedLoop(ask: (slot: number) => void, order: LoopOrder): ClosedLoop {
  const { inFlight, durationMs } = order;
  const histogram = createLatencyHistogram();
  const figures = Promise.withResolvers<LoopFigures>();
  const askedMs = new Float64Array(inFlight);
  const startMs = performance.now();
  const endMs = startMs + durationMs;
  let onTheirWay = inFlight;
  let isOver = false;

  const fail = (error: unknown): void => {
    isOver = true;
    clearTimeout(watchdog);
    figures.reject(error);
  };
  const watchdog = setTimeout(
    () => fail(new Error(`${onTheirWay} answers did not come within ${STALL_MS} ms`)),
    durationMs + STALL_MS,
  );
  const askNext = (slot: number, nowMs: number): void => {
    if (isOver) return;
    askedMs[slot] = nowMs;
    try {
      ask(slot);
    } catch (error) {
      fail(error);
    }
  };
  const finish = (nowMs: number): void => {
    isOver = true;
    clearTimeout(watchdog);
    figures.resolve({
      operations: histogram.count,
      opsPerSecond: (histogram.count / (nowMs - startMs)) * 1_000,
      p50Us: histogram.percentileUs(50),
      p99Us: histogram.percentileUs(99),
      p999Us: histogram.percentileUs(99.9),
    });
  };

  for (let slot = 0; slot < inFlight; slot++) askNext(slot, performance.now());
  return {
    figures: figures.promise,
    answered(slot) {
      if (isOver) return;
      const nowMs = performance.now();
      histogram.recordUs((nowMs - (askedMs[slot] ?? Number.NaN)) * 1_000);
      if (nowMs < endMs) {
        askNext(slot, nowMs);
        return;
      }
      onTheirWay -= 1;
      if (onTheirWay === 0) finish(nowMs);
    },
    fail,
  };
}

/**
 * Asks for a while, a fixed number of questions at a time.
 *
 * @param ask - asks one question and checks its answer.
 * @throws what `ask` throws; Error where answers fail to come.
 */
export function measureClosedLoop(ask: () => Promise<void>, order: LoopOrder): Promise<LoopFigures> {
  const loop: ClosedLoop = startClosedLoop((slot) => {
    ask().then(
      () => loop.answered(slot),
      (error: unknown) => loop.fail(error),
    );
  }, order);
  return loop.figures;
}
