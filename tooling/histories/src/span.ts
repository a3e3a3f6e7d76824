import { randomBytes } from 'node:crypto';
import { drawHistory, type Input } from './input.ts';
import { createRandom } from './random.ts';

/** Which histories are run. */
export interface Span {
  /** A whole number from 0 up to 2^32 - 1. */
  readonly seed: number;
  /** The number of the first one. */
  readonly first: number;
  readonly count: number;
}

/**
 * The histories that an environment names. By default they are others each time.
 *
 * @param counts how many by default: `many` where `CI` is set, and `few` elsewhere.
 */
export function spanOf(
  env: Readonly<Record<string, string | undefined>>,
  { few, many }: { readonly few: number; readonly many: number },
): Span {
  return {
    seed: Number(env['RTA_HISTORY_SEED'] ?? randomBytes(4).readUInt32BE()),
    first: Number(env['RTA_HISTORY_FIRST'] ?? 0),
    count: Number(env['RTA_HISTORY_COUNT'] ?? (env['CI'] === undefined ? few : many)),
  };
}

/** Each history is drawn from a seed of its own, so that one of them can be run alone. */
export function historyOf(seed: number, number: number): readonly Input[] {
  return drawHistory(createRandom(seed + number * 0x1_0001));
}
