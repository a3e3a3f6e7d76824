import { expect, test } from 'vitest';
import type { EventEnvelope } from './event-broker.ts';
import { createEventLog } from './event-log.ts';

const event = (id: string): EventEnvelope => ({ id, key: 'k', type: 't', payload: {} });

test('events are numbered from 1, and the numbers go on when old ones leave', () => {
  const log = createEventLog({ retainedCount: 2, retainedBytes: 100 });
  expect([log.append(event('a'), 1), log.append(event('b'), 1), log.append(event('c'), 1)]).toEqual([
    1, 2, 3,
  ]);
  expect([log.oldest, log.next]).toEqual([2, 4]);
  expect(log.at(1)).toBeUndefined();
  expect(log.at(2)?.id).toBe('b');
  expect(log.at(4)).toBeUndefined();
});

test('bytes of events that left do not count any more', () => {
  const log = createEventLog({ retainedCount: 10, retainedBytes: 10 });
  for (const id of ['a', 'b', 'c', 'd']) log.append(event(id), 5);
  expect([log.oldest, log.next]).toEqual([3, 5]);
});

test('a log that was cleared is empty and does not reuse numbers', () => {
  const log = createEventLog({ retainedCount: 10, retainedBytes: 10 });
  log.append(event('a'), 10);
  log.clear();
  expect([log.oldest, log.next]).toEqual([2, 2]);
  expect(log.append(event('b'), 10)).toBe(2);
  expect(log.at(2)?.id).toBe('b');
});
