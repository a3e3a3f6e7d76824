import { describe, expect, it } from 'vitest';
import type { Subject } from './context.ts';
import type { SubjectSelector } from './signal.ts';
import { matchesSubject, selectorKeys, selectorText, subjectKeys } from './subject-match.ts';

const IDP = 'https://idp.example';
const OTHER = 'https://other.example';
/** Known by all that a selector can name. */
const FULL: Subject = {
  issuer: IDP,
  sub: 'alice',
  email: 'alice@example.com',
  idpSessionId: 'sid-1',
  deviceId: 'laptop',
  signedInAtMs: 0,
};
/** Known by name only. */
const BARE: Subject = { issuer: IDP, sub: 'alice', signedInAtMs: 0 };

const user = (sub: string, issuer = IDP): SubjectSelector => ({ user: { by: 'iss-sub', issuer, sub } });
const email = (address: string, ...issuers: readonly string[]): SubjectSelector => ({
  user: { by: 'email', email: address, issuers },
});
const opaque = (id: string, ...issuers: readonly string[]): SubjectSelector => ({
  user: { by: 'opaque', id, issuers },
});
const session = (id: string, ...issuers: readonly string[]): SubjectSelector => ({
  idpSession: { id, issuers },
});
const device = (id: string, ...issuers: readonly string[]): SubjectSelector => ({ device: { id, issuers } });

const TABLE: readonly (readonly [string, SubjectSelector, boolean, boolean])[] = [
  // what the selector names, selector, matches FULL, matches BARE
  ['nobody', {}, false, false],
  ['the user', user('alice'), true, true],
  ['the user of another issuer', user('alice', OTHER), false, false],
  ['the user in other case', user('Alice'), false, false],
  ['another user', user('bob'), false, false],
  ['the email', email('alice@example.com', IDP), true, false],
  ['the email in other case', email('ALICE@Example.COM', IDP), true, false],
  ['the email, for another issuer', email('alice@example.com', OTHER), false, false],
  ['the email, for several issuers', email('alice@example.com', OTHER, IDP), true, false],
  ['the email, for no issuer', email('alice@example.com'), false, false],
  ['another email', email('bob@example.com', IDP), false, false],
  ['an opaque sub', opaque('alice', IDP), true, true],
  ['an opaque sid', opaque('sid-1', IDP), true, false],
  ['an opaque sub of another issuer', opaque('alice', OTHER), false, false],
  ['another opaque name', opaque('bob', IDP), false, false],
  ['an email as an opaque name', opaque('alice@example.com', IDP), false, false],
  ['the IdP session', session('sid-1', IDP), true, false],
  ['the IdP session of another issuer', session('sid-1', OTHER), false, false],
  ['another IdP session', session('sid-2', IDP), false, false],
  ['the device', device('laptop', IDP), true, false],
  ['the device of another issuer', device('laptop', OTHER), false, false],
  ['another device', device('phone', IDP), false, false],
  // Members narrow together; what the subject does not know does not save it.
  ['the user and the session', { ...user('alice'), ...session('sid-1', IDP) }, true, true],
  ['the user and another session', { ...user('alice'), ...session('sid-2', IDP) }, false, true],
  ['another user and the session', { ...user('bob'), ...session('sid-1', IDP) }, false, false],
  ['the user and the device', { ...user('alice'), ...device('laptop', IDP) }, true, true],
  ['the user and another device', { ...user('alice'), ...device('phone', IDP) }, false, true],
  ['the user and a device of another issuer', { ...user('alice'), ...device('laptop', OTHER) }, false, false],
  ['session and device', { ...session('sid-1', IDP), ...device('laptop', IDP) }, true, false],
  ['an email and the device', { ...email('alice@example.com', IDP), ...device('laptop', IDP) }, true, false],
  [
    'all three, one of them another',
    { ...user('alice'), ...session('sid-1', IDP), ...device('phone', IDP) },
    false,
    true,
  ],
];

describe('matchesSubject', () => {
  it.each(TABLE)('%s', (_, selector, full, bare) => {
    expect(matchesSubject(selector, FULL)).toBe(full);
    expect(matchesSubject(selector, BARE)).toBe(bare);
  });

  it('compares emails without regard to case on both sides', () => {
    expect(matchesSubject(email('alice@example.com', IDP), { ...FULL, email: 'Alice@Example.com' })).toBe(
      true,
    );
  });

  it('takes a member as meant that the subject does not know, where another one is identical', () => {
    const both = { ...email('alice@example.com', IDP), ...session('sid-1', IDP) };
    expect(matchesSubject(both, { ...BARE, idpSessionId: 'sid-1' })).toBe(true);
    expect(matchesSubject(both, { ...BARE, email: 'alice@example.com' })).toBe(true);
  });
});

describe('keys', () => {
  it.each(TABLE)('of a selector reach every subject that it matches: %s', (_, selector, full, bare) => {
    const reached = (subject: Subject): boolean =>
      selectorKeys(selector).some((key) => subjectKeys(subject).includes(key));
    if (full) expect(reached(FULL)).toBe(true);
    if (bare) expect(reached(BARE)).toBe(true);
    // A subject in other case is found under the same key.
    if (full) expect(reached({ ...FULL, email: 'Alice@Example.COM' })).toBe(true);
  });

  it('keep apart what a careless join would mix', () => {
    const mixed: Subject = { issuer: `${IDP}","alice`, sub: '', signedInAtMs: 0 };
    expect(subjectKeys(mixed)).not.toContain(subjectKeys(BARE)[0]);
    const sidLikeSub: Subject = { issuer: IDP, sub: 'x', idpSessionId: 'alice', signedInAtMs: 0 };
    expect(subjectKeys(sidLikeSub)).not.toContain(subjectKeys(BARE)[0]);
  });
});

describe('selectorText', () => {
  it('is the same for all spellings of a selector', () => {
    const one: SubjectSelector = { ...email('Alice@Example.com', IDP, OTHER), ...device('d', IDP, OTHER) };
    const other: SubjectSelector = { ...device('d', OTHER, IDP), ...email('alice@example.com', OTHER, IDP) };
    expect(selectorText(one)).toBe(selectorText(other));
  });

  it('differs for all selectors of the table', () => {
    const distinct = TABLE.filter(([name]) => name !== 'the email in other case');
    expect(new Set(distinct.map(([, selector]) => selectorText(selector))).size).toBe(distinct.length);
  });
});
