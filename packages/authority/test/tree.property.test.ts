/**
 * Generated histories, 100,000 where `CI` is set and 5,000 elsewhere. The seed is printed with the result, and with a
 * failure: `RTA_HISTORY_SEED=<seed> RTA_HISTORY_FIRST=<number> RTA_HISTORY_COUNT=1` runs that history again.
 */
import { randomBytes } from 'node:crypto';
import type { SessionId } from '@rta/core';
import { expect, test } from 'vitest';
import { drawHistory, type Input } from './history/input.ts';
import { keepInMemory } from './history/keeper.ts';
import { createRandom } from './history/random.ts';
import { createWorld } from './history/world.ts';

const { CI, RTA_HISTORY_SEED, RTA_HISTORY_FIRST, RTA_HISTORY_COUNT } = process.env;
const SEED = Number(RTA_HISTORY_SEED ?? randomBytes(4).readUInt32BE());
const FIRST = Number(RTA_HISTORY_FIRST ?? 0);
const COUNT = Number(RTA_HISTORY_COUNT ?? (CI === undefined ? 5_000 : 100_000));

/** A token without its signature, which is another package's matter: as long, and as different from any other one. */
function mint(id: SessionId, contextHash: Uint8Array, issuedAtMs: number): Uint8Array {
  const token = Buffer.alloc(96);
  token.write(id, 0, 'latin1');
  token.writeDoubleBE(issuedAtMs, 24);
  token.set(contextHash, 32);
  return token;
}

/** Each history is drawn from a seed of its own, so that one of them can be run alone. */
const historyOf = (number: number): readonly Input[] => drawHistory(createRandom(SEED + number * 0x1_0001));

/** What goes wrong; undefined where nothing does. */
async function failureOf(number: number, inputs: readonly Input[]): Promise<unknown> {
  const suspendAtRisk = ([undefined, 'HIGH', 'MEDIUM'] as const)[number % 3];
  const world = createWorld(keepInMemory({ mint, isAuthentic: () => true, suspendAtRisk }), suspendAtRisk);
  try {
    for (const input of inputs) {
      const pending = world.act(input);
      if (pending !== undefined) await pending;
    }
    world.conclude();
  } catch (error) {
    return error;
  }
  return undefined;
}

/** Leaves out what the failure does without. */
async function shrink(number: number, inputs: readonly Input[]): Promise<readonly Input[]> {
  for (let at = inputs.length - 1; at >= 0; at--) {
    const fewer = inputs.toSpliced(at, 1);
    if ((await failureOf(number, fewer)) !== undefined) return shrink(number, fewer);
  }
  return inputs;
}

test('whatever happens in whatever order, told or not: [I1] what is suspended or over does nothing, [I2] what was said holds for all whom it concerns at once, also after a restart, and all are told, [I3] every answer is about the present, [I4] old tokens are dead, [I5] a token works where it was bound last, and [I6] no session does, spends or outlives what its ancestors may not', async () => {
  const { stackTraceLimit } = Error;
  // Most histories have refusals in them, whose stacks nobody reads.
  Error.stackTraceLimit = 0;
  for (let number = FIRST; number < FIRST + COUNT; number++) {
    const inputs = historyOf(number);
    if ((await failureOf(number, inputs)) === undefined) continue;
    const fewest = await shrink(number, inputs);
    Error.stackTraceLimit = stackTraceLimit;
    const shown = fewest.map((input) => JSON.stringify(input)).join('\n');
    throw new Error(`RTA_HISTORY_SEED=${SEED} RTA_HISTORY_FIRST=${number} RTA_HISTORY_COUNT=1\n${shown}`, {
      cause: await failureOf(number, fewest),
    });
  }
  Error.stackTraceLimit = stackTraceLimit;
  process.stdout.write(`${COUNT} histories, seed ${SEED}\n`);
  expect(COUNT).toBeGreaterThan(0);
}, 1_200_000);
