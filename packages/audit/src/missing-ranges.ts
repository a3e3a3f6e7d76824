import { AUDIT_LIMITS } from './limits.ts';

/** Sequence numbers that were skipped, as ranges. */
export interface MissingRanges {
  /** Remembers that `from` to `to` were skipped; beyond the limit the oldest range is forgotten. */
  add(from: number, to: number): void;
  /** Whether a number was skipped, which it is no longer. */
  take(sequence: number): boolean;
}

/** Makes an empty set of ranges. */
export function createMissingRanges(): MissingRanges {
  const ranges: { from: number; to: number }[] = [];
  const keep = (from: number, to: number): void => {
    if (from > to) return;
    ranges.push({ from, to });
    if (ranges.length > AUDIT_LIMITS.missingRangeCount) ranges.shift();
  };
  return {
    add: keep,
    take(sequence) {
      const at = ranges.findIndex(({ from, to }) => from <= sequence && sequence <= to);
      const [range] = at === -1 ? [] : ranges.splice(at, 1);
      if (range === undefined) return false;
      keep(range.from, sequence - 1);
      keep(sequence + 1, range.to);
      return true;
    },
  };
}
