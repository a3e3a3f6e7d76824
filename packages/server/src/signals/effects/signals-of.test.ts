import type { JsonObject } from '@rta/core';
import { CAEP_EVENTS, OAUTH_EVENTS, RISC_EVENTS, SCIM_EVENTS } from '@rta/ssf';
import { describe, expect, test } from 'vitest';
import { IDP, JANE, opaque, received, transmitter } from '../../../test/received-event.ts';
import { signalsOf } from './signals-of.ts';

const { sessionRevoked, riskLevelChange } = CAEP_EVENTS;

function subjectsOf(subject: JsonObject, type: string = sessionRevoked, value: JsonObject = {}): unknown {
  const effects = signalsOf(received(type, value, { subject }), transmitter());
  return 'noEffect' in effects ? effects.noEffect : effects.signals.map((signal) => signal.subject);
}

test('a signal carries what the event says, and where it comes from', () => {
  const event = received(
    sessionRevoked,
    { reason_admin: { en: 'Policy' }, event_timestamp: 1 },
    { txn: 'txn-7', sourceTimeMs: 1_767_225_660_000, occurredAtMs: 1_767_225_600_000 },
  );
  expect(signalsOf(event, transmitter())).toEqual({
    signals: [
      {
        id: 'set:1',
        source: { issuer: IDP, id: 'jti-1', txn: 'txn-7' },
        subject: { user: { by: 'iss-sub', issuer: IDP, sub: 'jane' } },
        change: { kind: 'session-revoked' },
        occurredAtMs: 1_767_225_600_000,
        receivedAtMs: 1_767_225_600_000,
        sourceTimeMs: 1_767_225_660_000,
        reason: 'Policy',
      },
    ],
  });
});

/** The changes of an event's signals with their ids, or why there is none. */
function changesOf(type: string, value: JsonObject = {}, subject: JsonObject = JANE): unknown {
  const effects = signalsOf(received(type, value, { subject }), transmitter());
  return 'noEffect' in effects ? effects.noEffect : effects.signals.map(({ id, change }) => [id, change]);
}

const CUT_OFF = ['set:1', { kind: 'session-revoked' }];
const DISABLED = [CUT_OFF, ['set:1#account', { kind: 'account', current: 'disabled' }]];
const ENABLED = [['set:1', { kind: 'account', current: 'enabled' }]];
const PROFILE = [['set:1', { kind: 'profile-change' }]];
const EMAIL = { format: 'email', email: 'jane@x.example' };
const PHONE = { format: 'phone_number', phone_number: '+1 206 555 0123' };

