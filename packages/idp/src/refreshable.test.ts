import { createFakeClock } from '@rta/testkit';
import { expect, test } from 'vitest';
import { createRefreshable } from './refreshable.ts';

/** A refreshable of numbered values, which fails on request. */
function numbered() {
  const clock = createFakeClock();
  let loads = 0;
  let broken = false;
  const refreshable = createRefreshable({
    load: async () => {
      loads += 1;
      if (broken) throw new Error(`load ${loads}`);
      return { number: loads };
    },
    clock,
    maxAgeMs: 60_000,
    cooldownMs: 10_000,
  });
  return {
    refreshable,
    clock,
    loads: () => loads,
    setBroken: (value: boolean) => {
      broken = value;
    },
  };
}

test('a value is kept until its age', async () => {
  const { refreshable, clock } = numbered();
  expect(await refreshable.get()).toEqual({ number: 1 });
  clock.advance(59_999);
  expect(await refreshable.get()).toEqual({ number: 1 });
  clock.advance(1);
  expect(await refreshable.get()).toEqual({ number: 2 });
});

test('another value than one that was replaced meanwhile is there without a fetch', async () => {
  const { refreshable, clock, loads } = numbered();
  const old = await refreshable.get();
  clock.advance(10_000);
  const [first, second] = await Promise.all([refreshable.getOtherThan(old), refreshable.getOtherThan(old)]);
  expect(first).toEqual({ number: 2 });
  expect(second).toBe(first);
  expect(await refreshable.getOtherThan(old)).toBe(first);
  expect(loads()).toBe(2);
});

test('a failed fetch starts the cooldown too, and leaves a young value in use', async () => {
  const { refreshable, clock, loads, setBroken } = numbered();
  const value = await refreshable.get();
  clock.advance(10_000);
  setBroken(true);
  await expect(refreshable.getOtherThan(value)).rejects.toThrow('load 2');
  expect(await refreshable.getOtherThan(value)).toBeUndefined();
  expect(await refreshable.get()).toBe(value);
  clock.advance(10_000);
  setBroken(false);
  expect(await refreshable.getOtherThan(value)).toEqual({ number: 3 });
  expect(loads()).toBe(3);
});

test('a failure is told to everybody for a second, and then tried again', async () => {
  const { refreshable, clock, loads, setBroken } = numbered();
  setBroken(true);
  await expect(refreshable.get()).rejects.toThrow('load 1');
  clock.advance(999);
  await expect(refreshable.get()).rejects.toThrow('load 1');
  setBroken(false);
  clock.advance(1);
  expect(await refreshable.get()).toEqual({ number: 2 });
  expect(loads()).toBe(2);
});

test('a caller that has left starts no fetch', async () => {
  const { refreshable, loads } = numbered();
  await expect(refreshable.get(AbortSignal.abort(new Error('left')))).rejects.toThrow('left');
  expect(loads()).toBe(0);
});
