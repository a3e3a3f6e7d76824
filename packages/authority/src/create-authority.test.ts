import { createHmacKey, encodeToken } from '@rta/token';
import { describe, expect, it } from 'vitest';
import { codeOf } from '../test/code-of.ts';
import {
  ALICE,
  CAUSE,
  COPILOT,
  createTestAuthority,
  delegateInput,
  effectsOf,
  HOUR_MS,
  idOf,
  MAILER,
  mint,
  openInput,
  REVOKED,
  risk,
  signalOf,
  T0,
  told,
} from '../test/fixture.ts';
import type { Authority } from './authority.ts';
import { createAuthority } from './create-authority.ts';
import type { Session } from './session.ts';

const DAY_MS = 86_400_000;
/** Why a token does not pass; `ok` where it does. */
const verdict = (authority: Authority, session: Session, connection = 'c1', nowMs = T0): string => {
  const check = authority.check(session.id, session.token, connection, nowMs);
  return check.ok ? 'ok' : check.cause;
};
/** An authority with session 1, bound to connection `c1`. */
const withBound = (): { authority: Authority; session: Session } => {
  const authority = createTestAuthority();
  authority.open(openInput(1), T0);
  return { authority, session: authority.bind(idOf(1), { connection: 'c1' }, T0).session };
};
/** The same with child session 2, bound to `c2`. */
const withChild = (): { authority: Authority; parent: Session; child: Session } => {
  const { authority, session: parent } = withBound();
  authority.delegate(idOf(1), delegateInput(2), T0);
  return { authority, parent, child: authority.bind(idOf(2), { connection: 'c2' }, T0).session };
};

describe('open', () => {
  it('opens a session that lives, for its subject, agent and grant', () => {
    const authority = createTestAuthority();
    const session = authority.open(openInput(1), T0);
    expect(session).toMatchObject({
      id: idOf(1),
      parent: undefined,
      depth: 0,
      subject: ALICE,
      actors: [COPILOT],
      grant: { scope: ['files.*'] },
      policyRevision: 'r1',
      generation: 1,
      state: 'active',
    });
    expect(authority.get(idOf(1), T0)).toBe(session);
    expect(authority.sessionCount).toBe(1);
  });

  it('lets no session live longer than a day', () => {
    const authority = createTestAuthority();
    expect(authority.open(openInput(1, { expiresAtMs: T0 + 2 * DAY_MS }), T0).expiresAtMs).toBe(T0 + DAY_MS);
  });

  it.each([
    ['an id that lives', openInput(1), 'RTA_AUTHORITY_SESSION_EXISTS'],
    ['an id that has ended', openInput(2), 'RTA_AUTHORITY_SESSION_EXISTS'],
    ['an end in the past', openInput(3, { expiresAtMs: T0 - 1 }), 'RTA_AUTHORITY_EXPIRED'],
    ['an end that is now', openInput(3, { expiresAtMs: T0 }), 'RTA_AUTHORITY_EXPIRED'],
    ['an end that is no time', openInput(3, { expiresAtMs: Number.NaN }), 'RTA_AUTHORITY_EXPIRED'],
    ['an empty scope', openInput(3, { grant: { scope: [] } }), 'RTA_AUTHORITY_GRANT_EMPTY'],
    [
      'details that the scope does not reach',
      openInput(3, { grant: { scope: ['mail.*'], details: [{ actions: ['files.read'] }] } }),
      'RTA_AUTHORITY_GRANT_EMPTY',
    ],
    ['a bad pattern', openInput(3, { grant: { scope: ['a b'] } }), 'RTA_AUTHORITY_PATTERN'],
    [
      'too many parts',
      openInput(3, { grant: { scope: Array.from({ length: 129 }, (_, i) => `${i}`) } }),
      'RTA_AUTHORITY_GRANT_TOO_LARGE',
    ],
    ['a lone surrogate', openInput(3, { actor: { ...COPILOT, name: '\ud800' } }), 'RTA_CORE_NOT_CANONICAL'],
  ])('refuses %s, and is as it was', (_, input, code) => {
    const authority = createTestAuthority();
    const before = authority.open(openInput(1), T0);
    authority.open(openInput(2), T0);
    effectsOf(authority, () => authority.end(idOf(2), CAUSE));
    expect(codeOf(() => authority.open(input, T0))).toBe(code);
    expect(authority.sessionCount).toBe(1);
    expect(authority.get(idOf(1), T0)).toBe(before);
    expect(authority.get(idOf(3), T0)).toBeUndefined();
  });

  it('refuses a sign-in that was revoked while nobody was there [I2]', () => {
    const authority = createTestAuthority();
    authority.apply(signalOf(REVOKED, T0), T0);
    expect(codeOf(() => authority.open(openInput(1), T0))).toBe('RTA_AUTHORITY_SUBJECT_CUT_OFF');
  });

  it('refuses a sign-in that is older than cut-offs are remembered: nobody can say that it stands [I1]', () => {
    const authority = createTestAuthority();
    const openAt = (signedInAtMs: number): string =>
      codeOf(() => authority.open(openInput(1, { subject: { ...ALICE, signedInAtMs } }), T0));
    expect(openAt(T0 - 2_592_000_000)).toBe('RTA_AUTHORITY_SIGN_IN_OLD');
    expect(openAt(Number.NaN)).toBe('RTA_AUTHORITY_SIGN_IN_OLD');
    expect(openAt(T0 - 2_592_000_000 + 1)).toBe('none');
  });

  it('takes a newer sign-in, and the same sign-in of another person', () => {
    const authority = createTestAuthority();
    authority.apply(signalOf(REVOKED, T0), T0);
    authority.open(openInput(1, { subject: { ...ALICE, signedInAtMs: T0 + 1 } }), T0 + 2);
    authority.open(openInput(2, { subject: { ...ALICE, sub: 'bob' } }), T0 + 2);
    expect(authority.sessionCount).toBe(2);
  });

  it('starts from what is known of the subject, and from the policies in force [I3]', () => {
    const authority = createTestAuthority();
    authority.apply(signalOf(risk('HIGH'), T0), T0);
    authority.setPolicyRevision('r2', CAUSE);
    expect(authority.open(openInput(1), T0)).toMatchObject({
      attributes: { riskLevel: 'HIGH' },
      policyRevision: 'r2',
    });
  });
});

