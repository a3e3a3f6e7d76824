import { describe, expect, it } from 'vitest';
import type { Authority, Session, Signal } from '../src/index.ts';
import { codeOf } from './code-of.ts';
import {
  ABOUT_ALICE,
  ALICE,
  CAUSE,
  createTestAuthority,
  credential,
  delegateInput,
  device,
  effectsOf,
  HOUR_MS,
  IDP,
  idOf,
  openInput,
  REVOKED,
  risk,
  signalOf,
  T0,
  told,
} from './fixture.ts';

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

/** What signals make of the context of a session. */
const contextAfter = (order: readonly Signal[]): unknown => {
  const { authority } = withBound();
  for (const signal of order) authority.apply(signal, T0 + 9);
  return authority.get(idOf(1), T0)?.contextHash;
};

describe('apply', () => {
  it('changes every session of the subject, bound or not, and no other one [I2]', () => {
    const { authority } = withChild();
    authority.open(openInput(3, { subject: { ...ALICE, sub: 'bob' } }), T0);
    const effects = effectsOf(authority, () =>
      authority.apply(signalOf(risk('HIGH'), T0, { id: 's1', reason: 'odd' }), T0),
    );
    expect(told(effects)).toEqual([
      ['changed', idOf(1)],
      ['changed', idOf(2)],
    ]);
    for (const effect of effects) {
      expect(effect).toMatchObject({ cause: { kind: 'risk-level-change', change: 's1', reason: 'odd' } });
    }
    expect(authority.get(idOf(3), T0)?.attributes).toEqual({});
  });

  it('carries the transaction of the event along', () => {
    const { authority } = withBound();
    const source = { issuer: IDP, id: 'jti', txn: 'txn-1' };
    expect(effectsOf(authority, () => authority.apply(signalOf(REVOKED, T0, { source }), T0))).toMatchObject([
      { cause: { txn: 'txn-1' } },
    ]);
  });

  it('ends what rests on an older sign-in, once each, and spares what does not [I2]', () => {
    const { authority } = withChild();
    authority.open(openInput(3, { subject: { ...ALICE, signedInAtMs: T0 + 1 } }), T0 + 1);
    expect(told(effectsOf(authority, () => authority.apply(signalOf(REVOKED, T0), T0 + 2)))).toEqual([
      ['ended', idOf(1)],
      ['ended', idOf(2)],
    ]);
    expect(authority.sessionCount).toBe(1);
  });

  it('does nothing the second time', () => {
    const { authority } = withChild();
    for (const change of [risk('HIGH'), device('not-compliant'), credential('update'), REVOKED]) {
      const signal = signalOf(change, T0);
      expect(effectsOf(authority, () => authority.apply(signal, T0))).toHaveLength(2);
      expect(effectsOf(authority, () => authority.apply(signal, T0 + 1))).toEqual([]);
    }
    expect(authority.factCount).toBe(4);
  });

  it('does not go back to an older level that arrives again', () => {
    const { authority } = withBound();
    const high = signalOf(risk('HIGH'), T0, { receivedAtMs: T0 + 1 });
    effectsOf(authority, () => authority.apply(high, T0 + 1));
    effectsOf(authority, () => authority.apply(signalOf(risk('LOW'), T0, { receivedAtMs: T0 + 2 }), T0 + 2));
    expect(effectsOf(authority, () => authority.apply(high, T0 + 3))).toEqual([]);
    expect(authority.get(idOf(1), T0)?.attributes).toEqual({ riskLevel: 'LOW' });
  });

  it('lets an event from the future outrank none that is received later', () => {
    const { authority } = withBound();
    authority.apply(signalOf(risk('LOW'), T0, { occurredAtMs: T0 + 10 * DAY_MS }), T0);
    authority.apply(signalOf(risk('HIGH'), T0 + 1), T0 + 1);
    expect(authority.get(idOf(1), T0)?.attributes).toEqual({ riskLevel: 'HIGH' });
    authority.apply(signalOf(REVOKED, T0 + 2, { occurredAtMs: Number.POSITIVE_INFINITY }), T0 + 2);
    authority.open(openInput(2, { subject: { ...ALICE, signedInAtMs: T0 + 3 } }), T0 + 3);
    authority.settle(T0 + 3);
    expect(authority.sessionCount).toBe(1);
  });

  it('ends one IdP session and spares the other one', () => {
    const authority = createTestAuthority();
    authority.open(openInput(1, { subject: { ...ALICE, idpSessionId: 'sid-1' } }), T0);
    authority.open(openInput(2, { subject: { ...ALICE, idpSessionId: 'sid-2' } }), T0);
    const subject = { ...ABOUT_ALICE, idpSession: { id: 'sid-1', issuers: [IDP] } };
    expect(told(effectsOf(authority, () => authority.apply(signalOf(REVOKED, T0, { subject }), T0)))).toEqual(
      [['ended', idOf(1)]],
    );
  });

  it('gives sessions that outlive a revoked credential the same context as later ones', () => {
    const { authority } = withBound();
    const late = { ...ALICE, signedInAtMs: T0 + 2 };
    authority.open(openInput(2, { subject: late }), T0 + 2);
    authority.apply(signalOf(credential('revoke'), T0 + 1), T0 + 3);
    const later = authority.open(openInput(3, { subject: late }), T0 + 4);
    expect(later.attributes).toEqual({ credentialChangedAtMs: T0 + 1 });
    expect(authority.get(idOf(2), T0)?.attributes).toEqual(later.attributes);
  });
});

