import type { JsonObject } from '@rta/core';
import { describe, expect, test } from 'vitest';
import {
  CAEP_EVENTS,
  isKnownEventType,
  OAUTH_EVENTS,
  RISC_EVENTS,
  SCIM_EVENTS,
  SSF_EVENTS,
  securityEvent,
} from '../src/index.ts';
import { errorOf, eventClaims, openBench } from './fixture.ts';

const ASSURANCE = { namespace: 'NIST-AAL', current_level: 'nist-aal2' };
const CREDENTIAL = { credential_type: 'password', change_type: 'update' };
const COMPLIANCE = { previous_status: 'compliant', current_status: 'not-compliant' };
const RISK = { principal: 'USER', current_level: 'HIGH' };

/** One good event of each type, with all members that its specification has. */
const COMPLETE: readonly (readonly [type: string, value: JsonObject])[] = [
  [CAEP_EVENTS.sessionRevoked, {}],
  [CAEP_EVENTS.tokenClaimsChange, { claims: { role: 'ro', deep: [{ a: null }] } }],
  [
    CAEP_EVENTS.credentialChange,
    { ...CREDENTIAL, friendly_name: 'key', x509_issuer: 'CN=x', x509_serial: '1', fido2_aaguid: 'a' },
  ],
  [
    CAEP_EVENTS.assuranceLevelChange,
    { ...ASSURANCE, previous_level: 'nist-aal1', change_direction: 'increase' },
  ],
  [CAEP_EVENTS.deviceComplianceChange, COMPLIANCE],
  [CAEP_EVENTS.sessionEstablished, { fp_ua: 'x', acr: 'AAL2', amr: ['otp'], ext_id: 'e' }],
  [CAEP_EVENTS.sessionPresented, { fp_ua: 'x', ext_id: 'e' }],
  [CAEP_EVENTS.riskLevelChange, { ...RISK, previous_level: 'LOW', risk_reason: 'travel' }],
];
const COMMON = {
  event_timestamp: 1.5,
  initiating_entity: 'policy',
  reason_admin: { en: 'x' },
  reason_user: { de: 'y' },
};

describe('members of CAEP events', () => {
  test.each(COMPLETE)('%s: all are kept', (type, value) => {
    const all = { ...value, ...COMMON };
    expect(securityEvent(type, all)).toEqual({ type, value: all });
  });

  test.each(COMPLETE)('%s: others are left out', (type, value) => {
    expect(securityEvent(type, { ...value, extra: 1 })).toEqual({ type, value });
  });
});

describe('[R16] what a specification demands is demanded', () => {
  test.each<[string, JsonObject]>([
    [CAEP_EVENTS.sessionRevoked, { event_timestamp: '1' }],
    [CAEP_EVENTS.sessionRevoked, { event_timestamp: -1 }],
    [CAEP_EVENTS.sessionRevoked, { initiating_entity: 'nobody' }],
    [CAEP_EVENTS.sessionRevoked, { reason_admin: 'x' }],
    [CAEP_EVENTS.sessionRevoked, { reason_user: { en: 1 } }],
    [CAEP_EVENTS.tokenClaimsChange, {}],
    [CAEP_EVENTS.tokenClaimsChange, { claims: [] }],
    [CAEP_EVENTS.credentialChange, { change_type: 'update' }],
    [CAEP_EVENTS.credentialChange, { ...CREDENTIAL, change_type: 'lost' }],
    [CAEP_EVENTS.credentialChange, { ...CREDENTIAL, credential_type: '' }],
    [CAEP_EVENTS.assuranceLevelChange, { current_level: 'x' }],
    [CAEP_EVENTS.assuranceLevelChange, { namespace: 'x' }],
    [CAEP_EVENTS.assuranceLevelChange, { ...ASSURANCE, change_direction: 'sideways' }],
    [CAEP_EVENTS.deviceComplianceChange, { current_status: 'compliant' }],
    [CAEP_EVENTS.deviceComplianceChange, { ...COMPLIANCE, current_status: 'not_compliant' }],
    [CAEP_EVENTS.riskLevelChange, { current_level: 'HIGH' }],
    [CAEP_EVENTS.riskLevelChange, { ...RISK, current_level: 'high' }],
    [CAEP_EVENTS.riskLevelChange, { ...RISK, previous_level: 'NONE' }],
    [RISC_EVENTS.credentialCompromise, {}],
    [SSF_EVENTS.verification, { state: 1 }],
    [SSF_EVENTS.streamUpdated, {}],
    [SSF_EVENTS.streamUpdated, { status: 'gone' }],
    [SCIM_EVENTS.putFull, {}],
    [SCIM_EVENTS.patchNotice, { attributes: 'active' }],
  ])('%s with %j', async (type, value) => {
    expect(() => securityEvent(type, value)).toThrow(expect.objectContaining({ code: 'RTA_SSF_EVENT' }));
    await using bench = openBench();
    const response = await bench.send(eventClaims(type, value));
    expect([response.status, errorOf(response)]).toEqual([400, 'invalid_request']);
    expect([...bench.events, ...bench.streamEvents]).toEqual([]);
  });

  test("values of one's own are allowed where the specification allows them", () => {
    const value = { namespace: 'Retinal Scan', current_level: 'hi-res' };
    expect(securityEvent(CAEP_EVENTS.assuranceLevelChange, value)).toMatchObject({ value });
    const own = { credential_type: 'urn:x:tattoo', change_type: 'revoke' };
    expect(securityEvent(CAEP_EVENTS.credentialChange, own)).toMatchObject({ value: own });
  });

  test('a revocation is not lost over a label', () => {
    const value = { ...CREDENTIAL, change_type: 'revoke' };
    expect(securityEvent(CAEP_EVENTS.credentialChange, { ...value, friendly_name: 7 })).toMatchObject({
      value,
    });
    expect(securityEvent(RISC_EVENTS.accountDisabled, { reason: {}, event_timestamp: 'x' })).toEqual({
      type: RISC_EVENTS.accountDisabled,
      value: {},
    });
  });
});

test('all event types of the specifications are known, each once', () => {
  const all = [CAEP_EVENTS, RISC_EVENTS, SSF_EVENTS, SCIM_EVENTS, OAUTH_EVENTS].map((types) =>
    Object.values(types),
  );
  expect(all.map((types) => types.length)).toEqual([8, 14, 2, 12, 1]);
  expect(new Set(all.flat()).size).toBe(37);
  expect(all.flat().every(isKnownEventType)).toBe(true);
  expect(['constructor', '__proto__', 'session-revoked'].some(isKnownEventType)).toBe(false);
});
