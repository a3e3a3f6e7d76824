import { expect, it } from 'vitest';
import { CAUSE, T0 } from '../../test/fixture.ts';
import { nodeOf } from '../../test/node-of.ts';
import type { Cause } from '../session.ts';
import { createAbsences } from './absences.ts';
import { createSessionIndex } from './session-index.ts';

function setUp() {
  const index = createSessionIndex();
  const node = nodeOf(1);
  index.add(node);
  const noted: Cause[] = [];
  const absences = createAbsences({ index, noteForChildren: (_, cause) => void noted.push(cause) });
  return { index, node, noted, absences };
}

it('notices an absence after half a minute, once, and its end', () => {
  const { node, noted, absences } = setUp();
  absences.begin(node, 'gone', T0);
  absences.begin(node, 'gone again', T0 + 20_000);
  absences.notice(T0 + 29_999);
  absences.notice(Number.NaN);
  expect([node.absence, noted]).toEqual([undefined, []]);
  absences.notice(T0 + 30_000);
  absences.notice(T0 + 90_000);
  expect([node.absence, noted]).toEqual(['gone', [{ kind: 'parent-absent', change: 'gone' }]]);
  absences.end(node, 'c1');
  absences.end(node, 'c1');
  expect([node.absence, noted.slice(1)]).toEqual([
    undefined,
    [{ kind: 'parent-present', change: 'connection:c1' }],
  ]);
});

it('says nothing of one who is back in time, or who has ended', () => {
  const { index, node, noted, absences } = setUp();
  absences.begin(node, 'gone', T0);
  absences.end(node, 'c1');
  const [other, removed] = [nodeOf(2, { end: CAUSE }), nodeOf(3)];
  index.add(other);
  for (const each of [other, removed]) absences.begin(each, 'gone', T0);
  absences.notice(T0 + 60_000);
  expect(noted).toEqual([]);
});

it('counts from now at the latest where the clock was set back, and holds up nobody else', () => {
  const { index, node, noted, absences } = setUp();
  const other = nodeOf(2);
  index.add(other);
  absences.begin(node, 'in the future', T0 + 1_000_000);
  absences.begin(other, 'now', T0);
  absences.notice(T0);
  absences.notice(T0 + 30_000);
  expect(noted.map(({ change }) => change)).toEqual(['in the future', 'now']);
});
