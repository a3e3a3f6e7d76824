import { createFakeClock } from '@rta/testkit';
import { expect, test } from 'vitest';
import { createTokenBucket } from './token-bucket.ts';

const takes = (bucket: { take(): boolean }, count: number): boolean[] =>
  Array.from({ length: count }, () => bucket.take());

test('lets a second of them through at once, and then as many as time brings', () => {
  const clock = createFakeClock();
  const bucket = createTokenBucket(clock, 2);
  expect(takes(bucket, 3)).toEqual([true, true, false]);
  clock.advance(499);
  expect(takes(bucket, 1)).toEqual([false]);
  clock.advance(1);
  expect(takes(bucket, 2)).toEqual([true, false]);
});

test('asking in vain costs nothing', () => {
  const clock = createFakeClock();
  const bucket = createTokenBucket(clock, 1);
  expect(takes(bucket, 1)).toEqual([true]);
  for (let step = 0; step < 10; step++) {
    clock.advance(99);
    expect(takes(bucket, 1)).toEqual([false]);
  }
  clock.advance(20);
  expect(takes(bucket, 1)).toEqual([true]);
});

test('a quiet year does not let more than a second of them through', () => {
  const clock = createFakeClock();
  const bucket = createTokenBucket(clock, 2);
  clock.advance(365 * 86_400_000);
  expect(takes(bucket, 3)).toEqual([true, true, false]);
});
