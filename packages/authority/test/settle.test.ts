import { describe, expect, it } from 'vitest';
import type { Authority } from '../src/index.ts';
import {
  CAUSE,
  ceiling,
  createTestAuthority,
  delegateInput,
  effectsOf,
  idOf,
  openInput,
  risk,
  signalOf,
  T0,
  told,
} from './fixture.ts';

/** Session 1 with children 2 and 3, all of which may do everything with files. */
function family(): Authority {
  const authority = createTestAuthority();
  authority.open(openInput(1), T0);
  for (const number of [2, 3]) authority.delegate(idOf(1), delegateInput(number), T0);
  return authority;
}

describe('settle', () => {
  it('tells of what is in force already, from the top down, as many at a time as one likes [I3]', () => {
    const authority = family();
    const tokens = [1, 2, 3].map((number) => authority.get(idOf(number), T0)?.token);
    authority.narrow(idOf(1), { scope: ['files.read'] }, CAUSE, T0);
    const grants = [1, 2, 3].map((number) => authority.get(idOf(number), T0)?.grant.scope);
    expect(grants).toEqual([['files.read'], ['files.read'], ['files.read']]);
    expect(tokens.includes(authority.get(idOf(3), T0)?.token)).toBe(false);
    expect(authority.isSettled).toBe(false);
    expect([1, 1, 1, 1].map((maxCount) => told(authority.settle(T0, maxCount)))).toEqual([
      [['changed', idOf(1)]],
      [['changed', idOf(2)]],
      [['changed', idOf(3)]],
      [],
    ]);
    expect(authority.isSettled).toBe(true);
  });

  it('tells nobody twice who is concerned by two things at once, and forgets nobody below', () => {
    const authority = family();
    authority.narrow(idOf(1), { scope: ['files.r*'] }, CAUSE, T0);
    authority.apply(signalOf(risk('HIGH'), T0), T0);
    authority.delegate(idOf(3), delegateInput(4, { actor: { id: 'reader', keyThumbprint: 'k' } }), T0);
    const effects = authority.settle(T0);
    expect(told(effects)).toEqual([
      ...[1, 2, 3].map((number) => ['changed', idOf(number)]),
      ...[1, 2, 3].map((number) => ['joined', idOf(number)]),
    ]);
    for (const effect of effects.slice(0, 3)) {
      expect(effect).toMatchObject({ cause: CAUSE, before: { generation: 1 } });
      expect(effect.session).toMatchObject({
        grant: { scope: ['files.r*'] },
        attributes: { riskLevel: 'HIGH' },
      });
    }
    // What came second was told with the first: who keeps account of it is told so [I8].
    for (const effect of effects.slice(3))
      expect(effect).toMatchObject({ cause: { kind: 'risk-level-change' } });
  });

  it('says how a session stood before, also where it has bound since [I7]', () => {
    const authority = family();
    authority.narrow(idOf(1), { scope: ['files.read'] }, CAUSE, T0);
    authority.bind(idOf(1), { connection: 'c1' }, T0);
    const [first, ...others] = authority.settle(T0);
    expect(first).toMatchObject({
      kind: 'changed',
      before: { grant: { scope: ['files.*'] } },
      session: { grant: { scope: ['files.read'] }, connection: 'c1' },
    });
    expect(told(others)).toEqual([
      ['changed', idOf(2)],
      ['changed', idOf(3)],
    ]);
  });

  it('tells nobody of what came and went unseen', () => {
    const authority = family();
    authority.apply(signalOf(ceiling('files.read'), T0), T0);
    authority.apply(signalOf(ceiling(), T0 + 1), T0 + 1);
    expect(authority.settle(T0 + 1)).toEqual([]);
  });

  it('tells those who saw it also that it went', () => {
    const authority = family();
    authority.apply(signalOf(ceiling('files.read'), T0), T0);
    authority.get(idOf(2), T0);
    authority.apply(signalOf(ceiling(), T0 + 1), T0 + 1);
    expect(told(authority.settle(T0 + 1))).toEqual([
      ['changed', idOf(1)],
      ['changed', idOf(2)],
      ['joined', idOf(1)],
      ['joined', idOf(2)],
    ]);
  });

  it('tells of an end once, for its first reason, be it of the session or from above', () => {
    const authority = family();
    const above = { kind: 'ended', change: 'above' };
    authority.end(idOf(2), CAUSE);
    authority.end(idOf(1), above);
    authority.end(idOf(3), CAUSE);
    const causes = authority.settle(T0).map(({ session, kind, ...rest }) => [kind, session.id, rest]);
    expect(causes).toEqual([
      ['ended', idOf(2), { cause: CAUSE }],
      ['ended', idOf(1), { cause: above }],
      ['ended', idOf(3), { cause: above }],
    ]);
    expect(authority.sessionCount).toBe(0);
  });

  it('tells a session that ended of nothing that happened to it before or after', () => {
    const authority = family();
    authority.setPolicyRevision('r2', CAUSE);
    authority.end(idOf(1), CAUSE);
    authority.remint(CAUSE);
    expect(told(authority.settle(T0))).toEqual([1, 2, 3].map((number) => ['ended', idOf(number)]));
  });

  it('makes a new token for every session where that is wanted, with the context that it had', () => {
    const authority = family();
    const effects = effectsOf(authority, () => authority.remint(CAUSE));
    expect(told(effects)).toHaveLength(3);
    for (const effect of effects) {
      if (effect.kind !== 'changed') throw new TypeError('no change');
      expect(effect.session.contextHash).toEqual(effect.before.contextHash);
      expect(effect.session.token).not.toEqual(effect.before.token);
    }
  });
});
