import { createFakeClock, type FakeClock } from '@rta/testkit';
import { describe, expect, test } from 'vitest';
import { sessionIdOf, T0 } from '../../test/authority-fixture.ts';
import { type ChangeLog, type ChangeRecord, createChangeLog } from './change-log.ts';

function startLog(): { log: ChangeLog; clock: FakeClock; complete: ChangeRecord[] } {
  const clock = createFakeClock(T0);
  const complete: ChangeRecord[] = [];
  return {
    clock,
    complete,
    log: createChangeLog({ clock, node: 'n1', onComplete: (one) => complete.push(one) }),
  };
}

const header = (id: string) => ({
  id,
  kind: 'session-revoked',
  source: 'https://idp.example',
  receivedAtMs: T0,
});
const point = (number: number, generation = 2) => ({
  session: sessionIdOf(number),
  agent: `agent-${number}`,
  generation,
});
const counts = (record: ChangeRecord | undefined) => [
  record?.sessionCount,
  record?.pendingCount,
  record?.acknowledgedCount,
  record?.cutOffCount,
  record?.offlineCount,
];

describe('a change', () => {
  test('is told with what became of it at every point', () => {
    const { log, clock, complete } = startLog();
    log.begin({ ...header('a'), reason: 'stolen', txn: 't-1' }, 0);
    clock.advance(2);
    log.decided('a');
    clock.advance(3);
    log.pushed('a', point(1));
    log.pushed('a', point(2));
    log.offline('a', point(3));
    log.closeDecided();
    clock.advance(10);
    expect(log.settled('a', sessionIdOf(1), 2, 'acknowledged')).toBe(15);
    expect(log.get('a')).toMatchObject({ isComplete: false, pendingCount: 1 });
    clock.advance(5_000);
    expect(log.settled('a', sessionIdOf(2), 2, 'cut-off')).toBe(5_015);

    const expected: ChangeRecord = {
      id: 'a',
      kind: 'session-revoked',
      source: 'https://idp.example',
      reason: 'stolen',
      txn: 't-1',
      receivedAtMs: T0,
      node: 'n1',
      decidedAfterMs: 2,
      sessionCount: 3,
      pendingCount: 0,
      acknowledgedCount: 1,
      cutOffCount: 1,
      offlineCount: 1,
      isComplete: true,
      points: [
        { ...point(1), outcome: 'acknowledged', pushedAfterMs: 5, settledAfterMs: 15 },
        { ...point(2), outcome: 'cut-off', pushedAfterMs: 5, settledAfterMs: 5_015 },
        { ...point(3), outcome: 'offline' },
      ],
    };
    expect(log.get('a')).toEqual(expected);
    expect(complete).toEqual([expected]);
  });

  test('is not complete before it is in force and everybody was told', () => {
    const { log, complete } = startLog();
    log.begin(header('a'), 0);
    log.closeDecided();
    expect(complete).toEqual([]);
    log.decided('a');
    log.pushed('a', point(1));
    log.settled('a', sessionIdOf(1), 2, 'acknowledged');
    expect(complete).toEqual([]);
    log.pushed('a', point(2));
    log.closeDecided();
    expect(complete).toEqual([]);
    log.settled('a', sessionIdOf(2), 2, 'acknowledged');
    expect(complete.map(({ id, acknowledgedCount }) => [id, acknowledgedCount])).toEqual([['a', 2]]);
  });

  test('that concerns nobody is complete when it is in force, once', () => {
    const { log, complete } = startLog();
    log.begin(header('a'), 0);
    log.decided('a');
    log.closeDecided();
    log.closeDecided();
    expect(complete.map(counts)).toEqual([[0, 0, 0, 0, 0]]);
  });

  test('that comes twice is one, and as it was first', () => {
    const { log, clock, complete } = startLog();
    log.begin(header('a'), 0);
    log.decided('a');
    log.pushed('a', point(1));
    clock.advance(100);
    log.begin({ ...header('a'), kind: 'risk-level-change' }, 100);
    log.decided('a');
    log.closeDecided();
    log.settled('a', sessionIdOf(1), 2, 'acknowledged');
    log.begin(header('a'), 100);
    log.decided('a');
    log.closeDecided();

    expect(complete).toHaveLength(1);
    expect(log.get('a')).toMatchObject({ kind: 'session-revoked', decidedAfterMs: 0, sessionCount: 1 });
  });

  test('counts one session in two generations as two points', () => {
    const { log } = startLog();
    log.begin(header('a'), 0);
    log.pushed('a', point(1, 2));
    log.pushed('a', point(1, 3));
    log.settled('a', sessionIdOf(1), 3, 'acknowledged');
    expect(log.get('a')?.points.map(({ generation, outcome }) => [generation, outcome])).toEqual([
      [2, 'pending'],
      [3, 'acknowledged'],
    ]);
  });

  test('took no time where the clock says that it is still to come', () => {
    const { log } = startLog();
    log.begin(header('a'), 500);
    log.decided('a');
    expect(log.get('a')).toMatchObject({ decidedAfterMs: 0 });
  });

  test('lists its first 10,000 points, and counts all', () => {
    const { log, complete } = startLog();
    log.begin(header('a'), 0);
    for (let number = 1; number <= 10_001; number++) log.pushed('a', point(number));
    log.decided('a');
    log.closeDecided();
    for (let number = 1; number <= 10_001; number++) {
      log.settled('a', sessionIdOf(number), 2, 'acknowledged');
    }

    expect(counts(complete[0])).toEqual([10_001, 0, 10_001, 0, 0]);
    expect(complete[0]?.points).toHaveLength(10_000);
    expect(complete[0]?.points.every(({ outcome }) => outcome === 'acknowledged')).toBe(true);
  });
});

describe('a change log', () => {
  test('knows nothing of changes that were not begun', () => {
    const { log, complete } = startLog();
    log.decided('a');
    log.pushed('a', point(1));
    log.offline('a', point(2));
    expect(log.settled('a', sessionIdOf(1), 2, 'acknowledged')).toBeUndefined();
    log.closeDecided();
    expect([log.get('a'), [...log.list()], complete]).toEqual([undefined, [], []]);
  });

  test('lists the newest first, and forgets the oldest of more than 1,000', () => {
    const { log, complete } = startLog();
    for (let number = 1; number <= 1_001; number++) {
      log.begin(header(`c${number}`), 0);
      log.decided(`c${number}`);
    }
    log.pushed('c1', point(1));
    log.closeDecided();

    const listed = [...log.list()].map(({ id }) => id);
    expect([listed.length, listed[0], listed.at(-1), log.get('c1')]).toEqual([
      1_000,
      'c1001',
      'c2',
      undefined,
    ]);
    expect(complete).toHaveLength(1_000);
  });

  test('forgets what is complete before what is still awaited', () => {
    const { log, complete } = startLog();
    log.begin(header('revoked'), 0);
    log.decided('revoked');
    log.pushed('revoked', point(1));
    for (let number = 1; number <= 2_000; number++) {
      log.begin(header(`c${number}`), 0);
      log.decided(`c${number}`);
      log.closeDecided();
    }

    log.settled('revoked', sessionIdOf(1), 2, 'cut-off');

    expect(complete.at(-1)).toMatchObject({ id: 'revoked', cutOffCount: 1 });
    expect(log.get('revoked')).toMatchObject({ isComplete: true });
    expect([...log.list()]).toHaveLength(1_000);
  });
});
