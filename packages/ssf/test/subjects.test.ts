import { readdirSync, readFileSync } from 'node:fs';
import type { JsonObject } from '@rta/core';
import { describe, expect, test } from 'vitest';
import { matchesSubject, parseSubject, subjectJson } from '../src/index.ts';

const VECTORS = new URL('./vectors/subjects/', import.meta.url);
const MALFORMED = expect.objectContaining({ code: 'RTA_SSF_SUBJECT' });

function readJson(file: string): JsonObject {
  return JSON.parse(readFileSync(new URL(file, VECTORS), 'utf8')) as JsonObject;
}

/** Some stand under `sub_id`, as in a token. */
function published(file: string): JsonObject {
  const json = readJson(file);
  return typeof json['sub_id'] === 'object' ? (json['sub_id'] as JsonObject) : json;
}

const EMAIL = { format: 'email', email: 'a@x.example' };
const OPAQUE = { format: 'opaque', id: 'x' };

describe('published examples', () => {
  const files = readdirSync(VECTORS).filter((file) => file !== 'index.json');

  test('each has its source and licence in the index', () => {
    const index = readJson('index.json')['files'] as Record<string, { source?: string; licence?: string }>;
    expect(Object.keys(index).sort()).toEqual(files.sort());
    expect(Object.values(index).filter(({ source, licence }) => !source || !licence)).toEqual([]);
  });

  test.each(files)('%s is read, known, and written as it was', (file) => {
    const subject = parseSubject(published(file));
    expect(subject.format).toBe(published(file)['format']);
    expect(subjectJson(subject)).toEqual(published(file));
  });
});

describe('a format is read', () => {
  test.each<JsonObject>([
    { format: 'account', uri: 'acct:a@x.example' },
    { format: 'did', url: 'did:example:1' },
    EMAIL,
    { format: 'iss_sub', iss: 'https://idp.example', sub: 'a' },
    OPAQUE,
    { format: 'phone_number', phone_number: '+1 206 555 0123' },
    { format: 'uri', uri: 'urn:x:1' },
    { format: 'jwt_id', iss: 'https://idp.example', jti: 'j' },
    { format: 'saml_assertion_id', issuer: 'https://idp.example', assertion_id: 'a' },
    { format: 'ip-addresses', 'ip-addresses': ['10.0.0.1', '::1'] },
    { format: 'scim', uri: '/Users/1' },
    { format: 'scim', uri: '/Users/1', externalId: 'a' },
    { format: 'aliases', identifiers: [EMAIL, OPAQUE] },
    { format: 'complex', user: EMAIL, session: OPAQUE, cell: OPAQUE },
  ])('$format', (subject) => {
    expect(subjectJson(parseSubject(subject))).toEqual(subject);
  });

  test('without the members that it does not have', () => {
    expect(parseSubject({ ...EMAIL, extra: 1 })).toEqual(EMAIL);
  });

  test('that nobody knows as it came', () => {
    const subject = { format: 'shoe_size', value: 43 };
    expect(parseSubject(subject)).toEqual({ format: 'unknown', unknown: subject });
    expect(subjectJson(parseSubject(subject))).toEqual(subject);
  });
});

describe('what is shaped otherwise than its format demands is refused', () => {
  test.each<[string, JsonObject]>([
    ['no format', { email: 'a@x.example' }],
    ['a format that is no text', { format: 7 }],
    ['an account without a scheme', { format: 'account', uri: 'a@x.example' }],
    ['a DID without a scheme', { format: 'did', url: 'https://x.example' }],
    ['an email without a domain', { format: 'email', email: 'a' }],
    ['an issuer without a subject', { format: 'iss_sub', iss: 'https://idp.example' }],
    ['an empty name', { format: 'opaque', id: '' }],
    ['a name without end', { format: 'opaque', id: 'x'.repeat(1_025) }],
    ['a phone number that is a number', { format: 'phone_number', phone_number: 1 }],
    ['a token without an issuer', { format: 'jwt_id', jti: 'j' }],
    ['an assertion without an id', { format: 'saml_assertion_id', issuer: 'https://idp.example' }],
    ['no addresses', { format: 'ip-addresses', 'ip-addresses': [] }],
    ['too many addresses', { format: 'ip-addresses', 'ip-addresses': Array<string>(33).fill('::1') }],
    ['a resource without a URI', { format: 'scim', externalId: 'a' }],
    ['aliases without any', { format: 'aliases', identifiers: [] }],
    ['too many aliases', { format: 'aliases', identifiers: Array.from({ length: 33 }, () => OPAQUE) }],
    [
      'aliases of aliases',
      { format: 'aliases', identifiers: [{ format: 'aliases', identifiers: [OPAQUE] }] },
    ],
    ['aliases that are malformed', { format: 'aliases', identifiers: [{ format: 'email' }] }],
    ['a complex subject of nothing', { format: 'complex' }],
    ['a complex subject within another one', { format: 'complex', user: { format: 'complex', user: EMAIL } }],
    ['a member that is no subject', { format: 'complex', user: 'a' }],
    ['a member that is malformed', { format: 'complex', user: EMAIL, session: { format: 'opaque' } }],
  ])('%s', (_case, subject) => {
    expect(() => parseSubject(subject)).toThrow(MALFORMED);
  });
});

describe('matching (SSF 1.0 §8.1.3.1)', () => {
  const published1to6 = [1, 2, 3, 4, 5, 6].map((number) =>
    parseSubject(published(`ssf-subject-matching-complex-${number}.json`)),
  );
  const matches = (one: number, other: number): boolean => {
    const [a, b] = [published1to6[one - 1], published1to6[other - 1]];
    if (a === undefined || b === undefined) throw new Error('no such example');
    const both = matchesSubject(a, b);
    expect(matchesSubject(b, a)).toBe(both);
    return both;
  };

  test('a subject that says less matches: published examples 1 and 2', () => {
    expect(matches(1, 2)).toBe(true);
  });

  test('a subject that says more matches: published examples 3 and 4', () => {
    expect(matches(3, 4)).toBe(true);
  });

  test('a member that differs keeps apart: published examples 5 and 6', () => {
    expect(matches(5, 6)).toBe(false);
  });

  test('no common member is no match', () => {
    expect(matches(1, 3)).toBe(false);
  });

  test('simple subjects match where they are identical, whatever the order of their members', () => {
    expect(matchesSubject(parseSubject(EMAIL), parseSubject({ email: 'a@x.example', format: 'email' }))).toBe(
      true,
    );
    expect(matchesSubject(parseSubject(EMAIL), parseSubject({ ...EMAIL, email: 'b@x.example' }))).toBe(false);
    expect(matchesSubject(parseSubject(EMAIL), parseSubject({ format: 'complex', user: EMAIL }))).toBe(false);
  });
});
