import type { SessionId } from '@rta/core';
import { describe, expect, it } from 'vitest';
import { ALICE, IDP, idOf, T0 } from '../../test/fixture.ts';
import { nodeOf } from '../../test/node-of.ts';
import { selectorKeys } from '../subjects/subject-match.ts';
import { createSessionIndex } from './session-index.ts';
import type { SessionNode } from './session-node.ts';

const HOUR_MS = 3_600_000;
const ids = (nodes: Iterable<SessionNode>): readonly SessionId[] =>
  [...nodes].map(({ identity }) => identity.id);
const alice = selectorKeys({ user: { by: 'iss-sub', issuer: IDP, sub: 'alice' } });
const laptop = selectorKeys({ device: { id: 'laptop', issuers: [IDP] } });
const copilot = selectorKeys({ actor: { id: 'copilot' } });

describe('createSessionIndex', () => {
  it('finds a session in every way, once', () => {
    const index = createSessionIndex();
    const root = nodeOf(1, { subject: { ...ALICE, deviceId: 'laptop' } });
    const child = nodeOf(2, { parent: root });
    index.add(root);
    index.add(child);
    index.rebound(child, undefined, 'c1');
    expect(index.size).toBe(2);
    expect(index.get(idOf(2))).toBe(child);
    expect(ids(index.all())).toEqual([idOf(1), idOf(2)]);
    expect(ids(index.roots())).toEqual([idOf(1)]);
    expect(ids(root.children)).toEqual([idOf(2)]);
    expect(ids(index.boundTo('c1'))).toEqual([idOf(2)]);
    // What is said of a person meets the first session of a tree; what is said of an agent, any.
    expect(ids(index.byKeys([...alice, ...laptop]))).toEqual([idOf(1)]);
    expect(ids(index.byKeys(copilot))).toEqual([idOf(1), idOf(2)]);
    expect(index.countOf(ALICE)).toBe(2);
  });

  it('leaves no trace of a session that is removed, also when that is done twice', () => {
    const index = createSessionIndex();
    const root = nodeOf(1);
    const child = nodeOf(2, { parent: root, connection: 'c1' });
    for (const node of [root, child]) index.add(node);
    index.rebound(child, undefined, 'c1');
    for (const node of [child, child, root]) index.remove(node);
    expect(index.size).toBe(0);
    expect(index.get(idOf(2))).toBeUndefined();
    expect(index.byKeys([...alice, ...copilot])).toEqual([]);
    expect(ids(index.roots())).toEqual([]);
    expect(ids(root.children)).toEqual([]);
    expect(index.boundTo('c1')).toEqual([]);
    expect(index.countOf(ALICE)).toBe(0);
    expect(index.takeExpired(T0 + 2 * HOUR_MS)).toEqual([]);
  });

  it('follows a session from connection to connection', () => {
    const index = createSessionIndex();
    const [one, other] = [nodeOf(1), nodeOf(2)];
    index.rebound(one, undefined, 'c1');
    index.rebound(other, undefined, 'c1');
    index.rebound(one, 'c1', 'c2');
    expect(ids(index.boundTo('c1'))).toEqual([idOf(2)]);
    expect(ids(index.boundTo('c2'))).toEqual([idOf(1)]);
    index.rebound(one, 'c2', undefined);
    expect(index.boundTo('c2')).toEqual([]);
  });

  it('gives out what expires within a second, never before its time, and once', () => {
    const index = createSessionIndex();
    for (const [number, lifeMs] of [
      [1, 1],
      [2, 1_000],
      [3, 1_001],
    ] as const) {
      index.add(nodeOf(number, { expiresAtMs: T0 + lifeMs }));
    }
    expect(index.takeExpired(T0)).toEqual([]);
    expect(index.takeExpired(Number.NaN)).toEqual([]);
    expect(index.takeExpired(T0 + 999)).toEqual([]);
    expect(ids(index.takeExpired(T0 + 1_000))).toEqual([idOf(1), idOf(2)]);
    expect(index.takeExpired(T0 + 1_000)).toEqual([]);
    expect(ids(index.takeExpired(T0 + HOUR_MS))).toEqual([idOf(3)]);
  });

  it('gives out 150,000 sessions that expire in the same second', () => {
    const index = createSessionIndex();
    const node = nodeOf(0);
    for (let i = 0; i < 150_000; i++) {
      index.add({ ...node, identity: { ...node.identity, id: `${i}` as SessionId } });
    }
    expect(index.takeExpired(T0 + HOUR_MS)).toHaveLength(150_000);
  });
});
