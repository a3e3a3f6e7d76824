import { expect, it } from 'vitest';
import { CAUSE } from '../../test/fixture.ts';
import { nodeOf } from '../../test/node-of.ts';
import { type Consequences, createConsequences, type Happening } from './consequences.ts';
import type { SessionNode } from './session-node.ts';

const happening = (at: number): Happening => ({ kind: 'change', cause: CAUSE, at });

/** A root with two children, the first of which has one of its own. */
function family(): readonly [SessionNode, SessionNode, SessionNode, SessionNode] {
  const root = nodeOf(1);
  const first = nodeOf(2, { parent: root });
  const grandchild = nodeOf(3, { parent: first });
  return [root, first, grandchild, nodeOf(4, { parent: root })];
}

/** Looks at a session by taking it out of its tree. */
function takeOut(node: SessionNode): boolean {
  node.parent?.children.delete(node);
  return true;
}

/** Times and sessions in the order in which they are looked at. */
function looksOf(list: Consequences, isConcerned: (node: SessionNode) => boolean = () => true): string[] {
  const looks: string[] = [];
  const look = (node: SessionNode, { at }: Happening): boolean => {
    looks.push(`${at}:${node.identity.depth}:${node.identity.id.slice(-1)}`);
    return isConcerned(node);
  };
  while (list.next(look));
  return looks;
}

it('goes down from the top, parents before their children, and then on to what happened next', () => {
  const [root, first] = family();
  const list = createConsequences();
  list.add(happening(1), [root]);
  list.add(happening(2), [first]);
  expect(looksOf(list)).toEqual(['1:0:Q', '1:1:g', '1:2:w', '1:1:A', '2:1:g', '2:2:w']);
  expect(list.isEmpty).toBe(true);
});

it('leaves out what is below a session that is not concerned', () => {
  const [root, first] = family();
  const list = createConsequences();
  list.add(happening(1), [root]);
  expect(looksOf(list, (node) => node !== first)).toEqual(['1:0:Q', '1:1:g', '1:1:A']);
});

it('looks at nobody who came later than what happened', () => {
  const [root] = family();
  nodeOf(5, { parent: root, openedAt: 2 });
  const list = createConsequences();
  list.add(happening(1), [root]);
  expect(looksOf(list)).not.toContain('1:1:Q');
});

it('goes on below a session that was taken out of its tree as it was looked at', () => {
  const [root, first, grandchild] = family();
  const list = createConsequences();
  list.add(happening(1), [root]);
  for (let i = 0; i < 4; i++) expect(list.next(takeOut)).toBe(true);
  expect([root.children.size, first.children.size, grandchild.children.size]).toEqual([0, 0, 0]);
  expect(list.next(takeOut)).toBe(false);
});

it('is empty where nobody is concerned, and takes up again after it was', () => {
  const list = createConsequences();
  list.add(happening(1), []);
  expect(list.isEmpty).toBe(true);
  expect(list.next(() => true)).toBe(false);
  for (const at of [2, 3]) {
    list.add(happening(at), [nodeOf(1)]);
    expect(list.isEmpty).toBe(false);
    expect(looksOf(list)).toEqual([`${at}:0:Q`]);
  }
});

it('goes through 100,000 things that happened in a time that grows with their number', () => {
  const list = createConsequences();
  const node = nodeOf(1);
  for (let at = 1; at <= 100_000; at++) list.add(happening(at), [node]);
  let last = 0;
  while (list.next((_, what) => (last = what.at) < 0));
  expect(last).toBe(100_000);
});
