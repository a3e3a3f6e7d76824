import { createLatencyHistogram } from './latency-histogram.ts';

/** What a closed loop is to do. */
export interface LoopOrder {
  /** Requests that are on their way at any time. */
  readonly inFlight: number;
  readonly durationMs: number;
}

/** What a closed loop has seen. */
export interface LoopFigures {
  readonly operations: number;
  readonly opsPerSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
}

/** How long answers are waited for after the last question was asked. */
const STALL_MS = 10_000;

/**
 * Asks for a while, a fixed number of questions at a time: each answer brings the next question.
 *
 * @param ask - asks one question and checks its answer.
 * @throws what `ask` throws; Error where answers fail to come.
 */
export async function measureClosedLoop(ask: () => Promise<void>, order: LoopOrder): Promise<LoopFigures> {
  const { inFlight, durationMs } = order;
  const histogram = createLatencyHistogram();
  const startMs = performance.now();
  const endMs = startMs + durationMs;

  const askAgainAndAgain = async (): Promise<void> => {
    for (let sentMs = performance.now(); sentMs < endMs; ) {
      await ask();
      const nowMs = performance.now();
      histogram.recordUs((nowMs - sentMs) * 1_000);
      sentMs = nowMs;
    }
  };
  const stalled = Promise.withResolvers<never>();
  const watchdog = setTimeout(
    () => stalled.reject(new Error(`an answer did not come within ${STALL_MS} ms`)),
    durationMs + STALL_MS,
  );
  try {
    await Promise.race([Promise.all(Array.from({ length: inFlight }, askAgainAndAgain)), stalled.promise]);
  } finally {
    clearTimeout(watchdog);
  }
  return {
    operations: histogram.count,
    opsPerSecond: (histogram.count / (performance.now() - startMs)) * 1_000,
    p50Us: histogram.percentileUs(50),
    p99Us: histogram.percentileUs(99),
  };
}
