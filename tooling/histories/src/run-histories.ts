import type { Input } from './input.ts';
import type { Kept, KeptOptions } from './kept.ts';
import { historyOf, type Span } from './span.ts';
import { createWorld } from './world.ts';

/** Starts the node that a history is run against. */
export type StartNode = (options: KeptOptions) => Kept;

/** How histories are run. */
export interface RunOptions {
  readonly start: StartNode;
  /** How many are under way at once: those that wait for a store wait together. 1 by default. */
  readonly atOnce?: number;
}

/** A history that came to something else than it should. */
export interface Failure {
  readonly number: number;
  readonly error: unknown;
}

const RISKS = [undefined, 'HIGH', 'MEDIUM'] as const;

/** What goes wrong in a history; undefined where nothing does. */
async function failureOf(number: number, inputs: readonly Input[], start: StartNode): Promise<unknown> {
  const suspendAtRisk = RISKS[number % RISKS.length];
  const kept = start({ suspendAtRisk });
  const world = createWorld(kept, suspendAtRisk);
  try {
    for (const input of inputs) {
      const pending = world.act(input);
      if (pending !== undefined) await pending;
    }
    world.conclude();
  } catch (error) {
    return error;
  } finally {
    await kept.close();
  }
  return undefined;
}

/** Runs histories up to the first one that fails. @returns that one; undefined where none does. */
export async function firstFailure(
  span: Span,
  { start, atOnce = 1 }: RunOptions,
): Promise<Failure | undefined> {
  const { stackTraceLimit } = Error;
  // Most histories have refusals in them, whose stacks nobody reads.
  Error.stackTraceLimit = 0;
  let next = span.first;
  let failed: Failure | undefined;
  const runSome = async (): Promise<void> => {
    while (failed === undefined && next < span.first + span.count) {
      const number = next++;
      const error = await failureOf(number, historyOf(span.seed, number), start);
      if (error !== undefined) failed ??= { number, error };
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(atOnce, span.count) }, runSome));
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
  return failed;
}

/** Leaves out what the failure does without. */
async function shrink(number: number, inputs: readonly Input[], start: StartNode): Promise<readonly Input[]> {
  for (let at = inputs.length - 1; at >= 0; at--) {
    const fewer = inputs.toSpliced(at, 1);
    if ((await failureOf(number, fewer, start)) !== undefined) return shrink(number, fewer, start);
  }
  return inputs;
}

/**
 * Runs histories, and compares what the authority says with what it should, all along.
 *
 * @throws Error for the first one that comes to something else: how to run it again, and as much of it as it takes.
 */
export async function runHistories(span: Span, options: RunOptions): Promise<void> {
  const failed = await firstFailure(span, options);
  if (failed === undefined) return;
  const { number, error } = failed;
  const fewest = await shrink(number, historyOf(span.seed, number), options.start);
  const shown = fewest.map((input) => JSON.stringify(input)).join('\n');
  throw new Error(`RTA_HISTORY_SEED=${span.seed} RTA_HISTORY_FIRST=${number} RTA_HISTORY_COUNT=1\n${shown}`, {
    cause: (await failureOf(number, fewest, options.start)) ?? error,
  });
}