describe('delegate', () => {
  it('opens a session for the same person below its parent, with the whole chain of actors [I7]', () => {
    const { authority, child } = withChild();
    expect(child).toMatchObject({
      parent: idOf(1),
      depth: 1,
      subject: ALICE,
      actors: [COPILOT, MAILER],
      ownGrant: { scope: ['files.*'] },
      grant: { scope: ['files.*'] },
      expiresAtMs: T0 + HOUR_MS,
    });
    expect(authority.childrenOf(idOf(1), T0)).toEqual([child]);
  });

  it('gives all that the parent has, or the part that is asked for, and refuses more [I6]', () => {
    const { authority } = withBound();
    const delegate = (number: number, ...scope: readonly string[]) =>
      authority.delegate(idOf(1), delegateInput(number, { grant: { scope } }), T0).grant;
    expect(authority.delegate(idOf(1), delegateInput(2), T0).grant).toEqual({ scope: ['files.*'] });
    expect(delegate(3, 'files.write', 'files.read')).toEqual({ scope: ['files.read', 'files.write'] });
    expect(codeOf(() => delegate(4, 'files.read', 'mail.send'))).toBe('RTA_AUTHORITY_WIDENING');
    expect(codeOf(() => delegate(4, '*'))).toBe('RTA_AUTHORITY_WIDENING');
  });

  it('gives at most the time that the parent has left [I6]', () => {
    const { authority } = withBound();
    const child = authority.delegate(idOf(1), delegateInput(2, { expiresAtMs: T0 + DAY_MS }), T0);
    expect(child.expiresAtMs).toBe(T0 + HOUR_MS);
  });

  it('gives only what a narrowed parent still has, and holds back nothing for later [I6]', () => {
    const { authority } = withBound();
    authority.narrow(idOf(1), { scope: ['files.read'] }, CAUSE, T0);
    const child = authority.delegate(idOf(1), delegateInput(2), T0);
    expect(child.ownGrant).toEqual({ scope: ['files.read'] });
  });

  it.each([
    ['from a session that is not there', idOf(7), {}, 'RTA_AUTHORITY_SESSION_UNKNOWN'],
    ['from a session that has ended', idOf(3), {}, 'RTA_AUTHORITY_SESSION_ENDED'],
    ['nothing', idOf(1), { grant: { scope: [] } }, 'RTA_AUTHORITY_GRANT_EMPTY'],
    ['what the parent does not have', idOf(1), { grant: { scope: ['mail.*'] } }, 'RTA_AUTHORITY_WIDENING'],
    ['to an agent above', idOf(2), { actor: COPILOT }, 'RTA_AUTHORITY_CYCLE'],
    ['to itself', idOf(2), {}, 'RTA_AUTHORITY_CYCLE'],
    [
      'for no number of permits',
      idOf(1),
      { budget: { totalCount: Number.NaN } },
      'RTA_AUTHORITY_GRANT_LIMITS',
    ],
    ['a bad pattern', idOf(1), { grant: { scope: [''] } }, 'RTA_AUTHORITY_PATTERN'],
    ['for no time', idOf(1), { expiresAtMs: T0 }, 'RTA_AUTHORITY_EXPIRED'],
    ['under the id of the parent', idOf(1), { id: idOf(1) }, 'RTA_AUTHORITY_SESSION_EXISTS'],
  ])('refuses to delegate %s', (_, parent, parts, code) => {
    const { authority } = withChild();
    authority.open(openInput(3), T0);
    effectsOf(authority, () => authority.end(idOf(3), CAUSE));
    expect(codeOf(() => authority.delegate(parent, delegateInput(4, parts), T0))).toBe(code);
    expect(authority.sessionCount).toBe(2);
  });

  it('refuses a parent whose time is up but that was not swept out yet', () => {
    const { authority } = withBound();
    const late = T0 + HOUR_MS;
    const input = delegateInput(2, { expiresAtMs: late + 1 });
    expect(codeOf(() => authority.delegate(idOf(1), input, late))).toBe('RTA_AUTHORITY_SESSION_ENDED');
  });

  it('refuses the 1,001st child, and has room again when one has ended [I9]', () => {
    const { authority } = withBound();
    for (let i = 0; i < 1_000; i++) authority.delegate(idOf(1), delegateInput(1_000 + i), T0);
    expect(codeOf(() => authority.delegate(idOf(1), delegateInput(2), T0))).toBe('RTA_AUTHORITY_FULL');
    effectsOf(authority, () => authority.end(idOf(1_000), CAUSE));
    expect(authority.delegate(idOf(1), delegateInput(2), T0).id).toBe(idOf(2));
  });
});

