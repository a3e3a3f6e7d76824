import { expect, test } from 'vitest';
import { systemClock } from './clock.ts';

test('the machine clock goes on, and its monotonic time never back', async () => {
  const before = systemClock.monotonicMs();
  await new Promise<void>((resolve) => {
    systemClock.after(1, resolve);
  });
  expect(systemClock.monotonicMs()).toBeGreaterThanOrEqual(before);
  expect(systemClock.now()).toBeGreaterThan(Date.UTC(2026, 0));
});

test('a timer that was cancelled does not fire', async () => {
  const fired: string[] = [];
  const cancelled = systemClock.after(0, () => fired.push('cancelled'));
  cancelled.cancel();
  cancelled.cancel();
  await new Promise<void>((resolve) => {
    systemClock.after(1, () => {
      fired.push('kept');
      resolve();
    });
  });
  expect(fired).toEqual(['kept']);
});
