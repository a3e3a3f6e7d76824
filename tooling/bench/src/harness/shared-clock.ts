/**
 * `performance.now()` of this process on the machine's monotonic clock: times of several processes of one machine
 * can be compared, to some microseconds. Wall-clock adjustments do not reach it.
 */
export function toSharedMs(performanceNowMs: number): number {
  return originMs + performanceNowMs;
}

/** Both clocks have to be read at once, and a process may lose its turn between two reads: the closest pair counts. */
const ATTEMPTS = 100;

/** What the machine's clock showed when `performance.now()` of this process was 0. */
const originMs = measureOriginMs();

function measureOriginMs(): number {
  let closestMs = Number.POSITIVE_INFINITY;
  let origin = 0;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const beforeMs = performance.now();
    const sharedMs = Number(process.hrtime.bigint()) / 1e6;
    const afterMs = performance.now();
    if (afterMs - beforeMs >= closestMs) continue;
    closestMs = afterMs - beforeMs;
    origin = sharedMs - (beforeMs + afterMs) / 2;
  }
  return origin;
}