describe('check', () => {
  it('accepts the current token on the connection that the session is bound to, as often as it comes', () => {
    const { authority, session } = withBound();
    expect(authority.check(idOf(1), session.token, 'c1', T0)).toEqual({ ok: true, session });
    expect(authority.check(idOf(1), session.token.slice(), 'c1', T0)).toEqual({ ok: true, session });
  });

  it('refuses a token of a session that is bound nowhere [I5]', () => {
    const authority = createTestAuthority();
    const session = authority.open(openInput(1), T0);
    expect(verdict(authority, session)).toBe('not-bound');
  });

  it('refuses a copy of the token on another connection [I5]', () => {
    const { authority, session } = withBound();
    expect(verdict(authority, session, 'c2')).toBe('not-bound');
    expect(verdict(authority, session, '')).toBe('not-bound');
  });

  it('refuses it on the old connection when the session has moved, and when it was released [I5]', () => {
    const { authority, session } = withBound();
    const { effects } = authority.bind(idOf(1), { connection: 'c2' }, T0);
    expect(effects).toMatchObject([{ kind: 'displaced', connection: 'c1' }]);
    expect(verdict(authority, session, 'c1')).toBe('not-bound');
    expect(verdict(authority, session, 'c2')).toBe('ok');
    // The displaced connection goes, and takes nothing with it.
    expect(authority.release('c1', T0)).toEqual([]);
    expect(verdict(authority, session, 'c2')).toBe('ok');
    authority.release('c2', T0);
    expect(verdict(authority, session, 'c2')).toBe('not-bound');
  });

  it('says of a token on a foreign connection nothing but that, be it current, old or forged [I5]', () => {
    const { authority, session: old } = withBound();
    authority.apply(signalOf(risk('HIGH'), T0), T0);
    expect(verdict(authority, old, 'c2')).toBe('not-bound');
    expect(verdict(authority, { ...old, token: new Uint8Array(96) }, 'c2')).toBe('not-bound');
  });

  it('tells an old token from a forged one [I4]', () => {
    const { authority, session: old } = withBound();
    authority.apply(signalOf(risk('HIGH'), T0), T0);
    expect(verdict(authority, old)).toBe('stale-token');
    const forger = createHmacKey({ keyId: 1, secret: new Uint8Array(32).fill(8) });
    const { contextHash, issuedAtMs } = old;
    const forged = encodeToken({ sessionId: idOf(1), contextHash, issuedAtMs }, forger);
    expect(verdict(authority, { ...old, token: forged })).toBe('token-invalid');
    expect(verdict(authority, { ...old, token: new Uint8Array(0) })).toBe('token-invalid');
  });

  it('refuses the token of a context that came back within the same millisecond [I4]', () => {
    const { authority, session: first } = withBound();
    authority.setPolicyRevision('r2', CAUSE);
    expect(verdict(authority, first)).toBe('stale-token');
    authority.setPolicyRevision('r1', CAUSE);
    const now = authority.get(idOf(1), T0);
    expect(now?.contextHash).toEqual(first.contextHash);
    expect(now?.generation).toBe(3);
    expect(verdict(authority, first)).toBe('stale-token');
    expect(told(authority.settle(T0))).toEqual([
      ['changed', idOf(1)],
      ['joined', idOf(1)],
    ]);
  });

  it('takes the token of a context that came back before anybody could have seen another one', () => {
    const { authority, session } = withBound();
    authority.setPolicyRevision('r2', CAUSE);
    authority.setPolicyRevision('r1', CAUSE);
    expect(verdict(authority, session)).toBe('ok');
    expect(authority.settle(T0)).toEqual([]);
  });

  it('knows the token that was replaced because its key is no good any more, until its agent was told', () => {
    const authority = createAuthority({ mint, isAuthentic: () => false, policyRevision: 'r1' });
    authority.open(openInput(1), T0);
    const { session } = authority.bind(idOf(1), { connection: 'c1' }, T0);
    authority.remint(CAUSE);
    expect(verdict(authority, session)).toBe('stale-token');
    authority.settle(T0);
    expect(verdict(authority, session)).toBe('token-invalid');
  });

  it('refuses at a time that is no number [I1]', () => {
    const { authority, session } = withBound();
    expect(verdict(authority, session, 'c1', Number.NaN)).toBe('session-ended');
  });

  it('refuses from the millisecond of expiry on, swept out or not [I3]', () => {
    const { authority, session } = withBound();
    expect(verdict(authority, session, 'c1', T0 + HOUR_MS - 1)).toBe('ok');
    const before = authority.check(idOf(1), session.token, 'c1', T0 + HOUR_MS);
    expect(before).toMatchObject({ cause: 'session-ended', endedBy: { kind: 'expired' } });
    authority.expire(T0 + HOUR_MS);
    const after = authority.check(idOf(1), session.token, 'c1', T0 + HOUR_MS);
    expect(after).toMatchObject({ cause: 'session-ended', endedBy: { kind: 'expired' } });
  });

  it('knows no session by another id [I1]', () => {
    const { authority, session } = withBound();
    expect(authority.check(idOf(2), session.token, 'c1', T0)).toEqual({
      ok: false,
      cause: 'session-unknown',
    });
  });

  it('tells the agent of an ended session why, and keeps none of its rights', () => {
    const { authority, session } = withBound();
    authority.end(idOf(1), CAUSE);
    const check = authority.check(idOf(1), session.token, 'c1', T0);
    expect(check).toMatchObject({
      ok: false,
      cause: 'session-ended',
      endedBy: CAUSE,
      session: { id: idOf(1), subject: ALICE, actors: [COPILOT], grant: { scope: [] }, attributes: {} },
    });
    expect(check.session?.token).toHaveLength(0);
    expect(check.session?.publicKey).toHaveLength(0);
  });
});

