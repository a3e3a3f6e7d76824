/** Times of single operations. It keeps counts, not the times: a percentile is off by 0.4 % at most. */
export interface LatencyHistogram {
  readonly count: number;
  /**
   * Adds one time; what is above seven minutes counts as seven minutes.
   *
   * @throws RangeError for a time that is negative or no number: whoever measured it has mistaken clocks.
   */
  recordUs(timeUs: number): void;
  /**
   * The time that `percent` of all operations stay within.
   *
   * @throws RangeError where nothing was recorded.
   */
  percentileUs(percent: number): number;
}

/** One tick is 0.1 µs: the clock is no finer. */
const TICKS_PER_US = 10;
const MAX_TICKS = 0xffff_ffff;
/** Times up to 256 ticks have a bucket each; above, every doubling is cut into 128 buckets. */
const SUB_BUCKET_BITS = 7;
const SUB_BUCKETS = 1 << SUB_BUCKET_BITS;
const BUCKETS = (32 - SUB_BUCKET_BITS + 1) * SUB_BUCKETS;

/** Makes an empty histogram. */
export function createLatencyHistogram(): LatencyHistogram {
  const counts = new Uint32Array(BUCKETS);
  let count = 0;
  return {
    get count() {
      return count;
    },
    recordUs(timeUs) {
      if (!(timeUs >= 0)) throw new RangeError(`${timeUs} µs is no duration`);
      const ticks = Math.min(MAX_TICKS, Math.round(timeUs * TICKS_PER_US));
      const bucket = bucketOf(ticks);
      counts[bucket] = (counts[bucket] ?? 0) + 1;
      count += 1;
    },
    percentileUs(percent) {
      if (count === 0) throw new RangeError('nothing was recorded');
      const rank = Math.max(1, Math.ceil((percent / 100) * count));
      let seen = 0;
      const bucket = counts.findIndex((inBucket) => {
        seen += inBucket;
        return seen >= rank;
      });
      return middleOf(bucket) / TICKS_PER_US;
    },
  };
}

/** How far to the right ticks must be shifted to have 8 bits at most. */
function shiftOf(ticks: number): number {
  return Math.max(0, 32 - Math.clz32(ticks) - (SUB_BUCKET_BITS + 1));
}

function bucketOf(ticks: number): number {
  const shift = shiftOf(ticks);
  return shift * SUB_BUCKETS + (ticks >>> shift);
}

/** Ticks in the middle of a bucket. */
function middleOf(bucket: number): number {
  const shift = Math.max(0, Math.floor(bucket / SUB_BUCKETS) - 1);
  const first = (bucket - shift * SUB_BUCKETS) * 2 ** shift;
  return first + (2 ** shift - 1) / 2;
}
