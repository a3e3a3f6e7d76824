import type { Clock } from '@rta/core';
import { expect, test } from 'vitest';
import { Deadline } from './deadline.ts';
import type { NativeConnection } from './native.ts';

/** A deadline in 50 ms; its timer can fire late, as it does in a process that was held up. */
function createDeadline(): {
  readonly deadline: Deadline;
  readonly told: string[];
  fireAt(monotonicMs: number): void;
  readSocket(): void;
} {
  let nowMs = 0;
  let fire: (() => void) | undefined;
  let read: (() => void) | undefined;
  const told: string[] = [];
  const clock: Clock = {
    now: () => nowMs,
    monotonicMs: () => nowMs,
    after: (_delayMs, callback) => {
      fire = callback;
      return { cancel: () => {} };
    },
  };
  const native = {
    timeout: () => 49,
    onTimeout: () => void told.push('quiche'),
  } as unknown as NativeConnection;
  const deadline = new Deadline(native, clock, {
    afterReading: (callback) => {
      told.push('waits');
      read = callback;
    },
    onPassed: () => void told.push('passed'),
  });
  deadline.arm();
  return {
    deadline,
    told,
    fireAt(monotonicMs) {
      nowMs = monotonicMs;
      fire?.();
    },
    readSocket: () => read?.(),
  };
}

test('quiche is told at once of a time that has come', () => {
  const { told, fireAt } = createDeadline();
  fireAt(51);
  expect(told).toEqual(['quiche', 'passed']);
});

test('a process that was held up reads its socket before quiche hears of the time', () => {
  const { told, fireAt, readSocket } = createDeadline();
  fireAt(500);
  expect(told).toEqual(['waits']);
  readSocket();
  expect(told).toEqual(['waits', 'quiche', 'passed']);
});

test('a connection that has ended meanwhile is left alone', () => {
  const { deadline, told, fireAt, readSocket } = createDeadline();
  fireAt(500);
  deadline.cancel();
  readSocket();
  expect(told).toEqual(['waits']);
});
