import { describe, expect, it } from 'vitest';
import { codeOf } from './code-of.ts';
import {
  ALICE,
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

const account = (current: 'enabled' | 'disabled' | 'purged', atMs: number, parts = {}) =>
  signalOf({ kind: 'account', current }, atMs, parts);

describe('an account that is disabled', () => {
  it('suspends what is open, refuses what would be opened, and goes on when it is enabled', () => {
    const authority = createTestAuthority();
    authority.open(openInput(1), T0);
    authority.delegate(idOf(1), delegateInput(2), T0);

    const effects = effectsOf(authority, () => authority.apply(account('disabled', T0), T0));

    expect(told(effects)).toEqual([
      ['changed', idOf(1)],
      ['changed', idOf(2)],
    ]);
    for (const number of [1, 2]) {
      expect(authority.live(idOf(number), T0)).toMatchObject({
        state: 'suspended',
        suspensions: [{ kind: 'account', change: `account@${T0}` }],
      });
    }
    expect(codeOf(() => authority.open(openInput(3), T0))).toBe('RTA_AUTHORITY_ACCOUNT_DISABLED');
    expect(codeOf(() => authority.delegate(idOf(1), delegateInput(4), T0))).toBe(
      'RTA_AUTHORITY_ACCOUNT_DISABLED',
    );
    expect(authority.signInCutOffOf(ALICE)).toBe(`account@${T0}`);

    authority.apply(account('enabled', T0 + 1), T0 + 1);

    expect(authority.live(idOf(2), T0 + 1)).toMatchObject({ state: 'active', suspensions: [] });
    expect(authority.open(openInput(3), T0 + 1).state).toBe('active');
    expect(authority.signInCutOffOf(ALICE)).toBe(undefined);
  });

  it('is not enabled by an older word, by another source, or by one about somebody else', () => {
    const authority = createTestAuthority();
    authority.open(openInput(1), T0);
    authority.apply(account('disabled', T0), T0);
    const others = [
      account('enabled', T0 - 1, { receivedAtMs: T0 + 1 }),
      account('enabled', T0 + 1, { source: { issuer: 'https://hr.example', id: 'jti' } }),
      account('enabled', T0 + 1, { subject: { user: { by: 'iss-sub', issuer: ALICE.issuer, sub: 'bob' } } }),
    ];
    for (const signal of others) authority.apply(signal, T0 + 1);
    expect(authority.live(idOf(1), T0 + 1).state).toBe('suspended');
  });

  it('stays disabled for longer than other facts are remembered', () => {
    const authority = createTestAuthority();
    authority.apply(account('disabled', T0), T0);
    const later = T0 + 5_184_000_000;
    authority.apply(signalOf(risk('LOW'), later), later);
    const input = openInput(1, {
      subject: { ...ALICE, signedInAtMs: later },
      expiresAtMs: later + 1_000,
    });
    expect(codeOf(() => authority.open(input, later))).toBe('RTA_AUTHORITY_ACCOUNT_DISABLED');
  });

  it('is never enabled again once it is purged', () => {
    const authority = createTestAuthority();
    authority.apply(account('enabled', T0 + 5, { id: 'early' }), T0 + 5);
    authority.apply(account('purged', T0), T0 + 5);
    authority.apply(account('enabled', T0 + 9), T0 + 9);
    expect(codeOf(() => authority.open(openInput(1), T0 + 9))).toBe('RTA_AUTHORITY_ACCOUNT_DISABLED');
  });
});

const changed = (changeType: 'create' | 'revoke', atMs: number, issuer = ALICE.issuer) =>
  signalOf({ kind: 'credential-change', credentialType: 'password', changeType }, atMs, {
    id: `${changeType}${issuer}${atMs}`,
    source: { issuer, id: 'jti' },
  });

describe('what is put into context', () => {
  it('has claims one by one, each as it was said last', () => {
    const authority = createTestAuthority();
    const { generation } = authority.open(openInput(1), T0);
    const say = (name: string, value: string, atMs: number) =>
      authority.apply(
        signalOf({ kind: 'token-claims-change', name, value }, atMs, { id: `${name}${atMs}` }),
        T0 + 9,
      );
    say('role', 'ro', T0 + 2);
    say('dept', 'x', T0 + 3);
    say('role', 'rw', T0 + 1);
    const session = authority.live(idOf(1), T0 + 9);
    expect(session.attributes).toEqual({ claims: { role: 'ro', dept: 'x' } });
    expect(session.evidence.claims?.change).toBe(`dept${T0 + 3}`);
    expect(session.generation).toBeGreaterThan(generation);
  });

  it('has 32 claims at most, the newest ones', () => {
    const authority = createTestAuthority();
    authority.open(openInput(1), T0);
    for (let index = 0; index < 33; index++) {
      const change = { kind: 'token-claims-change', name: `c${index}`, value: index } as const;
      authority.apply(signalOf(change, T0 + index, { id: `s${index}` }), T0 + 40);
    }
    const { claims } = authority.live(idOf(1), T0 + 40).attributes;
    expect(Object.keys(claims ?? {}).length).toBe(32);
    expect(Object.keys(claims ?? {})).not.toContain('c0');
  });

  it('has a lower assurance until the source says that it is higher again', () => {
    const authority = createTestAuthority();
    authority.open(openInput(1), T0);
    const level = (current: string, direction: 'increase' | 'decrease', atMs: number) =>
      authority.apply(
        signalOf({ kind: 'assurance-level-change', namespace: 'NIST-AAL', current, direction }, atMs),
        atMs,
      );
    level('1', 'decrease', T0 + 1);
    expect(authority.live(idOf(1), T0 + 1).attributes).toEqual({
      assurance: { namespace: 'NIST-AAL', level: '1' },
      assuranceLoweredAtMs: T0 + 1,
    });
    level('2', 'increase', T0 + 2);
    expect(authority.live(idOf(1), T0 + 2).attributes).toEqual({
      assurance: { namespace: 'NIST-AAL', level: '2' },
    });
  });

  it('asks for another credential until the source says that there is one', () => {
    const authority = createTestAuthority();
    authority.open(openInput(1), T0);
    const isAsked = () =>
      authority.live(idOf(1), T0 + 9).attributes.credentialChangeRequiredAtMs !== undefined;
    authority.apply(signalOf({ kind: 'credential-change-required' }, T0 + 1), T0 + 1);
    expect(isAsked()).toBe(true);
    authority.apply(changed('create', T0 - 1), T0 + 2);
    authority.apply(changed('create', T0 + 2, 'https://mdm.example'), T0 + 2);
    expect(isAsked()).toBe(true);
    authority.apply(changed('create', T0 + 3), T0 + 3);
    expect(isAsked()).toBe(false);
  });
});
