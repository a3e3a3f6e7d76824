import { describe, expect, it } from 'vitest';
import type { Authority, Session } from '../src/index.ts';
import { codeOf } from './code-of.ts';
import {
  ALICE,
  CAUSE,
  ceiling,
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
  suspension,
  T0,
  told,
} from './fixture.ts';

const MAILER_ONLY = { subject: { actor: { id: 'mailer' } } };
const stateOf = (authority: Authority, number: number, nowMs = T0): Session['state'] | undefined =>
  authority.get(idOf(number), nowMs)?.state;

/** Copilot's session 1 on `c1`, and the mailer's session 2 below it on `c2`. */
function pair(parts: Parameters<typeof createTestAuthority>[0] = {}): Authority {
  const authority = createTestAuthority(parts);
  authority.open(openInput(1), T0);
  authority.delegate(idOf(1), delegateInput(2), T0);
  for (const number of [1, 2]) authority.bind(idOf(number), { connection: `c${number}` }, T0);
  return authority;
}

describe('a suspended session', () => {
  it('permits nothing, delegates nothing and goes on when the order is over, with everything below [I1]', () => {
    const authority = pair();
    const effects = effectsOf(authority, () => authority.apply(signalOf(suspension(true), T0), T0));
    expect(told(effects)).toEqual([
      ['changed', idOf(1)],
      ['changed', idOf(2)],
    ]);
    for (const { session } of effects) {
      expect(authority.check(session.id, session.token, session.connection ?? '', T0)).toMatchObject({
        cause: 'session-suspended',
        session: { suspensions: [{ kind: 'ordered', change: `suspension@${T0}` }] },
      });
    }
    expect(codeOf(() => authority.delegate(idOf(1), delegateInput(3), T0))).toBe(
      'RTA_AUTHORITY_SESSION_SUSPENDED',
    );
    effectsOf(authority, () => authority.apply(signalOf(suspension(false), T0 + 1), T0 + 1));
    const session = authority.live(idOf(2), T0 + 1);
    expect(authority.check(idOf(2), session.token, 'c2', T0 + 1).ok).toBe(true);
  });

  it('is told of its suspension before its token: one on a foreign connection hears of neither [I5]', () => {
    const authority = pair();
    authority.apply(signalOf(suspension(true), T0), T0);
    const { token } = authority.live(idOf(1), T0);
    expect(authority.check(idOf(1), token, 'c2', T0)).toMatchObject({ cause: 'not-bound' });
  });

  it('stays suspended until every source says that it is over', () => {
    const authority = pair();
    const other = { source: { issuer: 'https://mdm.example', id: 'jti' } };
    authority.apply(signalOf(suspension(true), T0), T0);
    authority.apply(signalOf(suspension(true), T0, { ...other, id: 'other' }), T0);
    authority.apply(signalOf(suspension(false), T0 + 1), T0 + 1);
    expect(stateOf(authority, 1)).toBe('suspended');
    authority.apply(signalOf(suspension(false), T0 + 1, other), T0 + 1);
    expect(stateOf(authority, 1)).toBe('active');
  });

  it('can be that of one agent alone', () => {
    const authority = pair();
    authority.apply(signalOf(suspension(true), T0, MAILER_ONLY), T0);
    expect([stateOf(authority, 1), stateOf(authority, 2)]).toEqual(['active', 'suspended']);
    expect(authority.delegate(idOf(1), delegateInput(3), T0).state).toBe('suspended');
  });

  it('is suspended by its risk where that is wanted, and policies are left to say else', () => {
    const high = signalOf(risk('HIGH'), T0);
    const [strict, plain] = [pair({ suspendAtRisk: 'HIGH' }), pair()];
    for (const authority of [strict, plain]) authority.apply(high, T0);
    expect([stateOf(strict, 2), stateOf(plain, 2)]).toEqual(['suspended', 'active']);
    expect(strict.live(idOf(2), T0).suspensions).toEqual([{ kind: 'risk', change: high.id }]);
  });
});

describe('an agent that is away', () => {
  it('leaves its children half a minute, and those alone that may go on without it', () => {
    const authority = pair();
    authority.delegate(idOf(1), delegateInput(3, { detached: true }), T0);
    authority.release('c1', T0);
    authority.expire(T0 + 29_999);
    expect(stateOf(authority, 2)).toBe('active');
    authority.expire(T0 + 30_000);
    expect([1, 2, 3].map((number) => stateOf(authority, number))).toEqual(['active', 'suspended', 'active']);
    expect(told(authority.settle(T0 + 30_000))).toEqual([['changed', idOf(2)]]);
    authority.bind(idOf(1), { connection: 'c9' }, T0 + 40_000);
    expect(stateOf(authority, 2)).toBe('active');
    expect(told(authority.settle(T0 + 40_000))).toEqual([['changed', idOf(2)]]);
  });
});

