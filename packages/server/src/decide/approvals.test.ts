import type { Authority, Session } from '@rta/authority';
import { isRtaError, type JsonObject } from '@rta/core';
import { createFakeClock, type FakeClock } from '@rta/testkit';
import { describe, expect, test } from 'vitest';
import {
  causeOf,
  delegateSession,
  HOUR_MS,
  openSession,
  startAuthority,
  T0,
} from '../../test/authority-fixture.ts';
import type { Question } from './access-request.ts';
import { type ApprovalAnswer, type Approvals, type ApprovalTask, createApprovals } from './approvals.ts';

interface Desk {
  readonly authority: Authority;
  readonly approvals: Approvals;
  readonly clock: FakeClock;
  readonly session: Session;
  readonly asked: ApprovalTask[];
  readonly settled: ApprovalTask[];
}

function openDesk(): Desk {
  const authority = startAuthority();
  const clock = createFakeClock(T0);
  const asked: ApprovalTask[] = [];
  const settled: ApprovalTask[] = [];
  const approvals = createApprovals({
    clock,
    onAsked: (task) => asked.push(task),
    onSettled: (task) => settled.push(task),
  });
  return { authority, approvals, clock, session: openSession(authority, 1), asked, settled };
}

const pay = (value: number, context: JsonObject = {}): Question => ({
  action: 'pay',
  resource: { type: 'Account', id: 'shop' },
  context: { amount: { value, currency: 'EUR' }, ...context },
});

function openTask(answer: ApprovalAnswer): ApprovalTask {
  if (answer.kind !== 'open') throw new Error(`expected an open task, found ${answer.kind}`);
  return answer.task;
}

function codeOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (isRtaError(error)) return error.code;
    throw error;
  }
  throw new Error('nothing was refused');
}

const APPROVE = { approve: true, by: 'bob' };

describe('an approval', () => {
  test('is asked for once, with all that a person has to know', () => {
    const { approvals, session, asked } = openDesk();
    const task = openTask(approvals.ask(session, pay(10)));

    expect(approvals.ask(session, pay(10))).toEqual({ kind: 'open', task });

    expect(asked).toEqual([
      {
        id: task.id,
        session: session.id,
        generation: 1,
        subject: { issuer: 'https://idp.example', sub: 'alice' },
        actors: ['agent-1'],
        action: 'pay',
        resource: { type: 'Account', id: 'shop' },
        context: { amount: { value: 10, currency: 'EUR' } },
        questionHash: expect.stringMatching(/^[\w-]{43}$/),
        createdAtMs: T0,
        expiresAtMs: T0 + 600_000,
        state: 'open',
      },
    ]);
    expect([...approvals.list()]).toEqual([task]);
  });

  test('is good for its question, once', () => {
    const { approvals, session, settled } = openDesk();
    const { id } = openTask(approvals.ask(session, pay(10)));
    approvals.decide(id, { ...APPROVE, reason: 'fine' });

    const answer = approvals.ask(session, pay(10));
    expect(answer).toMatchObject({ kind: 'approved', task: { id, decidedBy: 'bob', reason: 'fine' } });
    if (answer.kind === 'approved') approvals.use(answer.task);

    expect(openTask(approvals.ask(session, pay(10))).id).not.toBe(id);
    expect(settled.map(({ state }) => state)).toEqual(['approved', 'used']);
  });

  test('is the same for a question with its members in another order', () => {
    const { approvals, session } = openDesk();
    const { id } = openTask(approvals.ask(session, pay(10, { note: 'a', to: { x: 1, y: 2 } })));

    const turned: Question = {
      resource: { id: 'shop', type: 'Account' },
      context: { to: { y: 2, x: 1 }, note: 'a', amount: { currency: 'EUR', value: 10 } },
      action: 'pay',
    };
    expect(openTask(approvals.ask(session, turned)).id).toBe(id);
  });

  test.each<[string, Question]>([
    ['a larger amount', pay(11)],
    ['the amount as a text', { ...pay(10), context: { amount: { value: '10', currency: 'EUR' } } }],
    ['another currency', { ...pay(10), context: { amount: { value: 10, currency: 'JPY' } } }],
    ['something more in the context', pay(10, { memo: 'x' })],
    ['no context', { action: 'pay', resource: { type: 'Account', id: 'shop' } }],
    ['another resource', { ...pay(10), resource: { type: 'Account', id: 'shop2' } }],
    ['another type of resource', { ...pay(10), resource: { type: 'Shop', id: 'shop' } }],
    ['another action', { ...pay(10), action: 'pay.all' }],
  ])('does not do for %s', (_, other) => {
    const { approvals, session } = openDesk();
    const { id } = openTask(approvals.ask(session, pay(10)));
    approvals.decide(id, APPROVE);

    expect(approvals.ask(session, other).kind).toBe('open');
    expect(approvals.ask(session, pay(10)).kind).toBe('approved');
  });

  test('does not do for another session of the same user and agent', () => {
    const { approvals, session, authority } = openDesk();
    approvals.decide(openTask(approvals.ask(session, pay(10))).id, APPROVE);

    expect(approvals.ask(openSession(authority, 2), pay(10)).kind).toBe('open');
  });

  test('is void in another generation, also before anybody was told of it', () => {
    const { approvals, session, authority, settled } = openDesk();
    const { id } = openTask(approvals.ask(session, pay(10)));
    approvals.decide(id, APPROVE);

    authority.narrow(session.id, { scope: ['pay'] }, causeOf('n'), T0);

    const again = openTask(approvals.ask(authority.live(session.id, T0), pay(10)));
    expect(again).toMatchObject({ generation: 2, state: 'open' });
    expect(settled.map(({ id: one, state }) => [one === id, state])).toEqual([
      [true, 'approved'],
      [true, 'void'],
    ]);
  });

  test('is refused until it is over, and not asked for anew', () => {
    const { approvals, session, clock, asked } = openDesk();
    approvals.decide(openTask(approvals.ask(session, pay(10))).id, { approve: false, by: 'bob' });

    clock.advance(599_999);
    expect(approvals.ask(session, pay(10))).toEqual({ kind: 'refused' });
    expect(asked).toHaveLength(1);
    clock.advance(1);
    expect(approvals.ask(session, pay(10)).kind).toBe('open');
  });

  test('can be neither given nor used when its time is up', () => {
    const { approvals, session, clock } = openDesk();
    const given = openTask(approvals.ask(session, pay(10)));
    const late = openTask(approvals.ask(session, pay(20)));
    approvals.decide(given.id, APPROVE);

    clock.advance(600_000);

    expect(codeOf(() => approvals.decide(late.id, APPROVE))).toBe('RTA_SERVER_APPROVAL_OVER');
    expect(approvals.ask(session, pay(10)).kind).toBe('open');
  });

  test('lasts no longer than its session', () => {
    const { approvals, session, clock } = openDesk();
    clock.advance(HOUR_MS - 1_000);
    expect(openTask(approvals.ask(session, pay(10))).expiresAtMs).toBe(T0 + HOUR_MS);
  });

  test('is decided by the first who does', () => {
    const { approvals, session } = openDesk();
    const { id } = openTask(approvals.ask(session, pay(10)));
    approvals.decide(id, { approve: false, by: 'bob' });

    expect(codeOf(() => approvals.decide(id, APPROVE))).toBe('RTA_SERVER_APPROVAL_OVER');
    expect(approvals.ask(session, pay(10)).kind).toBe('refused');
  });

  test('that nobody asked for cannot be given', () => {
    const { approvals } = openDesk();
    expect(codeOf(() => approvals.decide('made-up', APPROVE))).toBe('RTA_SERVER_APPROVAL_UNKNOWN');
  });
});

