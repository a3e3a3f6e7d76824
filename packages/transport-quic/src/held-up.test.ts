import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { HeldUp } from './held-up.ts';

/** A process that is held up while a hundred things fall due. */
function hundredDue(): { readonly heldUp: HeldUp; readonly done: number[] } {
  const heldUp = new HeldUp();
  const done: number[] = [];
  for (let index = 0; index < 100; index++) heldUp.afterReading(() => void done.push(index));
  return { heldUp, done };
}

function read(heldUp: HeldUp, datagrams: number): void {
  for (let count = 0; count < datagrams; count++) heldUp.noteDatagram();
}

test('what is late is done after a turn in which the socket could be read, a little at a time and in order', async () => {
  const { heldUp, done } = hundredDue();
  expect(done).toEqual([]);
  read(heldUp, 31);
  await turn();
  expect(done).toHaveLength(32);
  await turn();
  expect(done).toHaveLength(64);
  await turn();
  await turn();
  expect(done).toEqual(Array.from({ length: 100 }, (_, index) => index));
});

test('while datagrams still wait less is done, and whoever sends without end holds nothing up for good', async () => {
  const { heldUp, done } = hundredDue();
  read(heldUp, 32);
  await turn();
  expect(done).toHaveLength(4);
  read(heldUp, 32);
  await turn();
  expect(done).toHaveLength(8);
  await turn();
  expect(done).toHaveLength(40);
});

test('what is asked for in a callback has its turn later', async () => {
  const heldUp = new HeldUp();
  const done: string[] = [];
  heldUp.afterReading(() => {
    done.push('first');
    heldUp.afterReading(() => void done.push('second'));
  });
  await turn();
  expect(done).toEqual(['first']);
  await turn();
  expect(done).toEqual(['first', 'second']);
});
