import { describe, expect, it } from 'vitest';
import type { Authority, RestoreInput, Session } from '../src/index.ts';
import {
  ALICE,
  CAUSE,
  createTestAuthority,
  delegateInput,
  HOUR_MS,
  idOf,
  openInput,
  REVOKED,
  signalOf,
  suspension,
  T0,
} from './fixture.ts';

const reader = (number: number) => ({ actor: { id: 'reader', keyThumbprint: `key-${number}` } });
const kept = (session: Session, spending?: RestoreInput['spending']): RestoreInput => ({
  ...session,
  spending,
});

/** What was kept of sessions 1, 2 below it, and 3 below that. */
function records(): [RestoreInput, RestoreInput, RestoreInput] {
  const authority = createTestAuthority();
  const root = authority.open(openInput(1, { budget: { totalCount: 2 } }), T0);
  const child = authority.delegate(idOf(1), delegateInput(2), T0);
  const grandchild = authority.delegate(idOf(2), delegateInput(3, reader(3)), T0);
  return [kept(root), kept(child), kept(grandchild)];
}
const alive = (authority: Authority, nowMs = T0 + 1): readonly string[] =>
  [...authority.sessions(nowMs)].map(({ id }) => id);

describe('restore', () => {
  it('goes on with trees in whatever order they are read, with new tokens, bound nowhere [I4] [I5]', () => {
    const all = records();
    const authority = createTestAuthority();
    expect(authority.restore(all.toReversed(), T0 + 1)).toEqual({ dropped: [] });
    expect(alive(authority)).toEqual([idOf(1), idOf(2), idOf(3)]);
    expect(authority.get(idOf(3), T0 + 1)).toMatchObject({
      generation: 2,
      parent: idOf(2),
      depth: 2,
      connection: undefined,
      issuedAtMs: T0 + 1,
    });
    authority.bind(idOf(1), { connection: 'c1' }, T0 + 1);
    const old = (all[0] as RestoreInput & Session).token;
    expect(authority.check(idOf(1), old, 'c1', T0 + 1)).toMatchObject({ cause: 'stale-token' });
    expect(authority.isSettled).toBe(true);
  });

  it('leaves out whose time is up, what was cut off meanwhile, and what is below [I2]', () => {
    const [root, child, grandchild] = records();
    const authority = createTestAuthority();
    authority.apply(signalOf(REVOKED, T0, { subject: { session: { id: idOf(2) } } }), T0);
    const over = { ...root, id: idOf(9), expiresAtMs: T0 + 1 };
    const never = { ...root, id: idOf(8), expiresAtMs: Number.NaN };
    expect(authority.restore([grandchild, child, root, over, never], T0 + 1).dropped.toSorted()).toEqual(
      [idOf(2), idOf(3), idOf(8), idOf(9)].toSorted(),
    );
    expect(alive(authority)).toEqual([idOf(1)]);
  });

  it('leaves out what this node knows to have ended, told or not, and what is below it', () => {
    const [root, child, grandchild] = records();
    const authority = createTestAuthority();
    authority.restore([root], T0 + 1);
    authority.end(idOf(1), CAUSE);
    expect(authority.restore([child, grandchild], T0 + 1).dropped).toEqual([idOf(2), idOf(3)]);
    authority.settle(T0 + 1);
    expect(authority.restore([root, child], T0 + 1).dropped).toEqual([idOf(1), idOf(2)]);
    expect(authority.sessionCount).toBe(0);
  });

  it('leaves a session alone that is there', () => {
    const [root, child] = records();
    const authority = createTestAuthority();
    authority.restore([root], T0 + 1);
    const before = authority.get(idOf(1), T0 + 1);
    expect(authority.restore([{ ...root, ownGrant: { scope: ['*'] } }, child], T0 + 1)).toEqual({
      dropped: [],
    });
    expect(authority.get(idOf(1), T0 + 1)).toBe(before);
    expect(alive(authority)).toEqual([idOf(1), idOf(2)]);
  });

  it('gives a session what is known of it, and no more than its parent has, whatever was kept [I6]', () => {
    const [root, child] = records();
    const authority = createTestAuthority();
    authority.apply(signalOf(suspension(true), T0), T0);
    authority.restore([root, { ...child, ownGrant: { scope: ['*'] } }], T0 + 1);
    expect(authority.get(idOf(2), T0 + 1)).toMatchObject({
      state: 'suspended',
      grant: { scope: ['files.*'] },
    });
  });

  it('goes on with what was spent, and with the time of the last binding', () => {
    const [root] = records();
    const authority = createTestAuthority();
    authority.restore([{ ...root, boundAtMs: T0 + 7, spending: { count: 1, details: [] } }], T0 + 1);
    const asked = { action: 'files.read', resourceId: '/a' };
    expect([authority.spend(idOf(1), asked), authority.spend(idOf(1), asked)]).toEqual([true, false]);
    expect(authority.get(idOf(1), T0 + 1)?.boundAtMs).toBe(T0 + 7);
  });

  it('suspends what was delegated where the agent above does not come back in time', () => {
    const authority = createTestAuthority();
    authority.restore(records(), T0);
    authority.bind(idOf(2), { connection: 'c2' }, T0 + 1);
    authority.expire(T0 + 30_000);
    expect(authority.get(idOf(2), T0 + 30_000)).toMatchObject({
      suspensions: [{ kind: 'parent-absent', change: `restart@${T0}` }],
    });
    authority.bind(idOf(1), { connection: 'c1' }, T0 + 30_001);
    expect(authority.get(idOf(3), T0 + 30_001)?.state).toBe('active');
  });

  it('opens nothing under an id that was restored', () => {
    const authority = createTestAuthority();
    authority.restore(records(), T0 + 1);
    const again = openInput(1, { subject: ALICE, expiresAtMs: T0 + HOUR_MS });
    expect(() => authority.open(again, T0 + 1)).toThrow(
      expect.objectContaining({ code: 'RTA_AUTHORITY_SESSION_EXISTS' }),
    );
  });
});
