import { setImmediate as turn } from 'node:timers/promises';
import type { AuditRecord } from '@rta/audit';
import { createAuthority, type Signal } from '@rta/authority';
import { type SessionId, sessionIdFromBytes } from '@rta/core';
import { createFakeClock, type FakeClock } from '@rta/testkit';
import { expect, test } from 'vitest';
import { type ChangeLog, createChangeLog } from '../changes/change-log.ts';
import { createEnforcement, type Enforcement } from './enforcement.ts';
import { createPushWindow } from './push-window.ts';
import { createSettlement } from './settlement.ts';

const T0 = 1_800_000_000_000;
/** More turns than it takes to write all that may be written. */
const MANY_TURNS = 400;

/** A node with so many agents, each with a session on a connection of its own. */
async function startNode(agents: number): Promise<{
  readonly clock: FakeClock;
  readonly enforcement: Enforcement;
  /** Changes the context of all of them, and begins to tell them. */
  change(current: 'LOW' | 'HIGH'): void;
  readonly changeLog: ChangeLog;
  /** Who was pushed to, in order. */
  readonly pushed: SessionId[];
  /** Connections that were cut. */
  readonly cut: string[];
  /** Moves time on, and looks for those who are overdue once a second, as a node does that is not held up. */
  sweep(seconds: number): void;
  /** What was recorded at once, and what is recorded later. */
  readonly recorded: readonly AuditRecord[];
  readonly later: readonly (() => AuditRecord)[];
}> {
  const clock = createFakeClock(T0);
  let issued = 0;
  const authority = createAuthority({
    mint: () => Uint8Array.of(++issued),
    isAuthentic: () => false,
    policyRevision: 'r1',
  });
  for (let index = 0; index < agents; index++) {
    const id = sessionIdFromBytes(
      new Uint8Array(16)
        .fill(1)
        .with(0, index & 0xff)
        .with(1, index >> 8),
    );
    authority.open(
      {
        id,
        subject: { issuer: 'https://idp.example', sub: 'alice', signedInAtMs: T0 - 60_000 },
        actor: { id: `agent-${index}`, keyThumbprint: 'k' },
        publicKey: new Uint8Array(32),
        grant: { scope: ['*'] },
        expiresAtMs: T0 + 3_600_000,
      },
      clock.now(),
    );
    authority.bind(id, { connection: `connection of ${id}` }, clock.now());
  }
  const pushed: SessionId[] = [];
  const cut: string[] = [];
  const recorded: AuditRecord[] = [];
  const later: (() => AuditRecord)[] = [];
  const window = createPushWindow(clock);
  const changeLog = createChangeLog({ clock, node: 'node', onComplete: () => undefined });
  const enforcement: Enforcement = createEnforcement({
    changes: changeLog,
    window,
    onSettled: () => settlement.goOn(),
    target: {
      push: (_connection, session) => {
        pushed.push(session);
        return true;
      },
      cut: (connection) => void cut.push(connection),
    },
    audit: { record: (one) => void recorded.push(one) },
    later: { add: (make) => void later.push(make) },
    clock,
  });
  const settlement = createSettlement({
    authority,
    clock,
    window,
    onEffects: enforcement.carryOut,
    onSettled: changeLog.closeDecided,
  });
  let changes = 0;
  return {
    clock,
    enforcement,
    changeLog,
    pushed,
    cut,
    sweep(seconds) {
      for (let left = seconds; left > 0; left--) {
        clock.advance(1_000);
        enforcement.cutOffOverdue();
      }
    },
    recorded,
    later,
    change(current) {
      changes += 1;
      changeLog.begin(
        { id: `change-${changes}`, kind: 'risk-level-change', source: 'idp', receivedAtMs: clock.now() },
        clock.monotonicMs(),
      );
      const signal: Signal = {
        id: `change-${changes}`,
        subject: { user: { by: 'iss-sub', issuer: 'https://idp.example', sub: 'alice' } },
        change: { kind: 'risk-level-change', principal: 'USER', current },
        occurredAtMs: T0 + changes,
        receivedAtMs: T0 + changes,
        source: { issuer: 'https://idp.example', id: `jti-${changes}` },
      };
      authority.apply(signal, clock.now());
      settlement.begin();
    },
  };
}

async function turns(count: number): Promise<void> {
  for (let left = count; left > 0; left--) await turn();
}

