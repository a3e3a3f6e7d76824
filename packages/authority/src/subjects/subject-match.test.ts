import { describe, expect, it } from 'vitest';
import { idOf } from '../../test/fixture.ts';
import type { Subject } from '../context.ts';
import type { SubjectSelector } from './signal.ts';
import {
  agentKeys,
  matchesParty,
  type Party,
  selectorKeys,
  selectorText,
  subjectKeys,
} from './subject-match.ts';

const IDP = 'https://idp.example';
const OTHER = 'https://other.example';
/** Known by all that a selector can name. */
const FULL: Subject = {
  issuer: IDP,
  sub: 'alice',
  email: 'alice@example.com',
  idpSessionId: 'sid-1',
  deviceId: 'laptop',
  tenantId: 'acme',
  signedInAtMs: 0,
};
/** Known by name only. */
const BARE: Subject = { issuer: IDP, sub: 'alice', signedInAtMs: 0 };

/** Everybody acts by the agent `copilot` in session 1. */
const partyOf = (subject: Subject): Party => ({ subject, actor: { id: 'copilot' }, session: idOf(1) });

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

const tenant = (id: string, ...issuers: readonly string[]): SubjectSelector => ({ tenant: { id, issuers } });
const actor = (id: string): SubjectSelector => ({ actor: { id } });
const own = (number: number): SubjectSelector => ({ session: { id: idOf(number) } });

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
  ['the tenant', tenant('acme', IDP), true, false],
  ['the tenant of another issuer', tenant('acme', OTHER), false, false],
  ['another tenant', tenant('umbrella', IDP), false, false],
  ['the agent', actor('copilot'), true, true],
  ['another agent', actor('mailer'), false, false],
  ['the agent in other case', actor('Copilot'), false, false],
  ['this session', own(1), true, true],
  ['another session', own(2), false, false],
  ['everyone', { everyone: true }, true, true],
  // Members narrow together; what the subject does not know does not save it.
  ['the user and the session', { ...user('alice'), ...session('sid-1', IDP) }, true, true],
  ['the user and another session', { ...user('alice'), ...session('sid-2', IDP) }, false, true],
  ['another user and the session', { ...user('bob'), ...session('sid-1', IDP) }, false, false],
  ['the user and the device', { ...user('alice'), ...device('laptop', IDP) }, true, true],
  ['the user and another device', { ...user('alice'), ...device('phone', IDP) }, false, true],
  ['the user and a device of another issuer', { ...user('alice'), ...device('laptop', OTHER) }, false, false],
  ['session and device', { ...session('sid-1', IDP), ...device('laptop', IDP) }, true, false],
  ['an email and the device', { ...email('alice@example.com', IDP), ...device('laptop', IDP) }, true, false],
  ['the user and the agent', { ...user('alice'), ...actor('copilot') }, true, true],
  ['the user and another agent', { ...user('alice'), ...actor('mailer') }, false, false],
  ['another user and the agent', { ...user('bob'), ...actor('copilot') }, false, false],
  ['this session, of another agent', { ...own(1), ...actor('mailer') }, false, false],
  ['everyone of another tenant', { everyone: true, ...tenant('umbrella', IDP) }, false, true],
  ['the agent for the tenant', { ...actor('copilot'), ...tenant('acme', IDP) }, true, true],
  [
    'all three, one of them another',
    { ...user('alice'), ...session('sid-1', IDP), ...device('phone', IDP) },
    false,
    true,
  ],
];

describe('matchesParty', () => {
  it.each(TABLE)('%s', (_, selector, full, bare) => {
    expect(matchesParty(selector, partyOf(FULL))).toBe(full);
    expect(matchesParty(selector, partyOf(BARE))).toBe(bare);
  });

  it('compares emails without regard to case on both sides', () => {
    expect(
      matchesParty(email('alice@example.com', IDP), partyOf({ ...FULL, email: 'Alice@Example.com' })),
    ).toBe(true);
  });

  it('takes a member as meant that the subject does not know, where another one is identical', () => {
    const both = { ...email('alice@example.com', IDP), ...session('sid-1', IDP) };
    expect(matchesParty(both, partyOf({ ...BARE, idpSessionId: 'sid-1' }))).toBe(true);
    expect(matchesParty(both, partyOf({ ...BARE, email: 'alice@example.com' }))).toBe(true);
  });
});

describe('keys', () => {
  it.each(TABLE)('of a selector reach every subject that it matches: %s', (_, selector, full, bare) => {
    const reached = (subject: Subject): boolean =>
      selectorKeys(selector).some((key) =>
        [...subjectKeys(subject), ...agentKeys(partyOf(subject))].includes(key),
      );
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
