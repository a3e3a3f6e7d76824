import { expect, it } from 'vitest';
import { codeOf } from './code-of.ts';
import { ALICE, createTestAuthority, openInput, REVOKED, signalOf, T0 } from './fixture.ts';

it('compares a sign-in and its revocation by the clock of their issuer, though it runs ahead [I2]', () => {
  const authority = createTestAuthority();
  // The issuer is 20 s ahead: its user signed in at T0, and was revoked 5 s later.
  authority.apply(signalOf(REVOKED, T0 + 5_000, { sourceTimeMs: T0 + 25_000 }), T0 + 5_000);
  const openWith = (number: number, signedInAtMs: number): string =>
    codeOf(() => authority.open(openInput(number, { subject: { ...ALICE, signedInAtMs } }), T0 + 60_000));
  expect(openWith(1, T0 + 20_000)).toBe('RTA_AUTHORITY_SUBJECT_CUT_OFF');
  expect(openWith(2, T0 + 26_000)).toBe('none');
});

it('does not believe a source whose clock is far ahead', () => {
  const authority = createTestAuthority();
  authority.apply(signalOf(REVOKED, T0, { sourceTimeMs: T0 + 300_001 }), T0);
  const subject = { ...ALICE, signedInAtMs: T0 + 1 };
  expect(codeOf(() => authority.open(openInput(1, { subject }), T0 + 1))).toBe('none');
});

it('takes a sign-in that follows the revocation of another issuer closely as before it [I1]', () => {
  const authority = createTestAuthority();
  const source = { issuer: 'https://risk-engine.example', id: 'jti-1' };
  authority.apply(signalOf(REVOKED, T0, { source }), T0);
  const openWith = (number: number, signedInAtMs: number): string =>
    codeOf(() => authority.open(openInput(number, { subject: { ...ALICE, signedInAtMs } }), T0 + 60_000));
  expect(openWith(1, T0 + 30_000)).toBe('RTA_AUTHORITY_SUBJECT_CUT_OFF');
  expect(openWith(2, T0 + 30_001)).toBe('none');
});
