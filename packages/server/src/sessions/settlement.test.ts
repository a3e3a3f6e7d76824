import type { Authority, SessionEffect } from '@rta/authority';
import { createFakeClock, type FakeClock } from '@rta/testkit';
import { expect, test } from 'vitest';
import { causeOf, openSession, sessionIdOf, startAuthority, T0 } from '../../test/authority-fixture.ts';
import { createPushWindow, type PushWindow } from './push-window.ts';
import { createSettlement, type Settlement } from './settlement.ts';

interface Node {
  readonly authority: Authority;
  readonly clock: FakeClock;
  readonly window: PushWindow;
  readonly settlement: Settlement;
  /** Ids of the sessions that were told, by turn. */
  readonly turns: string[][];
  readonly settledCount: () => number;
}

/** A node with sessions, each of which takes room when it is told. */
function startNode(sessionCount: number): Node {
  const authority = startAuthority();
  const clock = createFakeClock(T0);
  const window = createPushWindow(clock);
  for (let number = 1; number <= sessionCount; number++) openSession(authority, number);
  const turns: string[][] = [];
  let settledCount = 0;
  const settlement = createSettlement({
    authority,
    clock,
    window,
    onEffects(effects: readonly SessionEffect[]) {
      turns.push(effects.map(({ session }) => session.id));
      for (const { session } of effects) window.opened(`${session.id} ${session.generation}`);
    },
    onSettled: () => {
      settledCount += 1;
    },
  });
  return { authority, clock, window, settlement, turns, settledCount: () => settledCount };
}

/** Lets the event loop go round. */
async function rounds(count: number): Promise<void> {
  for (let left = count; left > 0; left--) await new Promise((resolve) => setImmediate(resolve));
}

/** More rounds than it takes to tell all who may be told. */
const MANY_ROUNDS = 320;
const allIds = (count: number): string[] => Array.from({ length: count }, (_, at) => sessionIdOf(at + 1));

test('sixteen sessions are told at once, and the next ones when the event loop has gone round eight times', async () => {
  const node = startNode(40);
  node.authority.remint(causeOf('a'));

  node.settlement.begin();
  await rounds(7);
  expect(node.turns.map(({ length }) => length)).toEqual([16]);
  await rounds(1);
  expect(node.turns.map(({ length }) => length)).toEqual([16, 16]);
  await node.settlement.settled();

  expect(node.turns.map(({ length }) => length)).toEqual([16, 16, 8]);
  expect(node.turns.flat()).toEqual(allIds(40));
  expect(node.settledCount()).toBe(1);
});

test('what happens while others are told is told after it, in order, and nobody is left out', async () => {
  const node = startNode(20);
  node.authority.end(sessionIdOf(7), causeOf('a'));
  node.authority.remint(causeOf('b'));
  node.settlement.begin();

  node.authority.end(sessionIdOf(1), causeOf('c'));
  node.settlement.begin();
  await node.settlement.settled();

  const told = node.turns.flat();
  expect(told[0]).toBe(sessionIdOf(7));
  expect(told.at(-1)).toBe(sessionIdOf(1));
  expect(new Set(told)).toEqual(new Set(allIds(20)));
  expect(node.authority.isSettled).toBe(true);
  expect(node.settledCount()).toBe(1);
});

test('no more is told than there is room for, until there is', async () => {
  const node = startNode(600);
  node.authority.remint(causeOf('a'));
  node.settlement.begin();
  await rounds(MANY_ROUNDS);
  expect(node.turns.flat()).toHaveLength(512);

  node.window.settled(`${sessionIdOf(1)} 2`);
  node.window.settled(`${sessionIdOf(2)} 2`);
  node.settlement.goOn();
  await rounds(MANY_ROUNDS);

  expect(node.turns.flat()).toHaveLength(514);
  expect(node.settledCount()).toBe(0);
});

test('agents that acknowledge nothing keep the others waiting for a moment only', async () => {
  const node = startNode(1_100);
  node.authority.remint(causeOf('a'));
  node.settlement.begin();
  await rounds(MANY_ROUNDS);
  expect(node.turns.flat()).toHaveLength(512);

  for (let wait = 1; wait <= 2; wait++) {
    node.clock.advance(250);
    await rounds(MANY_ROUNDS);
  }
  await node.settlement.settled();

  expect(node.turns.flat()).toEqual(allIds(1_100));
});

test('a timer that waited for room is not left behind when there is some before', async () => {
  const node = startNode(520);
  node.authority.remint(causeOf('a'));
  node.settlement.begin();
  await rounds(MANY_ROUNDS);
  expect(node.clock.pendingTimers).toBe(1);

  for (let number = 1; number <= 20; number++) node.window.settled(`${sessionIdOf(number)} 2`);
  node.settlement.goOn();
  node.settlement.goOn();
  await node.settlement.settled();

  expect(node.clock.pendingTimers).toBe(0);
  expect(node.turns.flat()).toHaveLength(520);
});

test('with nobody to tell, it is settled at once', async () => {
  const node = startNode(1);
  node.settlement.goOn();
  expect(node.settledCount()).toBe(0);
  node.settlement.begin();
  await node.settlement.settled();
  expect([node.turns, node.settledCount(), node.clock.pendingTimers]).toEqual([[], 1, 0]);
});
