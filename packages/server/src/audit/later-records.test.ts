import type { AuditRecord } from '@rta/audit';
import { expect, test } from 'vitest';
import { createLaterRecords } from './later-records.ts';

const recordOf = (number: number): AuditRecord => ({ kind: 'change', outcome: 'ok', generation: number });
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const upTo = (count: number): number[] => Array.from({ length: count }, (_, at) => at + 1);

function setUp() {
  const written: (number | undefined)[] = [];
  const state = { isBusy: false };
  const later = createLaterRecords(
    { record: ({ generation }) => void written.push(generation) },
    () => state.isBusy,
  );
  const add = (...numbers: number[]): void => {
    for (const number of numbers) later.add(() => recordOf(number));
  };
  return { written, state, later, add };
}

test('a record is written at once where nothing is more urgent', () => {
  const { written, add } = setUp();
  add(1);
  expect(written).toEqual([1]);
});

test('records wait while something is more urgent, and are written in order, some in each turn', async () => {
  const { written, state, add } = setUp();
  state.isBusy = true;
  add(...upTo(100));
  for (let turn = 0; turn < 5; turn++) await nextTurn();
  expect(written).toEqual([]);

  state.isBusy = false;
  add(101);
  expect(written).toEqual([]);
  await nextTurn();
  expect(written).toEqual(upTo(64));
  await nextTurn();
  expect(written).toEqual(upTo(101));
});

test('what waits is written when it is flushed, and only once', async () => {
  const { written, state, later, add } = setUp();
  state.isBusy = true;
  add(1, 2);
  later.flush();
  state.isBusy = false;
  await nextTurn();
  later.flush();
  expect(written).toEqual([1, 2]);
});

test('no more than 32,768 records wait: the oldest are written then, whatever is urgent [I9]', () => {
  const { written, state, add } = setUp();
  state.isBusy = true;
  add(...upTo(32_768));
  expect(written).toEqual([]);
  add(32_769);
  expect(written).toEqual(upTo(64));
});