describe('approvals', () => {
  test('come to nothing when their session changes or ends, and those of others stay', () => {
    const { approvals, session, authority, settled } = openDesk();
    const [changing, ending] = [openSession(authority, 2), openSession(authority, 3)];
    const tasks = [session, changing, ending].map((one) => openTask(approvals.ask(one, pay(10))));
    approvals.decide(tasks[2]?.id ?? '', APPROVE);

    authority.narrow(changing.id, { scope: ['pay'] }, causeOf('n'), T0);
    authority.end(ending.id, causeOf('e'));
    approvals.follow(authority.settle(T0));

    expect([...approvals.list()]).toEqual([tasks[0]]);
    expect(settled.slice(1).map(({ id, state }) => [id, state])).toEqual([
      [tasks[1]?.id, 'void'],
      [tasks[2]?.id, 'void'],
    ]);
  });

  test('stay when their session comes to another connection', () => {
    const { approvals, session, authority } = openDesk();
    authority.bind(session.id, { connection: 'c1' }, T0);
    const task = openTask(approvals.ask(session, pay(10)));

    approvals.follow(authority.bind(session.id, { connection: 'c2' }, T0).effects);

    expect([...approvals.list()]).toEqual([task]);
  });

  test('are taken out when their time is up, and their agents hear of it', () => {
    const { approvals, session, clock, settled } = openDesk();
    const early = openTask(approvals.ask(session, pay(10)));
    clock.advance(1);
    const late = openTask(approvals.ask(session, pay(20)));

    clock.advance(599_999);
    approvals.expire();

    expect([...approvals.list()]).toEqual([late]);
    expect(settled).toEqual([{ ...early, state: 'void' }]);
  });

  test('are at most 16 of one session', () => {
    const { approvals, session, authority } = openDesk();
    for (let amount = 1; amount <= 16; amount++) openTask(approvals.ask(session, pay(amount)));

    expect(approvals.ask(session, pay(17))).toEqual({ kind: 'full' });
    expect(approvals.ask(session, pay(16)).kind).toBe('open');
    expect(approvals.ask(openSession(authority, 2), pay(17)).kind).toBe('open');
  });

  test('make room when they are used', () => {
    const { approvals, session } = openDesk();
    const tasks = Array.from({ length: 16 }, (_, at) => openTask(approvals.ask(session, pay(at))));
    approvals.use(approvals.decide(tasks[0]?.id ?? '', APPROVE));

    expect(approvals.ask(session, pay(17)).kind).toBe('open');
  });

  test('are at most 128 of one user, however many sessions were delegated', () => {
    const { approvals, authority, session } = openDesk();
    const tasks: ApprovalTask[] = [];
    for (let number = 2; number <= 9; number++) {
      const child = delegateSession(authority, session.id, number);
      for (let amount = 1; amount <= 16; amount++) tasks.push(openTask(approvals.ask(child, pay(amount))));
    }
    expect(approvals.ask(session, pay(1))).toEqual({ kind: 'full' });
    expect(approvals.ask(openSession(authority, 10, { sub: 'bob' }), pay(1)).kind).toBe('open');

    approvals.use(approvals.decide(tasks[0]?.id ?? '', APPROVE));
    expect(approvals.ask(session, pay(1)).kind).toBe('open');
    expect(approvals.ask(session, pay(2))).toEqual({ kind: 'full' });
  });

  test('are at most 10,000 on a node', () => {
    const { approvals, authority, session } = openDesk();
    for (let number = 2; number <= 626; number++) {
      const one = openSession(authority, number, { sub: `user-${number >> 3}` });
      for (let amount = 1; amount <= 16; amount++) openTask(approvals.ask(one, pay(amount)));
    }
    expect(approvals.ask(session, pay(1))).toEqual({ kind: 'full' });
  });
});
