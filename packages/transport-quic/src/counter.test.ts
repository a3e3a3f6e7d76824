import { expect, test } from 'vitest';
import { Counter } from './counter.ts';

test('counts what is added and not removed', () => {
  const counter = new Counter();
  counter.add('a');
  counter.add('a');
  counter.add('b');
  counter.remove('a');
  expect([counter.of('a'), counter.of('b'), counter.of('c')]).toEqual([1, 1, 0]);
});

test('keeps nothing of keys that are gone, or were never there', () => {
  const counter = new Counter();
  for (let index = 0; index < 1_000; index++) counter.add(`key ${index}`);
  for (let index = 0; index < 1_000; index++) counter.remove(`key ${index}`);
  counter.remove('never there');
  counter.of('asked for');
  expect(counter.size).toBe(0);
  expect(counter.of('never there')).toBe(0);
});