describe('a ceiling', () => {
  it('cuts what everybody reaches whom it names, until it is lifted, and those who come later [I6]', () => {
    const authority = pair();
    const everyone = { subject: { everyone: true as const } };
    authority.apply(signalOf(ceiling('files.read', 'mail.*'), T0, everyone), T0);
    const bob = { issuer: IDP, sub: 'bob', signedInAtMs: T0 };
    authority.open(openInput(3, { subject: bob, grant: { scope: ['*'] } }), T0);
    const scopes = () => [1, 2, 3].map((number) => authority.live(idOf(number), T0).grant.scope.join(' '));
    expect(scopes()).toEqual(['files.read', 'files.read', 'files.read mail.*']);
    authority.apply(signalOf(ceiling(), T0 + 1, everyone), T0 + 1);
    expect(scopes()).toEqual(['files.*', 'files.*', '*']);
  });

  it('that leaves nothing opens no session, and says which change it is', () => {
    const authority = createTestAuthority();
    authority.apply(signalOf(ceiling('mail.*'), T0, { id: 'the-one' }), T0);
    const open = () => authority.open(openInput(1), T0);
    expect(codeOf(open)).toBe('RTA_AUTHORITY_CEILING');
    expect(open).toThrow(expect.objectContaining({ details: { change: 'the-one' } }));
  });

  it('is remembered for as long as it stands, however long that is', () => {
    const authority = createTestAuthority();
    authority.apply(signalOf(ceiling('mail.*'), T0), T0);
    const laterMs = T0 + 400 * 86_400_000;
    authority.apply(signalOf(risk('LOW'), laterMs), laterMs);
    const subject = { ...ALICE, signedInAtMs: laterMs };
    const input = openInput(1, { subject, expiresAtMs: laterMs + HOUR_MS });
    expect(codeOf(() => authority.open(input, laterMs))).toBe('RTA_AUTHORITY_CEILING');
  });
});

describe('a cut-off', () => {
  it('of an agent ends its sessions that were opened until then, wherever they stand, and those below [I2]', () => {
    const authority = pair();
    authority.delegate(idOf(2), delegateInput(3, { actor: { id: 'reader', keyThumbprint: 'k' } }), T0);
    effectsOf(authority, () => authority.apply(signalOf(REVOKED, T0, MAILER_ONLY), T0 + 5));
    expect([1, 2, 3].map((number) => stateOf(authority, number))).toEqual(['active', undefined, undefined]);
    // The agent is not banned: what is delegated to it later lives.
    expect(authority.delegate(idOf(1), delegateInput(4), T0 + 1).state).toBe('active');
    expect(codeOf(() => authority.delegate(idOf(1), delegateInput(5), T0))).toBe(
      'RTA_AUTHORITY_SUBJECT_CUT_OFF',
    );
  });

  it('of one session spares the others of the person', () => {
    const authority = pair();
    authority.open(openInput(3), T0);
    authority.apply(signalOf(REVOKED, T0, { subject: { session: { id: idOf(1) } } }), T0);
    expect([1, 2, 3].map((number) => stateOf(authority, number))).toEqual([undefined, undefined, 'active']);
  });
});

describe('what is asked of the authority', () => {
  it('is answered as of the time that is given: what has reached its end is nowhere [I3]', () => {
    const authority = pair();
    const subject = { user: { by: 'iss-sub' as const, issuer: IDP, sub: 'alice' } };
    const counts = (nowMs: number) => [
      authority.concernedBy(subject, nowMs).length,
      authority.childrenOf(idOf(1), nowMs).length,
      [...authority.treeOf(idOf(1), nowMs)].length,
      [...authority.sessions(nowMs)].length,
      Number(authority.get(idOf(2), nowMs) !== undefined),
    ];
    expect(counts(T0 + HOUR_MS - 1)).toEqual([1, 1, 2, 2, 1]);
    expect(counts(T0 + HOUR_MS)).toEqual([0, 0, 0, 0, 0]);
    expect(counts(Number.NaN)).toEqual([0, 0, 0, 0, 0]);
  });

  it('counts those whom a signal concerns without those below them', () => {
    const authority = pair();
    expect(authority.apply(signalOf(risk('HIGH'), T0), T0)).toBe(1);
    expect(authority.apply(signalOf(risk('HIGH'), T0, MAILER_ONLY), T0)).toBe(1);
    authority.end(idOf(1), CAUSE);
    expect(authority.apply(signalOf(risk('LOW'), T0 + 1), T0 + 1)).toBe(0);
  });

  it('lets go of a session that has ended, and says nothing of it', () => {
    const authority = pair();
    authority.end(idOf(2), CAUSE);
    expect(authority.release('c2', T0)).toEqual([]);
    expect(told(authority.settle(T0))).toEqual([['ended', idOf(2)]]);
  });
});
