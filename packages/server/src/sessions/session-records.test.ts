import { fc, test as property } from '@fast-check/vitest';
import type { RestoreInput, Session, Spending } from '@rta/authority';
import { sessionIdFromBytes } from '@rta/core';
import { describe, expect, test } from 'vitest';
import { delegateSession, openSession, startAuthority } from '../../test/authority-fixture.ts';
import { parseSessionRecord, sessionRecord } from './session-records.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 12 });
const timeMs = fc.nat({ max: 2_000_000_000_000 });
const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 });
const id = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map((raw) => sessionIdFromBytes(Uint8Array.from(raw)));
const names = fc.array(text, { maxLength: 3 });

const subject = fc.record(
  {
    issuer: text,
    sub: text,
    email: text,
    phone: text,
    idpSessionId: text,
    tokenId: text,
    deviceId: text,
    tenantId: text,
    clientId: text,
    acr: text,
    amr: names,
    mayAct: text,
    signedInAtMs: timeMs,
  },
  { requiredKeys: ['issuer', 'sub', 'signedInAtMs'] },
);
const actor = fc.record(
  {
    id: text,
    name: text,
    type: text,
    version: text,
    instance: text,
    model: text,
    owner: text,
    purpose: text,
    keyThumbprint: text,
  },
  { requiredKeys: ['id', 'keyThumbprint'] },
);
const limits = fc.record(
  { currency: fc.constant('EUR'), maxAmount: fc.nat(), totalAmount: fc.nat(), totalCount: fc.nat() },
  { requiredKeys: [] },
);
const detail = fc.record({ actions: names, locations: names, limits }, { requiredKeys: ['actions'] });
const grant = fc.record(
  { scope: names, details: fc.array(detail, { maxLength: 3 }) },
  { requiredKeys: ['scope'] },
);
const spent = fc.record({ count: fc.nat(), amount: fc.nat() });
const kept: fc.Arbitrary<RestoreInput> = fc.record({
  id,
  parent: fc.option(id, { nil: undefined }),
  depth: fc.nat({ max: 10 }),
  subject,
  actors: fc.array(actor, { minLength: 1, maxLength: 11 }),
  publicKey: bytes,
  certificateThumbprint: fc.option(bytes, { nil: undefined }),
  createdAtMs: timeMs,
  expiresAtMs: timeMs,
  detached: fc.boolean(),
  budget: fc.option(
    fc.record(
      { requestsPerSecond: fc.double({ min: 0.001, max: 1e6, noNaN: true }), totalCount: fc.nat() },
      { requiredKeys: [] },
    ),
    { nil: undefined },
  ),
  ownGrant: grant,
  generation: fc.integer({ min: 1, max: 2 ** 31 }),
  issuedAtMs: timeMs,
  boundAtMs: fc.option(timeMs, { nil: undefined }),
  spending: fc.option(fc.record({ count: fc.nat(), details: fc.array(spent, { maxLength: 3 }) }), {
    nil: undefined,
  }),
});

/** A session in some circumstances, of which nothing is kept. */
function sessionOf({ spending: _spending, ...session }: RestoreInput): Session {
  return { ...openSession(startAuthority(), 1), grant: { scope: ['other'] }, ...session };
}

const grantOf = (limits: object) => ({ scope: ['*'], details: [{ actions: ['a'], limits }] });

describe('a session record', () => {
  property.prop([kept], { numRuns: 200 })('holds everything that a session goes on from', (input) => {
    const record = JSON.parse(JSON.stringify(sessionRecord(sessionOf(input), input.spending)));
    expect(parseSessionRecord(record)).toEqual(input);
  });

  test('is that of a delegated session, with its parent and both agents', () => {
    const authority = startAuthority();
    const parent = openSession(authority, 1);
    const child = delegateSession(authority, parent.id, 2);
    expect(parseSessionRecord(sessionRecord(child, undefined))).toMatchObject({
      id: child.id,
      parent: parent.id,
      depth: 1,
      actors: [{ id: 'agent-1' }, { id: 'agent-2' }],
    });
  });

  test('has no token, and nothing that a token could be made of', () => {
    const session = openSession(startAuthority(), 1);
    expect(Object.keys(sessionRecord(session, { count: 0, details: [] })).sort()).toEqual([
      'actors',
      'createdAtMs',
      'depth',
      'detached',
      'expiresAtMs',
      'generation',
      'id',
      'issuedAtMs',
      'ownGrant',
      'publicKey',
      'spending',
      'subject',
      'v',
    ]);
  });
});

describe('a record is not understood', () => {
  const spending: Spending = { count: 1, details: [{ count: 1, amount: 5 }] };
  const good = sessionRecord(openSession(startAuthority(), 1), spending);

  test('but this one is', () => {
    expect(parseSessionRecord(good)).toMatchObject({ spending });
  });

  test.each<[string, object]>([
    ['of another version', { v: 2 }],
    ['of no version', { v: undefined }],
    ['with a member that nobody knows', { suspendedUntilMs: 1 }],
    ['without an end', { expiresAtMs: undefined }],
    ['whose end is no time', { expiresAtMs: null }],
    ['with an id that is none', { id: 'x' }],
    ['with a parent that is none', { parent: 'x' }],
    ['without agents', { actors: [] }],
    ['with a key that is no text', { publicKey: [1] }],
    ['with a key that is not base64url', { publicKey: '+/+/' }],
    ['with a certificate that is not base64url', { certificateThumbprint: '=' }],
    ['without a grant', { ownGrant: undefined }],
    ['with a grant that limits something else', { ownGrant: grantOf({ perDay: 5 }) }],
    ['with a grant that limits to less than nothing', { ownGrant: grantOf({ totalCount: -1 }) }],
    ['with a grant of conditions', { ownGrant: { scope: ['*'], unless: 'HIGH' } }],
    ['with a budget that limits something else', { budget: { perDay: 5 } }],
    ['with a rate of nothing', { budget: { requestsPerSecond: 0 } }],
    ['with spending below nothing', { spending: { count: -1, details: [] } }],
    ['with spending in parts', { spending: { count: 0.5, details: [] } }],
    ['of generation 0', { generation: 0 }],
    ['with a subject that has another member', { subject: { issuer: 'i', sub: 's', signedInAtMs: 1, x: 1 } }],
    ['with a sign-in at no time', { subject: { issuer: 'i', sub: 's' } }],
  ])('%s', (_, changes) => {
    expect(parseSessionRecord(JSON.parse(JSON.stringify({ ...good, ...changes })))).toBeUndefined();
  });
});
