import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, expect, it, vi } from 'vitest';
import { measureClosedLoop, startClosedLoop } from './closed-loop.ts';

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

it('asks the next question of the slot that was answered', async () => {
  const asked: number[] = [];
  const loop = startClosedLoop((slot) => asked.push(slot), { inFlight: 3, durationMs: 60_000 });
  loop.answered(1);
  loop.answered(1);
  loop.answered(0);
  expect(asked).toEqual([0, 1, 2, 1, 1, 0]);
  loop.fail(new Error('closed'));
  await expect(loop.figures).rejects.toThrow('closed');
});

it('waits for the last answers when the time is over, and asks no more', async () => {
  const asked: number[] = [];
  const loop = startClosedLoop((slot) => asked.push(slot), { inFlight: 2, durationMs: 0 });
  loop.answered(0);
  loop.answered(1);
  expect(await loop.figures).toMatchObject({ operations: 2 });
  expect(asked).toEqual([0, 1]);
});

it('asks nothing more once a question could not be asked', async () => {
  let asked = 0;
  const loop = startClosedLoop(
    () => {
      asked += 1;
      throw new Error('no stream is free');
    },
    { inFlight: 4, durationMs: 60_000 },
  );
  await expect(loop.figures).rejects.toThrow('no stream is free');
  expect(asked).toBe(1);
});

async function denied(): Promise<void> {
  await nextTurn();
  throw new Error('denied');
}