// docs/security-events.md, row by row.
describe('what an event means', () => {
  test.each<[row: string, type: string, value: JsonObject, changes: unknown]>([
    ['session-revoked', sessionRevoked, {}, [CUT_OFF]],
    ['sessions-revoked', RISC_EVENTS.sessionsRevoked, {}, [CUT_OFF]],
    ['tokens-revoked', OAUTH_EVENTS.tokensRevoked, {}, [CUT_OFF]],
    [
      'credential-change',
      CAEP_EVENTS.credentialChange,
      { credential_type: 'fido2-roaming', change_type: 'delete', friendly_name: 7 },
      [['set:1', { kind: 'credential-change', credentialType: 'fido2-roaming', changeType: 'delete' }]],
    ],
    [
      'credential-compromise',
      RISC_EVENTS.credentialCompromise,
      { credential_type: 'password' },
      [['set:1', { kind: 'credential-change', credentialType: 'password', changeType: 'revoke' }]],
    ],
    [
      'account-credential-change-required',
      RISC_EVENTS.accountCredentialChangeRequired,
      {},
      [['set:1', { kind: 'credential-change-required' }]],
    ],
    ['account-disabled', RISC_EVENTS.accountDisabled, { reason: 'hijacking' }, DISABLED],
    ['prov:deactivate', SCIM_EVENTS.deactivate, {}, DISABLED],
    ['prov:delete', SCIM_EVENTS.delete, {}, DISABLED],
    ['prov:put:full with active false', SCIM_EVENTS.putFull, { data: { active: false } }, DISABLED],
    [
      'prov:patch:full with active false',
      SCIM_EVENTS.patchFull,
      { data: { Operations: [{ op: 'replace', path: 'active', value: false }] } },
      DISABLED,
    ],
    [
      'account-purged',
      RISC_EVENTS.accountPurged,
      {},
      [CUT_OFF, ['set:1#account', { kind: 'account', current: 'purged' }]],
    ],
    ['account-enabled', RISC_EVENTS.accountEnabled, {}, ENABLED],
    ['prov:activate', SCIM_EVENTS.activate, {}, ENABLED],
    ['prov:put:full with active true', SCIM_EVENTS.putFull, { data: { active: true } }, ENABLED],
    [
      'device-compliance-change',
      CAEP_EVENTS.deviceComplianceChange,
      { previous_status: 'not-compliant', current_status: 'compliant' },
      [['set:1', { kind: 'device-compliance-change', current: 'compliant' }]],
    ],
    [
      'risk-level-change',
      riskLevelChange,
      { principal: 'USER', previous_level: 'LOW', current_level: 'HIGH' },
      [['set:1', { kind: 'risk-level-change', principal: 'USER', current: 'HIGH' }]],
    ],
    [
      'token-claims-change',
      CAEP_EVENTS.tokenClaimsChange,
      { claims: { role: 'ro', groups: ['a'] } },
      [
        ['set:1', { kind: 'token-claims-change', name: 'role', value: 'ro' }],
        ['set:1#claim-2', { kind: 'token-claims-change', name: 'groups', value: ['a'] }],
      ],
    ],
    [
      'assurance-level-change',
      CAEP_EVENTS.assuranceLevelChange,
      { namespace: 'NIST-AAL', current_level: 'nist-aal1', change_direction: 'decrease' },
      [
        [
          'set:1',
          {
            kind: 'assurance-level-change',
            namespace: 'NIST-AAL',
            current: 'nist-aal1',
            direction: 'decrease',
          },
        ],
      ],
    ],
    ['recovery-activated', RISC_EVENTS.recoveryActivated, {}, [['set:1', { kind: 'recovery-activated' }]]],
    [
      'recovery-information-changed',
      RISC_EVENTS.recoveryInformationChanged,
      {},
      [['set:1', { kind: 'recovery-information-changed' }]],
    ],
    ['prov:patch:notice', SCIM_EVENTS.patchNotice, { attributes: ['active'] }, PROFILE],
    ['prov:put:notice', SCIM_EVENTS.putNotice, {}, PROFILE],
    ['prov:put:full without active', SCIM_EVENTS.putFull, { data: { nickName: 'J' } }, PROFILE],
    ['session-established', CAEP_EVENTS.sessionEstablished, {}, []],
    ['session-presented', CAEP_EVENTS.sessionPresented, {}, []],
    ['opt-in', RISC_EVENTS.optIn, {}, []],
    ['opt-out-initiated', RISC_EVENTS.optOutInitiated, {}, []],
    ['opt-out-cancelled', RISC_EVENTS.optOutCancelled, {}, []],
    ['opt-out-effective', RISC_EVENTS.optOutEffective, {}, []],
    ['prov:create:notice', SCIM_EVENTS.createNotice, {}, []],
    ['prov:create:full', SCIM_EVENTS.createFull, { data: { active: false } }, []],
    ['feed:add', SCIM_EVENTS.feedAdd, {}, []],
    ['feed:remove', SCIM_EVENTS.feedRemove, {}, []],
    ['misc:asyncresp', SCIM_EVENTS.asyncResponse, {}, []],
    ['any other', 'https://idp.example/event/new', {}, 'event-type-unknown'],
  ])('%s', (_row, type, value, changes) => {
    expect(changesOf(type, value)).toEqual(changes);
  });

  test.each([RISC_EVENTS.identifierChanged, RISC_EVENTS.identifierRecycled])(
    '%s, of an e-mail address or a phone number and nothing else',
    (type) => {
      expect(changesOf(type, {}, EMAIL)).toEqual([CUT_OFF]);
      expect(changesOf(type, {}, PHONE)).toEqual([CUT_OFF]);
      expect(changesOf(type, {}, JANE)).toBe('subject-format');
    },
  );

  test('there is a row for each event type that this release knows', () => {
    const all = [CAEP_EVENTS, RISC_EVENTS, SCIM_EVENTS, OAUTH_EVENTS].flatMap((types) =>
      Object.values(types),
    );
    const needed = {
      claims: {},
      data: {},
      credential_type: 'x',
      change_type: 'create',
      namespace: 'x',
      current_level: 'LOW',
      principal: 'USER',
      previous_status: 'compliant',
      current_status: 'compliant',
    };
    expect(all.length).toBe(35);
    expect(all.filter((type) => changesOf(type, needed, EMAIL) === 'event-type-unknown')).toEqual([]);
  });
});