test('no more than 512 pushes are on their way, and each acknowledgement makes room for one', async () => {
  const { enforcement, change, pushed } = await startNode(600);
  change('HIGH');
  await turns(MANY_TURNS);
  expect(pushed).toHaveLength(512);

  for (const session of pushed.slice(0, 3)) {
    enforcement.acknowledge(`connection of ${session}`, session, 2);
  }
  await turns(MANY_TURNS);
  expect(pushed).toHaveLength(515);

  for (const session of pushed.slice(3)) {
    enforcement.acknowledge(`connection of ${session}`, session, 2);
  }
  await turns(MANY_TURNS);
  expect(new Set(pushed).size).toBe(600);
});

test('agents that never acknowledge keep the others waiting for a quarter of a second, and not longer', async () => {
  const { clock, change, pushed } = await startNode(600);
  change('HIGH');
  await turns(MANY_TURNS);
  clock.advance(249);
  await turns(MANY_TURNS);
  expect(pushed).toHaveLength(512);
  clock.advance(1);
  await turns(MANY_TURNS);
  expect(pushed).toHaveLength(600);
});

test('who has not been told of a change is told of it together with the next one', async () => {
  const { clock, change, pushed } = await startNode(600);
  change('HIGH');
  const toldAtOnce = [...pushed];
  expect(toldAtOnce).toHaveLength(16);
  change('LOW');
  await turns(MANY_TURNS);
  clock.advance(250);
  await turns(MANY_TURNS);
  expect(new Set(pushed).size).toBe(600);
  expect(pushed).toHaveLength(616);
  expect(pushed.filter((session, index) => pushed.indexOf(session) !== index)).toEqual(toldAtOnce);
});

test('a copy of an acknowledgement, or one of nothing that was pushed, makes no room', async () => {
  const { enforcement, change, pushed } = await startNode(600);
  change('HIGH');
  await turns(MANY_TURNS);
  const [first] = pushed;
  if (first === undefined) throw new Error('nothing was pushed');
  for (const generation of [2, 2, 2, 3, 4]) {
    enforcement.acknowledge(`connection of ${first}`, first, generation);
  }
  enforcement.acknowledge('another connection', first, 2);
  await turns(MANY_TURNS);
  expect(pushed).toHaveLength(513);
});

test('who was told of two changes at once, and was cut off, has acknowledged neither [I8]', async () => {
  const { sweep, change, changeLog } = await startNode(600);
  change('HIGH');
  change('LOW');
  await turns(MANY_TURNS);
  // The first have not answered in time, while the second change is still to be told to them.
  sweep(6);
  await turns(MANY_TURNS);
  expect(changeLog.get('change-1')).toMatchObject({ acknowledgedCount: 0 });
  expect(changeLog.get('change-2')).toMatchObject({ acknowledgedCount: 0 });
});

test('who does not acknowledge within five seconds is cut off, and nobody else [P-7.7]', async () => {
  const { enforcement, change, pushed, cut, sweep } = await startNode(3);
  change('HIGH');
  const [first, second, third] = pushed;
  if (first === undefined || second === undefined || third === undefined)
    throw new Error('not all were told');
  sweep(4);
  enforcement.acknowledge(`connection of ${second}`, second, 2);
  expect(cut).toEqual([]);

  sweep(1);

  expect(cut).toEqual([`connection of ${first}`, `connection of ${third}`]);
});

test('nobody is cut off because the node stood still: what came meanwhile is read first', async () => {
  const { clock, enforcement, change, pushed, cut, sweep } = await startNode(2);
  change('HIGH');
  const [first, second] = pushed;
  if (first === undefined || second === undefined) throw new Error('not all were told');

  // Time comes before the sockets.
  clock.advance(60_000);
  enforcement.cutOffOverdue();
  expect(cut).toEqual([]);
  enforcement.acknowledge(`connection of ${first}`, first, 2);

  // The second that had passed before counts.
  sweep(3);
  expect(cut).toEqual([]);
  sweep(1);
  expect(cut).toEqual([`connection of ${second}`]);
});

const about = ({ kind, session, change }: AuditRecord) => [kind, session, change];

test('that something happened is recorded at once, and whom else it happened to when they were told [I7]', async () => {
  const t = await startNode(3);
  t.change('HIGH');
  t.change('LOW');
  t.enforcement.acknowledge(`connection of ${t.pushed[0]}`, t.pushed[0] as SessionId, 2);

  expect(t.recorded.map(about)).toEqual([
    ['change', t.pushed[0], 'change-1'],
    ['change', t.pushed[3], 'change-2'],
  ]);
  expect(t.later.map((make) => about(make()))).toEqual([
    ['change', t.pushed[1], 'change-1'],
    ['change', t.pushed[2], 'change-1'],
    ['change', t.pushed[4], 'change-2'],
    ['change', t.pushed[5], 'change-2'],
    ['enforcement', t.pushed[0], 'change-1'],
  ]);
});
