import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { resolveTransportLimits } from './limits.ts';
import { SendQueue } from './send-queue.ts';

const queueWith = (highWaterBytes: number, maxBufferedBytes: number): SendQueue =>
  new SendQueue(resolveTransportLimits({ highWaterBytes, maxBufferedBytes }));

test('bytes leave in the order in which they came', () => {
  const queue = queueWith(10, 100);
  queue.push(Uint8Array.of(1, 2, 3));
  queue.push(new Uint8Array(0));
  queue.push(Uint8Array.of(4));
  expect(queue.bytes).toBe(4);
  expect(queue.atLast).toBe(false);
  queue.consume(2);
  expect(queue.peek()).toEqual(Uint8Array.of(3));
  queue.consume(1);
  expect(queue.peek()).toEqual(Uint8Array.of(4));
  expect(queue.atLast).toBe(true);
  queue.consume(1);
  expect(queue.peek()).toBeUndefined();
  expect(queue.bytes).toBe(0);
});

describe('the marks', () => {
  test('the hard limit admits what fills it, and nothing more', () => {
    const queue = queueWith(10, 100);
    queue.push(new Uint8Array(60));
    expect(() => queue.admit(40)).not.toThrow();
    expect(() => queue.admit(41)).toThrow(expect.objectContaining({ code: 'RTA_TRANSPORT_BUFFER_FULL' }));
    expect(queue.bytes).toBe(60);
  });

  test('a writer waits above the high-water mark, and is told once at half of it', () => {
    const queue = queueWith(10, 100);
    queue.push(new Uint8Array(10));
    expect(queue.acceptsMore()).toBe(true);
    queue.push(new Uint8Array(2));
    expect(queue.acceptsMore()).toBe(false);
    queue.consume(6);
    expect(queue.tellWriter()).toBe(false);
    queue.consume(1);
    expect(queue.tellWriter()).toBe(true);
    expect(queue.tellWriter()).toBe(false);
  });

  test('a writer that was never refused is told nothing', () => {
    const queue = queueWith(10, 100);
    queue.push(new Uint8Array(12));
    queue.consume(12);
    expect(queue.tellWriter()).toBe(false);
  });

  test('clearing forgets the bytes and the writer', () => {
    const queue = queueWith(10, 100);
    queue.push(new Uint8Array(12));
    queue.acceptsMore();
    queue.clear();
    expect(queue.bytes).toBe(0);
    expect(queue.tellWriter()).toBe(false);
  });
});

test('more than was there cannot be consumed', () => {
  const queue = queueWith(10, 100);
  expect(() => queue.consume(1)).toThrow(RangeError);
  queue.push(Uint8Array.of(1));
  expect(() => queue.consume(2)).toThrow(RangeError);
});

property.prop([
  fc.array(fc.oneof(fc.uint8Array({ maxLength: 9 }), fc.integer({ min: 1, max: 9 })), { maxLength: 400 }),
])('whatever is pushed and consumed, the queue gives exactly what it was given', (steps) => {
  const queue = queueWith(1_000, 10_000);
  const given: number[] = [];
  const taken: number[] = [];
  for (const step of steps) {
    if (typeof step !== 'number') {
      queue.push(step);
      given.push(...step);
      continue;
    }
    const part = queue.peek()?.subarray(0, step);
    if (part === undefined) continue;
    taken.push(...part);
    queue.consume(part.byteLength);
  }
  expect(queue.bytes).toBe(given.length - taken.length);
  expect(taken).toEqual(given.slice(0, taken.length));
});
