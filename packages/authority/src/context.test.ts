import { parseSessionId } from '@rta/core';
import { describe, expect, it } from 'vitest';
import { codeOf } from '../test/code-of.ts';
import { type Actor, contextHash, type SessionContext } from './context.ts';

const CONTEXT: SessionContext = {
  session: parseSessionId('AAECAwQFBgcICQoLDA0ODw'),
  subject: {
    issuer: 'https://idp.example',
    sub: 'alice',
    email: 'alice@example.com',
    amr: ['pwd', 'otp'],
    signedInAtMs: 1_800_000_000_000,
  },
  actors: [
    { id: 'copilot', name: 'Copilot €', keyThumbprint: 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k' },
    { id: 'mailer', keyThumbprint: 'AAAA' },
  ],
  grant: { scope: ['files.*'], details: [{ actions: ['files.read'], locations: ['/a/*'] }] },
  attributes: { riskLevel: 'LOW', deviceCompliant: true },
  suspensions: [{ kind: 'ordered', change: 'jti-1' }],
  policyRevision: 'r1',
};
const hex = (context: SessionContext): string => Buffer.from(contextHash(context)).toString('hex');
const HASH = 'f352221b0c45f51f0c8467b30db50bc93ccca6dd4889ad54d62a4791dc46e3f7';

describe('contextHash', () => {
  it('is the SHA-256 of the canonical JSON', () => {
    // By hand: {"actors":[{"id":"copilot","keyThumbprint":"kPrK…","name":"Copilot €"},{"id":"mailer","keyThumbprint":
    // "AAAA"}],"attributes":{"deviceCompliant":true,"riskLevel":"LOW"},"grant":{"details":[{"actions":["files.read"],
    // "locations":["/a/*"]}],"scope":["files.*"]},"policyRevision":"r1","session":"AAECAwQFBgcICQoLDA0ODw","subject":
    // {"amr":["pwd","otp"],"email":"alice@example.com","issuer":"https://idp.example","signedInAtMs":1800000000000,
    // "sub":"alice"},"suspensions":[{"change":"jti-1","kind":"ordered"}],"v":1}, without white space, through sha256sum.
    expect(hex(CONTEXT)).toBe(HASH);
  });

  it('does not depend on the order of members, nor on members that are undefined', () => {
    const { session, subject, actors, grant, attributes, suspensions, policyRevision } = CONTEXT;
    const { issuer, ...others } = subject;
    expect(
      hex({
        policyRevision,
        suspensions,
        attributes,
        grant,
        actors,
        subject: { ...others, issuer },
        session,
      }),
    ).toBe(HASH);
    expect(
      hex({ ...CONTEXT, attributes: Object.assign({ credentialChangedAtMs: undefined }, attributes) }),
    ).toBe(HASH);
  });

  const { subject, actors, grant, attributes } = CONTEXT;
  const [copilot, mailer] = actors as readonly [Actor, Actor];
  it.each<[string, Partial<SessionContext>]>([
    ['session', { session: parseSessionId('AAECAwQFBgcICQoLDA0OEA') }],
    ['issuer', { subject: { ...subject, issuer: 'https://other.example' } }],
    ['sub', { subject: { ...subject, sub: 'bob' } }],
    ['email', { subject: { ...subject, email: 'bob@example.com' } }],
    ['IdP session', { subject: { ...subject, idpSessionId: 's' } }],
    ['device', { subject: { ...subject, deviceId: 'd' } }],
    ['client', { subject: { ...subject, clientId: 'c' } }],
    ['acr', { subject: { ...subject, acr: 'high' } }],
    ['amr', { subject: { ...subject, amr: ['otp', 'pwd'] } }],
    ['time of sign-in', { subject: { ...subject, signedInAtMs: 1_800_000_000_001 } }],
    ['agent id', { actors: [{ ...copilot, id: 'x' }, mailer] }],
    ['agent name', { actors: [{ ...copilot, name: 'x' }, mailer] }],
    ['agent type', { actors: [{ ...copilot, type: 'x' }, mailer] }],
    ['agent version', { actors: [{ ...copilot, version: 'x' }, mailer] }],
    ['agent instance', { actors: [{ ...copilot, instance: 'x' }, mailer] }],
    ['agent model', { actors: [{ ...copilot, model: 'x' }, mailer] }],
    ['agent owner', { actors: [{ ...copilot, owner: 'x' }, mailer] }],
    ['agent purpose', { actors: [{ ...copilot, purpose: 'x' }, mailer] }],
    ['agent key', { actors: [{ ...copilot, keyThumbprint: 'x' }, mailer] }],
    ['chain, shortened', { actors: [mailer] }],
    ['chain, turned round', { actors: [mailer, copilot] }],
    ['scope', { grant: { ...grant, scope: ['files.read'] } }],
    ['details, left out', { grant: { scope: ['files.*'] } }],
    ['details, none', { grant: { scope: ['files.*'], details: [] } }],
    ['actions', { grant: { ...grant, details: [{ actions: ['*'], locations: ['/a/*'] }] } }],
    ['locations', { grant: { ...grant, details: [{ actions: ['files.read'] }] } }],
    ['risk level', { attributes: { ...attributes, riskLevel: 'HIGH' } }],
    ['device compliance', { attributes: { ...attributes, deviceCompliant: false } }],
    ['credential change', { attributes: { ...attributes, credentialChangedAtMs: 1 } }],
    ['attributes, none', { attributes: {} }],
    ['suspensions, none', { suspensions: [] }],
    ['suspension, its kind', { suspensions: [{ kind: 'risk', change: 'jti-1' }] }],
    ['suspension, its change', { suspensions: [{ kind: 'ordered', change: 'jti-2' }] }],
    ['tenant', { subject: { ...subject, tenantId: 't' } }],
    ['only agent', { subject: { ...subject, mayAct: 'copilot' } }],
    [
      'limits',
      {
        grant: {
          ...grant,
          details: [{ actions: ['files.read'], locations: ['/a/*'], limits: { totalCount: 1 } }],
        },
      },
    ],
    ['policy revision', { policyRevision: 'r2' }],
  ])('changes with: %s', (_, change) => {
    expect(hex({ ...CONTEXT, ...change })).not.toBe(HASH);
  });

  it('commits to members with the names of object machinery like to any other', () => {
    const hostile = JSON.parse('{"id":"copilot","keyThumbprint":"k","__proto__":{"id":"admin"}}') as Actor;
    const plain: Actor = { id: 'copilot', keyThumbprint: 'k' };
    expect(hex({ ...CONTEXT, actors: [hostile] })).not.toBe(hex({ ...CONTEXT, actors: [plain] }));
    expect(({} as Partial<Actor>).id).toBeUndefined();
  });

  it('refuses texts that have no one encoding', () => {
    expect(codeOf(() => contextHash({ ...CONTEXT, policyRevision: '\ud800' }))).toBe(
      'RTA_CORE_NOT_CANONICAL',
    );
    expect(codeOf(() => contextHash({ ...CONTEXT, attributes: { credentialChangedAtMs: Number.NaN } }))).toBe(
      'RTA_CORE_NOT_CANONICAL',
    );
  });

  it('is an array of its own, of 32 bytes', () => {
    const hash = contextHash(CONTEXT);
    expect([hash.constructor.name, hash.byteLength]).toEqual(['Uint8Array', 32]);
    expect(contextHash(CONTEXT).buffer).not.toBe(hash.buffer);
  });
});
