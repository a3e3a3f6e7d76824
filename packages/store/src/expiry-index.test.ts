import { fc, test as propertyTest } from '@fast-check/vitest';
import { expect, test } from 'vitest';
import { createExpiryIndex } from './expiry-index.ts';

test('keys leave in the order in which they expire, and not before they have', () => {
  const index = createExpiryIndex();
  index.set('c', 30);
  index.set('a', 10);
  index.set('b', 20);
  expect(index.takeExpired(10)).toBeUndefined();
  expect(index.takeExpired(25)).toBe('a');
  expect(index.takeExpired(25)).toBe('b');
  expect(index.takeExpired(25)).toBeUndefined();
  expect(index.size).toBe(1);
  expect(index.get('c')).toBe(30);
});

test('a key that is set again moves, and is there once', () => {
  const index = createExpiryIndex();
  index.set('a', 10);
  index.set('b', 20);
  index.set('a', 30);
  expect(index.size).toBe(2);
  expect(index.takeExpired(100)).toBe('b');
  expect(index.takeExpired(100)).toBe('a');
});

const operation = fc.oneof(
  fc.record({
    kind: fc.constant('set' as const),
    key: fc.nat({ max: 40 }).map(String),
    atMs: fc.nat({ max: 1000 }),
  }),
  fc.record({ kind: fc.constant('delete' as const), key: fc.nat({ max: 40 }).map(String) }),
);

propertyTest.prop([fc.array(operation, { minLength: 20, maxLength: 150, size: 'max' })], { numRuns: 200 })(
  'whatever was set, moved and deleted, keys leave in the order in which they expire',
  (operations) => {
    const index = createExpiryIndex();
    const model = new Map<string, number>();
    for (const step of operations) {
      if (step.kind === 'set') {
        index.set(step.key, step.atMs);
        model.set(step.key, step.atMs);
      } else {
        index.delete(step.key);
        model.delete(step.key);
      }
    }
    expect(index.size).toBe(model.size);
    const taken: (number | undefined)[] = [];
    for (let key = index.takeExpired(1001); key !== undefined; key = index.takeExpired(1001)) {
      taken.push(model.get(key));
    }
    expect(taken).toEqual([...model.values()].sort((a, b) => a - b));
    expect(index.size).toBe(0);
  },
);
