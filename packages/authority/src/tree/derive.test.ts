import { describe, expect, it } from 'vitest';
import { mint, T0 } from '../../test/fixture.ts';
import { nodeOf } from '../../test/node-of.ts';
import type { Session } from '../session.ts';
import { type Circumstances, derive } from './derive.ts';

const HOUR_MS = 3_600_000;
const OPEN = nodeOf(1, { ownGrant: { scope: ['files.*'] } }).session;
const STANDING = { attributes: {}, evidence: {}, ceilings: [], suspensions: [] };
const PLAIN: Circumstances = {
  ownGrant: OPEN.ownGrant,
  parent: undefined,
  parentAbsence: undefined,
  standing: STANDING,
  suspendAtRisk: undefined,
  policyRevision: 'r1',
};
const HIGH = {
  ...STANDING,
  attributes: { riskLevel: 'HIGH' as const },
  evidence: { riskLevel: { source: 'idp', atMs: T0, change: 'c' } },
};
const next = (session: Session, parts: Partial<Circumstances>, nowMs = T0 + 1, anew = false): Session =>
  derive(session, { ...PLAIN, ...parts }, { mint, anew }, nowMs);

describe('derive', () => {
  it('makes the first generation, active, unbound, with a token of its own time', () => {
    expect(OPEN).toMatchObject({ generation: 1, state: 'active', connection: undefined, issuedAtMs: T0 });
    expect(OPEN.token).toEqual(mint(OPEN.id, OPEN.contextHash, T0));
  });

  it('is the session itself where nothing makes a difference', () => {
    expect(next(OPEN, { standing: { ...STANDING, evidence: OPEN.evidence } })).toBe(OPEN);
  });

  it('makes another token with every change of context [I4]', () => {
    const changed = next(OPEN, { standing: HIGH });
    expect(changed.generation).toBe(2);
    expect(changed.contextHash).not.toEqual(OPEN.contextHash);
    expect(changed.token).toEqual(mint(OPEN.id, changed.contextHash, T0 + 1));
  });

  it.each([
    ['the clock has not moved', T0],
    ['the clock was set back', T0 - HOUR_MS],
  ])('makes another token also for a context that comes back, where %s [I4]', (_, nowMs) => {
    const risen = next(OPEN, { standing: HIGH }, nowMs);
    const back = next(risen, {}, nowMs);
    expect(back.contextHash).toEqual(OPEN.contextHash);
    expect(back.token).not.toEqual(OPEN.token);
    expect([risen.issuedAtMs, back.issuedAtMs, back.generation]).toEqual([T0 + 1, T0 + 2, 3]);
  });

  it('makes another token of the same context where that is wanted', () => {
    const again = next(OPEN, {}, T0, true);
    expect([again.generation, again.contextHash]).toEqual([2, OPEN.contextHash]);
    expect(again.token).not.toEqual(OPEN.token);
  });

  it('takes note of a grant that changes nothing now, with the same token', () => {
    const ownGrant = { scope: ['files.*', 'mail.send'] };
    const parent = { ...OPEN, grant: { scope: ['files.*'] } };
    const child = next(OPEN, { parent, ownGrant });
    expect([child.ownGrant, child.token]).toEqual([ownGrant, OPEN.token]);
  });

  it('never changes a session in place', () => {
    const before = structuredClone(OPEN);
    next(OPEN, { standing: HIGH, policyRevision: 'r2' });
    expect(OPEN).toEqual(before);
  });

  it('cuts its rights to those of the parent, and to every ceiling [I6]', () => {
    const parent = { ...OPEN, grant: { scope: ['files.r*', 'files.write'] } };
    const ceilings = [
      { grant: { scope: ['files.r*'] }, change: 'a' },
      { grant: { scope: ['*.read', 'files.read'] }, change: 'b' },
    ];
    expect(next(OPEN, { parent }).grant).toEqual({ scope: ['files.r*', 'files.write'] });
    expect(next(OPEN, { parent, standing: { ...STANDING, ceilings } }).grant).toEqual({
      scope: ['files.read'],
    });
  });

  it.each<[string, Partial<Circumstances>, readonly unknown[]]>([
    [
      'its risk, from the level that is set',
      { standing: HIGH, suspendAtRisk: 'MEDIUM' },
      [{ kind: 'risk', change: 'c' }],
    ],
    [
      'no risk below that level',
      { standing: { ...HIGH, attributes: { riskLevel: 'MEDIUM' } }, suspendAtRisk: 'HIGH' },
      [],
    ],
    ['no risk where none is set', { standing: HIGH }, []],
    ['an agent above that is away', { parentAbsence: 'gone' }, [{ kind: 'parent-absent', change: 'gone' }]],
    [
      'whatever suspends the parent, and more, each once and in order',
      {
        parent: {
          ...OPEN,
          suspensions: [
            { kind: 'ordered', change: 'b' },
            { kind: 'risk', change: 'c' },
          ],
        },
        standing: { ...HIGH, suspensions: [{ kind: 'ordered', change: 'a' }] },
        suspendAtRisk: 'HIGH',
      },
      [
        { kind: 'ordered', change: 'a' },
        { kind: 'ordered', change: 'b' },
        { kind: 'risk', change: 'c' },
      ],
    ],
  ])('is suspended by %s', (_, circumstances, expected) => {
    const session = next(OPEN, circumstances);
    expect(session.suspensions).toEqual(expected);
    expect(session.state).toBe(expected.length === 0 ? 'active' : 'suspended');
  });
});
