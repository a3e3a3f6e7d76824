import type { JsonObject } from '@rta/core';
import { CAEP_EVENTS, RISC_EVENTS } from '@rta/ssf';
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

describe('what an event means', () => {
  test.each<[string, string, JsonObject, object]>([
    ['session-revoked', sessionRevoked, {}, { kind: 'session-revoked' }],
    [
      'credential-change',
      CAEP_EVENTS.credentialChange,
      { credential_type: 'fido2-roaming', change_type: 'delete', friendly_name: 7 },
      { kind: 'credential-change', credentialType: 'fido2-roaming', changeType: 'delete' },
    ],
    [
      'device-compliance-change',
      CAEP_EVENTS.deviceComplianceChange,
      { previous_status: 'not-compliant', current_status: 'compliant' },
      { kind: 'device-compliance-change', current: 'compliant' },
    ],
    [
      'risk-level-change',
      riskLevelChange,
      { principal: 'USER', previous_level: 'LOW', current_level: 'HIGH' },
      { kind: 'risk-level-change', principal: 'USER', current: 'HIGH' },
    ],
  ])('%s', (_name, type, value, change) => {
    expect(signalsOf(received(type, value), transmitter())).toMatchObject({ signals: [{ change }] });
  });

  test.each([RISC_EVENTS.optIn, CAEP_EVENTS.sessionPresented, 'https://idp.example/event/new'])(
    '%s has no effect',
    (type) => {
      expect(signalsOf(received(type), transmitter())).toEqual({ noEffect: 'event-type-unknown' });
    },
  );
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
      'a user on a device in a tenant',
      { format: 'complex', user: JANE, device: { ...JANE, sub: 'd-1' }, tenant: opaque('t-1') },
      { user: { by: 'iss-sub', issuer: IDP, sub: 'jane' }, device: { id: 'd-1', issuers: [IDP] } },
    ],
  ])('%s', (_case, subject, selector) => {
    expect(subjectsOf(subject)).toEqual([selector]);
  });

  test.each<[string, JsonObject]>([
    ['a tenant alone would be everybody', { format: 'complex', tenant: opaque('t-1') }],
    [
      'a session that cannot be read would be all of the user',
      { format: 'complex', user: JANE, session: { format: 'jwt_id', iss: IDP, jti: 'x' } },
    ],
    [
      'a session that is named by e-mail would be all of the user',
      { format: 'complex', user: JANE, session: { format: 'email', email: 'a@x.example' } },
    ],
    [
      'a user that cannot be read would be everybody on the device',
      { format: 'complex', user: { format: 'account', uri: 'acct:a@x.example' }, device: opaque('d-1') },
    ],
    ['several names at once', { format: 'aliases', identifiers: [JANE] }],
    ['an unknown format', { format: 'shoe_size', value: 43 }],
    ['a phone number', { format: 'phone_number', phone_number: '+1 206 555 0123' }],
  ])('no effect: %s', (_case, subject) => {
    expect(subjectsOf(subject)).toBe('subject-format');
  });

  test.each<[string, unknown]>([
    ['USER', [{ user: { by: 'opaque', id: 'x-1', issuers: [IDP] } }]],
    ['DEVICE', [{ device: { id: 'x-1', issuers: [IDP] } }]],
    ['SESSION', [{ idpSession: { id: 'x-1', issuers: [IDP] } }]],
    ['TENANT', 'subject-format'],
    ['constructor', 'subject-format'],
  ])('the principal %s says what a simple subject of a risk level is', (principal, expected) => {
    expect(subjectsOf(opaque('x-1'), riskLevelChange, { principal, current_level: 'HIGH' })).toEqual(
      expected,
    );
  });
});

test('[R22] a member of a complex subject that is critical and not understood leaves the event without effect', () => {
  const event = received(
    sessionRevoked,
    {},
    { subject: { format: 'complex', user: JANE, tenant: opaque('t-1') } },
  );
  const withCritical = (...names: string[]): unknown =>
    signalsOf(event, transmitter({ criticalSubjectMembers: new Set(names) }));
  expect(withCritical('user', 'tenant')).toEqual({ noEffect: 'subject-critical' });
  expect(withCritical('user', 'session', 'device')).toMatchObject({ signals: [{}] });
});

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
