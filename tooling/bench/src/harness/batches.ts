import { createLatencyHistogram } from './latency-histogram.ts';

/** What batches have shown. */
export interface BatchFigures {
  readonly opsPerSecond: number;
  /** Time of one operation in the median batch: a single one may be shorter than the clock can tell. */
  readonly p50Us: number;
}

/** A batch lasts at least this long, so that reading the clock costs nothing beside it. */
const MIN_BATCH_MS = 0.5;

/**
 * Measures operations one after the other, in batches.
 *
 * @param runBatch - does the operation so many times, and throws where one goes wrong.
 */
export async function measureBatches(
  runBatch: (count: number) => void | Promise<void>,
  durationMs: number,
): Promise<BatchFigures> {
  const batch = await batchSizeOf(runBatch);
  const histogram = createLatencyHistogram();
  const startMs = performance.now();
  let nowMs = startMs;
  while (nowMs - startMs < durationMs) {
    const batchStartMs = nowMs;
    await runBatch(batch);
    nowMs = performance.now();
    // A batch as a whole is long enough for the histogram; one operation of it may not be.
    histogram.recordUs((nowMs - batchStartMs) * 1_000);
  }
  return {
    opsPerSecond: ((histogram.count * batch) / (nowMs - startMs)) * 1_000,
    p50Us: histogram.percentileUs(50) / batch,
  };
}

async function batchSizeOf(runBatch: (count: number) => void | Promise<void>): Promise<number> {
  for (let count = 1; ; count *= 2) {
    const startMs = performance.now();
    await runBatch(count);
    if (performance.now() - startMs >= MIN_BATCH_MS) return count;
  }
}
