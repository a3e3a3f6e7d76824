import { createFakeClock } from '@rta/testkit';
import { expect, test } from 'vitest';
import { createTurns } from './turns.ts';

const LIMITS = { callCount: 3, commandTimeoutMs: 100 };

test('those with one key have their turns in order, also after one that failed; other keys do not wait', async () => {
  const turns = createTurns(createFakeClock(), LIMITS);
  const gate = Promise.withResolvers<void>();
  const order: string[] = [];
  const first = turns.take('k', async () => {
    await gate.promise;
    order.push('first');
    throw new Error('failed');
  });
  const second = turns.take('k', async () => order.push('second'));
  await turns.take('other', async () => order.push('other'));
  gate.resolve();
  await expect(first).rejects.toThrow('failed');
  await second;
  expect(order).toEqual(['other', 'first', 'second']);
});

test('no more wait than may', async () => {
  const turns = createTurns(createFakeClock(), LIMITS);
  const gate = Promise.withResolvers<void>();
  const taken = [1, 2, 3].map(() => turns.take('k', () => gate.promise));
  await expect(turns.take('k', () => gate.promise)).rejects.toMatchObject({ code: 'RTA_STORE_UNAVAILABLE' });
  gate.resolve();
  await Promise.all(taken);
  expect(await turns.take('k', async () => 'free again')).toBe('free again');
});

test('who waited too long fails when the turn comes, and so do those behind', async () => {
  const clock = createFakeClock();
  const turns = createTurns(clock, LIMITS);
  const gate = Promise.withResolvers<void>();
  let done = 0;
  const first = turns.take('k', () => gate.promise);
  const others = [1, 2].map(() =>
    turns.take('k', async () => {
      done++;
    }),
  );
  clock.advance(101);
  gate.resolve();
  await first;
  const outcomes = await Promise.allSettled(others);
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(done).toBe(0);
});
