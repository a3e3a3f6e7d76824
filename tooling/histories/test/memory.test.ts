/**
 * Generated histories, 100,000 where `CI` is set and 5,000 elsewhere. The seed is printed with the result, and with a
 * failure: `RTA_HISTORY_SEED=<seed> RTA_HISTORY_FIRST=<number> RTA_HISTORY_COUNT=1` runs that history again.
 */
import { expect, test } from 'vitest';
import { keepInMemory, runHistories, spanOf } from '../src/index.ts';

const span = spanOf(process.env, { few: 5_000, many: 100_000 });

test('whatever happens in whatever order, told or not: [I1] what is suspended or over does nothing, [I2] what was said holds for all whom it concerns at once, also after a restart, and all are told, [I3] every answer is about the present, [I4] old tokens are dead, [I5] a token works where it was bound last, and [I6] no session does, spends or outlives what its ancestors may not', async () => {
  await runHistories(span, { start: keepInMemory });
  process.stdout.write(`${span.count} histories in memory, seed ${span.seed}\n`);
  expect(span.count).toBeGreaterThan(0);
}, 1_200_000);
