import type { LoopOrder } from '../harness/closed-loop.ts';
import { createLatencyHistogram } from '../harness/latency-histogram.ts';

/** A connection that has served its purpose. */
export interface Served {
  /** Closes it, and puts everything in order for the next one. That is not part of the measured time. */
  close(): Promise<void>;
}

/** What connecting again and again has shown. */
export type ConnectFigures = {
  readonly operations: number;
  /** Connections that were opened, used and closed. */
  readonly opsPerSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
};

/**
 * Connects again and again, in so many slots at a time.
 *
 * @param connect - connects, and resolves when the first decision is there.
 * @throws what `connect` and `close` throw.
 */
export async function measureConnects(
  connect: (slot: number) => Promise<Served>,
  { inFlight, durationMs }: LoopOrder,
): Promise<ConnectFigures> {
  const histogram = createLatencyHistogram();
  const startMs = performance.now();
  const connectAgainAndAgain = async (slot: number): Promise<void> => {
    for (let fromMs = startMs; fromMs - startMs < durationMs; fromMs = performance.now()) {
      const served = await connect(slot);
      histogram.recordUs((performance.now() - fromMs) * 1_000);
      await served.close();
    }
  };
  await Promise.all(Array.from({ length: inFlight }, (_, slot) => connectAgainAndAgain(slot)));
  return {
    operations: histogram.count,
    opsPerSecond: (histogram.count / (performance.now() - startMs)) * 1_000,
    p50Us: histogram.percentileUs(50),
    p99Us: histogram.percentileUs(99),
  };
}
