import { describe, expect, it } from 'vitest';
import { idOf } from '../../test/fixture.ts';
import type { Subject } from '../context.ts';
import type { SubjectSelector, UserName } from './signal.ts';
import { matchesParty, type Party, selectorKeys, selectorText, subjectKeys } from './subject-match.ts';

const IDP = 'https://idp.example';
const OTHER = 'https://other.example';
const issuers = [IDP];
const FULL: Subject = {
  issuer: IDP,
  sub: 'alice',
  email: 'alice@example.com',
  phone: '+12065550123',
  tokenId: 'token-1',
  tenantId: 'acme',
  clientId: 'app',
  signedInAtMs: 0,
};
/** Known by name only. */
const BARE: Subject = { issuer: IDP, sub: 'alice', signedInAtMs: 0 };
/** Of the same organization and client as Alice; no email is known. */
const COLLEAGUE: Subject = { issuer: IDP, sub: 'bob', tenantId: 'acme', clientId: 'app', signedInAtMs: 0 };

const partyOf = (subject: Subject): Party => ({ subject, actor: { id: 'copilot' }, session: idOf(1) });
const matches = (selector: SubjectSelector, subject: Subject): boolean =>
  matchesParty(selector, partyOf(subject));

const phone = (number: string, of: readonly string[] = issuers): UserName => ({
  by: 'phone',
  phone: number,
  issuers: of,
});
const email: UserName = { by: 'email', email: 'alice@example.com', issuers };
const alice: UserName = { by: 'iss-sub', issuer: IDP, sub: 'alice' };
const any = (...of: readonly UserName[]): SubjectSelector => ({ user: { by: 'any', of } });
const acme = { id: 'acme', issuers };
const within = (...tenants: readonly string[]) => ({ tenants, issuers });

const TABLE: readonly (readonly [string, SubjectSelector, boolean, boolean, boolean])[] = [
  // what the selector names, selector, matches FULL, BARE, COLLEAGUE
  ['a phone number', { user: phone('+12065550123') }, true, false, false],
  ['a phone number for people', { user: phone('+1 (206) 555-01.23') }, true, false, false],
  ['another phone number', { user: phone('+12065550124') }, false, false, false],
  ['a phone number at another issuer', { user: phone('+12065550123', [OTHER]) }, false, false, false],
  ['a token', { idpToken: { id: 'token-1', issuers } }, true, false, false],
  ['a token of another issuer', { idpToken: { id: 'token-1', issuers: [OTHER] } }, false, false, false],
  ['another token', { idpToken: { id: 'token-2', issuers } }, false, false, false],
  ['a client', { client: { id: 'app', issuers } }, true, false, true],
  ['a client of another issuer', { client: { id: 'app', issuers: [OTHER] } }, false, false, false],
  ['a person by any name', any(phone('+12065550123'), alice), true, true, false],
  ['a person by a name that is known and one that is not', any(email, alice), true, true, false],
  ['somebody else by all names', any({ ...alice, sub: 'carol' }, phone('+4930123')), false, false, false],
  ['a person by no name', any(), false, false, false],
  ['an email in an organization', { user: email, tenant: acme }, true, false, false],
  ['an email at a client', { user: email, client: { id: 'app', issuers } }, true, false, false],
  ['a person in an organization', { user: alice, tenant: acme }, true, true, false],
  ['a person in another one', { user: alice, tenant: { id: 'evil', issuers } }, false, true, false],
  ['a person within organizations', { user: alice, within: within('b', 'acme') }, true, false, false],
  ['a person within others', { user: alice, within: within('b') }, false, false, false],
  ['nobody within an organization', { within: within('acme') }, false, false, false],
  ['an organization within others', { tenant: acme, within: within('b') }, false, false, false],
];

describe('matchesParty', () => {
  it.each(TABLE)('%s', (_name, selector, full, bare, colleague) => {
    expect([FULL, BARE, COLLEAGUE].map((subject) => matches(selector, subject))).toEqual([
      full,
      bare,
      colleague,
    ]);
  });

  it.each(TABLE)('finds whom it matches by a key: %s', (_name, selector) => {
    const keys = new Set(selectorKeys(selector));
    const found = [FULL, BARE, COLLEAGUE].filter((subject) => matches(selector, subject));
    expect(found.filter((subject) => !subjectKeys(subject).some((key) => keys.has(key)))).toEqual([]);
  });
});

describe('selectorText', () => {
  it('is one for all spellings', () => {
    expect(selectorText({ user: phone('+1 206 555 0123') })).toBe(
      selectorText({ user: phone('+12065550123') }),
    );
    expect(selectorText(any(alice, email))).toBe(selectorText(any(email, alice)));
    expect(selectorText({ tenant: acme, within: within('a', 'b') })).toBe(
      selectorText({ tenant: acme, within: within('b', 'a') }),
    );
  });

  it('differs where the selectors do', () => {
    expect(new Set(TABLE.map(([, selector]) => selectorText(selector))).size).toBe(TABLE.length - 1);
  });
});
