import { describe, expect, it, vi } from 'vitest';
import { codeOf } from './code-of.ts';
import {
  ALICE,
  CAUSE,
  createTestAuthority,
  delegateInput,
  effectsOf,
  HOUR_MS,
  IDP,
  idOf,
  openInput,
  REVOKED,
  risk,
  signalOf,
  T0,
} from './fixture.ts';

// The same rules with limits that a test can reach.
vi.mock(import('../src/limits.ts'), async (original) => {
  const { AUTHORITY_LIMITS } = await original();
  const small = { maxSessions: 3, maxFacts: 2, maxEndedSessions: 2 };
  return { AUTHORITY_LIMITS: { ...AUTHORITY_LIMITS, ...small } as unknown as typeof AUTHORITY_LIMITS };
});

const about = (sub: string) => ({ subject: { user: { by: 'iss-sub' as const, issuer: IDP, sub } } });

describe('a full node [I9]', () => {
  it('opens and delegates no more sessions than it may, and has room again when one ends', () => {
    const authority = createTestAuthority();
    authority.open(openInput(1), T0);
    authority.open(openInput(2), T0);
    authority.delegate(idOf(2), delegateInput(3), T0);
    expect(codeOf(() => authority.open(openInput(4), T0))).toBe('RTA_AUTHORITY_FULL');
    expect(codeOf(() => authority.delegate(idOf(2), delegateInput(4), T0))).toBe('RTA_AUTHORITY_FULL');
    effectsOf(authority, () => authority.end(idOf(1), CAUSE));
    expect(authority.open(openInput(4), T0).id).toBe(idOf(4));
  });

  it('forgets why the oldest sessions ended, and refuses them all the same', () => {
    const authority = createTestAuthority();
    const sessions = [1, 2, 3].map((number) => authority.open(openInput(number), T0));
    for (const { id } of sessions) effectsOf(authority, () => authority.end(id, CAUSE));
    const causes = sessions.map(({ id, token }) => authority.check(id, token, 'c1', T0));
    expect(causes).toMatchObject([
      { ok: false, cause: 'session-unknown' },
      { ok: false, cause: 'session-ended' },
      { ok: false, cause: 'session-ended' },
    ]);
  });
});

describe('a node that cannot remember another fact [I1]', () => {
  it('ends the sessions that the fact is about, and leaves the others', () => {
    const authority = createTestAuthority();
    authority.open(openInput(1), T0);
    authority.open(openInput(2, { subject: { issuer: IDP, sub: 'bob', signedInAtMs: T0 } }), T0);
    authority.apply(signalOf(REVOKED, T0, about('x')), T0);
    authority.apply(signalOf(REVOKED, T0, about('y')), T0);
    expect(
      effectsOf(authority, () => authority.apply(signalOf(risk('HIGH'), T0, { id: 's' }), T0)),
    ).toMatchObject([
      { kind: 'ended', session: { id: idOf(1) }, cause: { kind: 'risk-level-change', change: 's' } },
    ]);
    expect(authority.get(idOf(2), T0)?.generation).toBe(1);
    expect(authority.factCount).toBe(2);
  });

  it('opens none, for it cannot know who is cut off, until the fact would have been forgotten', () => {
    const authority = createTestAuthority();
    authority.apply(signalOf(REVOKED, T0, about('x')), T0);
    authority.apply(signalOf(REVOKED, T0, about('y')), T0);
    const open = (nowMs: number): string =>
      codeOf(() => {
        const subject = { ...ALICE, signedInAtMs: nowMs };
        authority.open(openInput(1, { subject, expiresAtMs: nowMs + HOUR_MS }), nowMs);
      });
    authority.apply(signalOf(REVOKED, T0), T0 + 5);
    expect(open(T0 + 6)).toBe('RTA_AUTHORITY_FULL');
    expect(open(T0 + 5 + 2_592_000_000 - 1)).toBe('RTA_AUTHORITY_FULL');
    expect(open(T0 + 5 + 2_592_000_000)).toBe('none');
  });

  it('delegates and restores none either: the fact may have been about their agents', () => {
    const authority = createTestAuthority();
    const { id } = authority.open(
      openInput(1, { subject: { issuer: IDP, sub: 'bob', signedInAtMs: T0 } }),
      T0,
    );
    for (const sub of ['x', 'y', 'z']) authority.apply(signalOf(REVOKED, T0, about(sub)), T0);
    expect(codeOf(() => authority.delegate(id, delegateInput(2), T0))).toBe('RTA_AUTHORITY_FULL');
    const kept = { ...authority.live(id, T0), id: idOf(3), spending: undefined };
    expect(authority.restore([kept], T0)).toEqual({ dropped: [idOf(3)] });
  });

  it('still renews the facts that it has', () => {
    const authority = createTestAuthority();
    authority.apply(signalOf(risk('HIGH'), T0), T0);
    authority.apply(signalOf(REVOKED, T0, about('y')), T0);
    authority.apply(signalOf(risk('LOW'), T0 + 1), T0 + 1);
    expect(authority.open(openInput(1), T0 + 2).attributes).toEqual({ riskLevel: 'LOW' });
  });
});