describe('setPolicyRevision', () => {
  it('changes every context, since old tokens were made for other policies [I4]', () => {
    const { authority, parent } = withChild();
    expect(told(effectsOf(authority, () => authority.setPolicyRevision('r2', CAUSE)))).toEqual([
      ['changed', idOf(1)],
      ['changed', idOf(2)],
    ]);
    expect(verdict(authority, parent)).toBe('stale-token');
    expect(effectsOf(authority, () => authority.setPolicyRevision('r2', CAUSE))).toEqual([]);
  });
});

describe('narrow', () => {
  it('takes rights from the session and from its subtree, at once and for the same reason [I6]', () => {
    const { authority, parent, child } = withChild();
    const effects = effectsOf(authority, () =>
      authority.narrow(idOf(1), { scope: ['files.read'] }, CAUSE, T0),
    );
    expect(effects).toMatchObject([
      { kind: 'changed', session: { id: idOf(1), grant: { scope: ['files.read'] } }, cause: CAUSE },
      { kind: 'changed', session: { id: idOf(2), grant: { scope: ['files.read'] } }, cause: CAUSE },
    ]);
    expect(verdict(authority, parent, 'c1')).toBe('stale-token');
    expect(verdict(authority, child, 'c2')).toBe('stale-token');
  });

  it('leaves a child alone that never had what is taken', () => {
    const { authority } = withBound();
    const child = authority.delegate(idOf(1), delegateInput(2, { grant: { scope: ['files.read'] } }), T0);
    expect(
      told(effectsOf(authority, () => authority.narrow(idOf(1), { scope: ['files.read'] }, CAUSE, T0))),
    ).toEqual([['changed', idOf(1)]]);
    expect(authority.get(idOf(2), T0)?.token).toBe(child.token);
    // It is held to the narrower parent from then on.
    expect(told(effectsOf(authority, () => authority.narrow(idOf(1), { scope: [] }, CAUSE, T0)))).toEqual([
      ['changed', idOf(1)],
      ['changed', idOf(2)],
    ]);
  });

  it('never gives anything back [I6]', () => {
    const { authority } = withBound();
    effectsOf(authority, () => authority.narrow(idOf(1), { scope: ['files.read'] }, CAUSE, T0));
    const widen = (): unknown => authority.narrow(idOf(1), { scope: ['files.*'] }, CAUSE, T0);
    expect(codeOf(widen)).toBe('RTA_AUTHORITY_WIDENING');
    expect(authority.settle(T0)).toEqual([]);
    expect(authority.get(idOf(1), T0)?.grant).toEqual({ scope: ['files.read'] });
  });

  it('narrows a child without touching its parent', () => {
    const { authority, parent } = withChild();
    expect(
      told(effectsOf(authority, () => authority.narrow(idOf(2), { scope: ['files.read'] }, CAUSE, T0))),
    ).toEqual([['changed', idOf(2)]]);
    expect(verdict(authority, parent)).toBe('ok');
  });

  it.each([
    ['a bad pattern', idOf(1), { scope: ['a b'] }, 'RTA_AUTHORITY_PATTERN'],
    ['a session that is not there', idOf(7), { scope: ['a'] }, 'RTA_AUTHORITY_SESSION_UNKNOWN'],
  ])('refuses %s', (_, id, grant, code) => {
    const { authority } = withBound();
    expect(codeOf(() => authority.narrow(id, grant, CAUSE, T0))).toBe(code);
  });
});