describe('bind', () => {
  it.each([
    ['that is not there', idOf(7), T0, 'RTA_AUTHORITY_SESSION_UNKNOWN'],
    ['that has ended', idOf(2), T0, 'RTA_AUTHORITY_SESSION_ENDED'],
    ['whose time is up', idOf(1), T0 + HOUR_MS, 'RTA_AUTHORITY_SESSION_ENDED'],
  ])('refuses a session %s', (_, id, nowMs, code) => {
    const { authority } = withBound();
    authority.open(openInput(2), T0);
    authority.end(idOf(2), CAUSE);
    expect(codeOf(() => authority.bind(id, { connection: 'c2' }, nowMs))).toBe(code);
    expect(authority.get(idOf(1), T0)?.connection).toBe('c1');
  });

  it('leaves generation and token alone', () => {
    const { authority, session } = withBound();
    const { session: moved } = authority.bind(idOf(1), { connection: 'c2' }, T0 + 1);
    expect(moved).toEqual({ ...session, connection: 'c2', boundAtMs: T0 + 1 });
  });

  it('finds the session as a signal left it that came between exchange and bind [I2]', () => {
    const authority = createTestAuthority();
    const opened = authority.open(openInput(1), T0);
    authority.apply(signalOf(risk('HIGH'), T0), T0);
    const { session } = authority.bind(idOf(1), { connection: 'c1' }, T0);
    expect(session).toMatchObject({ generation: 2, attributes: { riskLevel: 'HIGH' } });
    expect(verdict(authority, opened)).toBe('stale-token');
    authority.open(openInput(2), T0);
    authority.apply(signalOf(REVOKED, T0), T0);
    expect(codeOf(() => authority.bind(idOf(2), { connection: 'c2' }, T0))).toBe(
      'RTA_AUTHORITY_SESSION_ENDED',
    );
  });
});

describe('release', () => {
  it('lets go of all sessions of a connection, and of no others', () => {
    const { authority } = withChild();
    authority.open(openInput(3), T0);
    authority.bind(idOf(3), { connection: 'c1' }, T0);
    expect(authority.release('c1', T0).map(({ id }) => id)).toEqual([idOf(1), idOf(3)]);
    expect(authority.get(idOf(1), T0)?.connection).toBeUndefined();
    expect(authority.get(idOf(2), T0)?.connection).toBe('c2');
    expect(authority.release('c1', T0)).toEqual([]);
  });
});
