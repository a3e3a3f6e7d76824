import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, expect, it, vi } from 'vitest';
import { measureClosedLoop } from './closed-loop.ts';

afterEach(() => {
  vi.useRealTimers();
});

it('has as many questions on their way as it was told', async () => {
  let onTheirWay = 0;
  let most = 0;
  const ask = async (): Promise<void> => {
    onTheirWay += 1;
    most = Math.max(most, onTheirWay);
    await nextTurn();
    onTheirWay -= 1;
  };

  let asked = 0;
  const { operations } = await measureClosedLoop(
    () => {
      asked += 1;
      return ask();
    },
    { inFlight: 5, durationMs: 20 },
  );

  expect(operations).toBe(asked);
  expect(most).toBe(5);
  expect(onTheirWay).toBe(0);
});

it('fails with a question that fails', async () => {
  await expect(measureClosedLoop(denied, { inFlight: 2, durationMs: 20 })).rejects.toThrow('denied');
});

it('gives up where an answer does not come', async () => {
  vi.useFakeTimers();
  const measured = measureClosedLoop(() => new Promise(() => undefined), { inFlight: 1, durationMs: 1_000 });
  const failed = expect(measured).rejects.toThrow('did not come');
  await vi.advanceTimersByTimeAsync(11_000);
  await failed;
});

async function denied(): Promise<void> {
  await nextTurn();
  throw new Error('denied');
}