describe('end', () => {
  it('ends a session with everything below it, and nothing above [I6]', () => {
    const { authority, parent, child } = withChild();
    expect(told(effectsOf(authority, () => authority.end(idOf(2), CAUSE)))).toEqual([['ended', idOf(2)]]);
    expect(verdict(authority, parent)).toBe('ok');
    authority.delegate(idOf(1), delegateInput(3), T0);
    expect(told(effectsOf(authority, () => authority.end(idOf(1), CAUSE)))).toEqual([
      ['ended', idOf(1)],
      ['ended', idOf(3)],
    ]);
    expect(verdict(authority, parent)).toBe('session-ended');
    expect(verdict(authority, child, 'c2')).toBe('session-ended');
    expect(authority.sessionCount).toBe(0);
  });

  it('does nothing the second time, and keeps the first reason', () => {
    const { authority, session } = withBound();
    effectsOf(authority, () => authority.end(idOf(1), CAUSE));
    expect(effectsOf(authority, () => authority.end(idOf(1), { kind: 'other', change: 'x' }))).toEqual([]);
    expect(authority.check(idOf(1), session.token, 'c1', T0)).toMatchObject({ endedBy: CAUSE });
    expect(codeOf(() => authority.end(idOf(7), CAUSE))).toBe('RTA_AUTHORITY_SESSION_UNKNOWN');
  });

  it('lets nobody delegate from a session that ended while the request was on its way', () => {
    const { authority } = withBound();
    authority.apply(signalOf(REVOKED, T0), T0);
    expect(codeOf(() => authority.delegate(idOf(1), delegateInput(2), T0))).toBe(
      'RTA_AUTHORITY_SESSION_ENDED',
    );
  });
});

describe('expire', () => {
  it('ends what has reached its time, with its subtree, once', () => {
    const { authority } = withBound();
    authority.delegate(idOf(1), delegateInput(2, { expiresAtMs: T0 + 5_000 }), T0);
    authority.delegate(idOf(1), delegateInput(3), T0);
    expect(effectsOf(authority, () => authority.expire(T0 + 4_999))).toEqual([]);
    expect(effectsOf(authority, () => authority.expire(T0 + 5_000))).toMatchObject([
      { kind: 'ended', session: { id: idOf(2) }, cause: { kind: 'expired' } },
    ]);
    expect(told(effectsOf(authority, () => authority.expire(T0 + HOUR_MS)))).toEqual([
      ['ended', idOf(1)],
      ['ended', idOf(3)],
    ]);
    expect(effectsOf(authority, () => authority.expire(T0 + HOUR_MS))).toEqual([]);
    expect(authority.sessionCount).toBe(0);
  });

  it('says of a session that was ended and then expires only that it was ended', () => {
    const { authority, session } = withBound();
    authority.end(idOf(1), CAUSE);
    const effects = effectsOf(authority, () => authority.expire(T0 + HOUR_MS));
    expect(effects).toMatchObject([{ kind: 'ended', session: { id: idOf(1) }, cause: CAUSE }]);
    expect(authority.check(idOf(1), session.token, 'c1', T0 + HOUR_MS)).toMatchObject({ endedBy: CAUSE });
  });
});

describe('several authorities', () => {
  it('agree on contexts and attributes, in whatever order signals reach them [I2]', () => {
    const signals: readonly Signal[] = [
      signalOf(risk('HIGH'), T0 + 3),
      signalOf(risk('LOW'), T0 + 2),
      signalOf(device('compliant'), T0 + 1),
      signalOf(device('not-compliant'), T0 + 1),
    ];
    expect(contextAfter(signals.toReversed())).toEqual(contextAfter(signals));
  });
});
