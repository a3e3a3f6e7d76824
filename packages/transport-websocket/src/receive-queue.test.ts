import { fc, test as property } from '@fast-check/vitest';
import { expect, test } from 'vitest';
import { ReceiveQueue } from './receive-queue.ts';

const step = fc.oneof(
  fc.record({ push: fc.uint8Array({ maxLength: 9_000, size: 'max' }) }),
  fc.record({ take: fc.nat(12_000) }),
);

property.prop([fc.array(step, { maxLength: 20 })], { numRuns: 50 })(
  'what goes in comes out, in order, however it is cut',
  (steps) => {
    const queue = new ReceiveQueue();
    let expected = Buffer.alloc(0);
    for (const one of steps) {
      if ('push' in one) {
        queue.push(one.push);
        expected = Buffer.concat([expected, one.push]);
      } else {
        const count = Math.min(one.take, expected.byteLength);
        expect(Buffer.from(queue.take(count)).equals(expected.subarray(0, count))).toBe(true);
        expected = expected.subarray(count);
      }
      expect(queue.bytes).toBe(expected.byteLength);
    }
  },
);

test('it keeps copies, and gives arrays of their own', () => {
  const queue = new ReceiveQueue();
  const pushed = Uint8Array.of(1, 2, 3);
  queue.push(pushed);
  pushed.fill(9);
  const first = queue.take(2);
  queue.push(Uint8Array.of(4));
  first.fill(9);
  expect(first.buffer.byteLength).toBe(2);
  expect(queue.take(2)).toEqual(Uint8Array.of(3, 4));
});

test('more than there is cannot be taken', () => {
  const queue = new ReceiveQueue();
  queue.push(Uint8Array.of(1));
  expect(() => queue.take(2)).toThrow(RangeError);
  queue.clear();
  expect(queue.bytes).toBe(0);
  expect(() => queue.take(1)).toThrow(RangeError);
});