describe('levels of assurance', () => {
  test.each([
    [{ previous_level: 'nist-aal2', current_level: 'nist-aal1' }, 'decrease'],
    [{ previous_level: '2', current_level: '3' }, 'increase'],
    [{ previous_level: 'nist-aal2', current_level: 'nist-aal2' }, undefined],
    [{ previous_level: 'nist-ial2', current_level: 'nist-aal1' }, undefined],
    [{ previous_level: 'gold', current_level: 'silver' }, undefined],
    [{ previous_level: 'gold', current_level: 'silver', change_direction: 'decrease' }, 'decrease'],
    [{ current_level: 'nist-aal1' }, undefined],
  ])('%j goes which way: %s', (levels, direction) => {
    const type = CAEP_EVENTS.assuranceLevelChange;
    expect(changesOf(type, { namespace: 'x', ...levels })).toEqual([
      [
        'set:1',
        {
          kind: 'assurance-level-change',
          namespace: 'x',
          current: levels.current_level,
          ...(direction === undefined ? {} : { direction }),
        },
      ],
    ]);
  });
});

function nested(depth: number): JsonObject {
  return { claim: JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`) };
}

describe('changed claims', () => {
  test.each<[string, JsonObject, unknown]>([
    [
      'sixteen at most',
      Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`c${index}`, 1])),
      'claims-too-large',
    ],
    ['1,024 bytes each at most', { claim: 'x'.repeat(1_013) }, 'claims-too-large'],
    ['nested eight deep at most', nested(9), 'claims-too-large'],
    ['none changes nothing', {}, []],
  ])('%s', (_case, claims, expected) => {
    expect(changesOf(CAEP_EVENTS.tokenClaimsChange, { claims })).toEqual(expected);
  });

  test('those that just fit are taken', () => {
    for (const claims of [{ claim: 'x'.repeat(1_012) }, nested(8)]) {
      expect(changesOf(CAEP_EVENTS.tokenClaimsChange, { claims })).toMatchObject([['set:1', {}]]);
    }
  });
});

describe('[R23] subjects reach as far as they say', () => {
  test.each<[string, JsonObject, object]>([
    ['a user', JANE, { user: { by: 'iss-sub', issuer: IDP, sub: 'jane' } }],
    [
      'an e-mail address',
      { format: 'email', email: 'Jane@x.example' },
      { user: { by: 'email', email: 'Jane@x.example', issuers: [IDP] } },
    ],
    ['an opaque name', opaque('s-1'), { user: { by: 'opaque', id: 's-1', issuers: [IDP] } }],
    [
      'one session of a user',
      { format: 'complex', user: JANE, session: opaque('s-1') },
      { user: { by: 'iss-sub', issuer: IDP, sub: 'jane' }, idpSession: { id: 's-1', issuers: [IDP] } },
    ],
    [
      'a session alone',
      { format: 'complex', session: { format: 'iss_sub', iss: IDP, sub: 's-1' } },
      { idpSession: { id: 's-1', issuers: [IDP] } },
    ],
    [
      'a user on a device in a tenant, who signed in to an application',
      {
        format: 'complex',
        user: JANE,
        device: { ...JANE, sub: 'd-1' },
        tenant: opaque('t-1'),
        application: opaque('app-1'),
        group: opaque('g-1'),
        others: 1,
      },
      {
        user: { by: 'iss-sub', issuer: IDP, sub: 'jane' },
        device: { id: 'd-1', issuers: [IDP] },
        tenant: { id: 't-1', issuers: [IDP] },
        client: { id: 'app-1', issuers: [IDP] },
      },
    ],
    [
      'all of a tenant',
      { format: 'complex', tenant: { ...JANE, sub: 't-1' } },
      { tenant: { id: 't-1', issuers: [IDP] } },
    ],
    [
      'all of an application',
      { format: 'complex', application: opaque('app-1') },
      { client: { id: 'app-1', issuers: [IDP] } },
    ],
    ['a phone number', PHONE, { user: { by: 'phone', phone: '+1 206 555 0123', issuers: [IDP] } }],
    [
      'an account',
      { format: 'account', uri: 'acct:jane@x.example' },
      { user: { by: 'opaque', id: 'acct:jane@x.example', issuers: [IDP] } },
    ],
    ['a URI', { format: 'uri', uri: 'urn:x:1' }, { user: { by: 'opaque', id: 'urn:x:1', issuers: [IDP] } }],
    ['a DID', { format: 'did', url: 'did:x:1' }, { user: { by: 'opaque', id: 'did:x:1', issuers: [IDP] } }],
    ['a token', { format: 'jwt_id', iss: IDP, jti: 'x' }, { idpToken: { id: 'x', issuers: [IDP] } }],
    [
      'the session of a token',
      { format: 'complex', user: JANE, session: { format: 'jwt_id', iss: IDP, jti: 'x' } },
      { user: { by: 'iss-sub', issuer: IDP, sub: 'jane' }, idpToken: { id: 'x', issuers: [IDP] } },
    ],
    [
      'several names of one person',
      { format: 'aliases', identifiers: [JANE, EMAIL, { format: 'shoe_size', value: 43 }] },
      {
        user: {
          by: 'any',
          of: [
            { by: 'iss-sub', issuer: IDP, sub: 'jane' },
            { by: 'email', email: 'jane@x.example', issuers: [IDP] },
          ],
        },
      },
    ],
    [
      'a user of SCIM, by both names',
      { format: 'scim', uri: 'https://scim.example/v2/Users/44f%20', externalId: 'jane' },
      {
        user: {
          by: 'any',
          of: [
            { by: 'opaque', id: '44f ', issuers: [IDP] },
            { by: 'opaque', id: 'jane', issuers: [IDP] },
          ],
        },
      },
    ],
    [
      'a user of SCIM, by its id',
      { format: 'scim', uri: '/Users/44f' },
      { user: { by: 'opaque', id: '44f', issuers: [IDP] } },
    ],
  ])('%s', (_case, subject, selector) => {
    expect(subjectsOf(subject)).toEqual([selector]);
  });

  test.each<[string, JsonObject]>([
    ['a group would be everybody', { format: 'complex', group: opaque('g-1') }],
    [
      'a group of a tenant would be all of it',
      { format: 'complex', tenant: opaque('t-1'), group: opaque('g-1') },
    ],
    [
      'an application that cannot be read would be all of the tenant',
      { format: 'complex', tenant: opaque('t-1'), application: EMAIL },
    ],
    [
      'a session that is named by e-mail would be all of the user',
      { format: 'complex', user: JANE, session: { format: 'email', email: 'a@x.example' } },
    ],
    [
      'a user that cannot be read would be everybody on the device',
      { format: 'complex', user: { format: 'ip-addresses', 'ip-addresses': ['::1'] }, device: opaque('d-1') },
    ],
    ['addresses', { format: 'ip-addresses', 'ip-addresses': ['10.0.0.1'] }],
    ['a SAML assertion', { format: 'saml_assertion_id', issuer: IDP, assertion_id: 'a' }],
    ['a resource of SCIM that is no user', { format: 'scim', uri: '/Groups/g', externalId: 'jane' }],
    ['a resource of SCIM without a name', { format: 'scim', uri: '/Users/%ff' }],
    [
      'aliases that nobody can read',
      { format: 'aliases', identifiers: [{ format: 'shoe_size', value: 43 }] },
    ],
    ['an unknown format', { format: 'shoe_size', value: 43 }],
  ])('no effect: %s', (_case, subject) => {
    expect(subjectsOf(subject)).toBe('subject-format');
  });

  test.each<[string, unknown]>([
    ['USER', [{ user: { by: 'opaque', id: 'x-1', issuers: [IDP] } }]],
    ['DEVICE', [{ device: { id: 'x-1', issuers: [IDP] } }]],
    ['SESSION', [{ idpSession: { id: 'x-1', issuers: [IDP] } }]],
    ['TENANT', [{ tenant: { id: 'x-1', issuers: [IDP] } }]],
    ['GROUP', 'subject-format'],
    ['constructor', 'subject-format'],
  ])('the principal %s says what a simple subject of a risk level is', (principal, expected) => {
    expect(subjectsOf(opaque('x-1'), riskLevelChange, { principal, current_level: 'HIGH' })).toEqual(
      expected,
    );
  });

  test('a transmitter of some tenants speaks of people in those only', () => {
    expect(signalsOf(received(sessionRevoked), transmitter({ tenants: ['t-1'] }))).toMatchObject({
      signals: [{ subject: { within: { tenants: ['t-1'], issuers: [IDP] } } }],
    });
  });
});

test.each(['group', 'org_unit', 'cell'])(
  '[R22] a %s that is critical and not understood leaves the event without effect',
  (name) => {
    const event = received(
      sessionRevoked,
      {},
      { subject: { format: 'complex', user: JANE, tenant: opaque('t-1'), [name]: opaque('x') } },
    );
    const withCritical = (...names: string[]): unknown =>
      signalsOf(event, transmitter({ criticalSubjectMembers: new Set(names) }));
    expect(withCritical('user', name)).toEqual({ noEffect: 'subject-critical' });
    expect(withCritical('user', 'session', 'device', 'tenant', 'application')).toMatchObject({
      signals: [{}],
    });
  },
);

function reasonOf(value: JsonObject): unknown {
  const effects = signalsOf(received(sessionRevoked, value), transmitter());
  return 'signals' in effects ? effects.signals[0]?.reason : effects;
}

describe('the words for people', () => {
  test.each<[string, JsonObject, string | undefined]>([
    ['English before others', { reason_admin: { de: 'Richtlinie', en: 'Policy' } }, 'Policy'],
    [
      'the first where there is no English',
      { reason_admin: { de: 'Richtlinie', it: 'Norma' } },
      'Richtlinie',
    ],
    ['not what is meant for the user', { reason_user: { en: 'Sorry' } }, undefined],
    [
      'one line without controls',
      { reason_admin: { en: ' a\r\nb\u0000\u001b[31mc\u2028\u202ed\u200b ' } },
      'a b [31mc d',
    ],
    ['nothing where only controls are', { reason_admin: { en: '\r\n\u0007' } }, undefined],
    ['nothing where there are no words', { reason_admin: {} }, undefined],
    [
      'at most 256 characters, none of them half',
      { reason_admin: { en: `${'x'.repeat(255)}🔑 and more` } },
      'x'.repeat(255),
    ],
  ])('%s', (_case, value, reason) => {
    expect(reasonOf(value)).toBe(reason);
  });
});
