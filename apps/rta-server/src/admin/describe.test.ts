import { expect, test } from 'vitest';
import { parseAdminArguments } from './arguments.ts';
import { describeAnswer } from './describe.ts';

const requestOf = (line: string) => {
  const call = parseAdminArguments(line.split(' '));
  if (call === undefined) throw new Error('help');
  return call.request;
};

test('an order says what was ordered, and where its receipt is', () => {
  const text = describeAnswer(requestOf('kill user a@b.example --reason why'), { change: 'admin-1' });
  expect(text).toBe(
    'ordered: end user, email a@b.example\nchange admin-1; see rta-server admin change admin-1\n',
  );
});

test('a receipt names each enforcement point with its outcome', () => {
  const text = describeAnswer(requestOf('change c'), {
    id: 'c',
    kind: 'session-revoked',
    source: 'https://rta.example/admin',
    reason: 'drill',
    node: 'node-1',
    receivedAtMs: 0,
    decidedAfterMs: 0.25,
    sessionCount: 1,
    acknowledgedCount: 1,
    cutOffCount: 0,
    offlineCount: 0,
    pendingCount: 0,
    points: [{ session: 's', agent: 'planner', generation: 2, outcome: 'acknowledged', settledAfterMs: 3 }],
  });
  expect(text).toBe(
    'c: session-revoked by https://rta.example/admin (drill); 1 sessions: acknowledged 1, cut off 0, offline 0, pending 0\n' +
      'received 1970-01-01T00:00:00.000Z at node-1; in force after 0.3 ms\n' +
      '  acknowledged after 3.0 ms: planner, session s, generation 2\n',
  );
});

test('what others chose does not steer the terminal', () => {
  const text = describeAnswer(requestOf('changes'), { changes: [{ id: '\u001b[2J\r\u202eevil' }] });
  expect(text).toMatch(/^\uFFFD\[2J\uFFFD\uFFFDevil: /);
});
