import type { Json } from '../scripted/http.ts';

const CAEP = 'https://schemas.openid.net/secevent/caep/event-type/';
const RISC = 'https://schemas.openid.net/secevent/risc/event-type/';

/** One body for each of the 8 event types of CAEP 1.0 §3. */
const CAEP_EXAMPLES: Readonly<Record<string, Json>> = {
  'session-revoked': {
    initiating_entity: 'policy',
    reason_admin: { en: 'Landspeed Policy Violation: C076E82F' },
  },
  'token-claims-change': { claims: { role: 'ro-admin' } },
  'credential-change': { credential_type: 'fido2-roaming', change_type: 'create', friendly_name: 'Blue key' },
  'assurance-level-change': {
    namespace: 'NIST-AAL',
    current_level: 'nist-aal2',
    previous_level: 'nist-aal1',
    change_direction: 'increase',
  },
  'device-compliance-change': { previous_status: 'compliant', current_status: 'not-compliant' },
  'session-established': { fp_ua: 'abb0b6e7da81a42233f8f2b1a8ddb1b9a4c81611', acr: 'AAL2', amr: ['otp'] },
  'session-presented': { fp_ua: 'abb0b6e7da81a42233f8f2b1a8ddb1b9a4c81611', ext_id: '12345' },
  'risk-level-change': {
    principal: 'USER',
    current_level: 'HIGH',
    previous_level: 'LOW',
    risk_reason: 'PASSWORD_FOUND',
  },
};

/** One body for each of the 14 event types of RISC 1.0 §2. */
const RISC_EXAMPLES: Readonly<Record<string, Json>> = {
  'account-credential-change-required': {},
  'account-purged': {},
  'account-disabled': { reason: 'hijacking' },
  'account-enabled': {},
  'identifier-changed': { 'new-value': 'new@example.com' },
  'identifier-recycled': {},
  'credential-compromise': { credential_type: 'password' },
  'opt-in': {},
  'opt-out-initiated': {},
  'opt-out-cancelled': {},
  'opt-out-effective': {},
  'recovery-activated': {},
  'recovery-information-changed': {},
  'sessions-revoked': {},
};

/** Types whose subject is an identifier. */
const OF_IDENTIFIERS = new Set(['identifier-changed', 'identifier-recycled']);

/** An event of each type that receivers have to acknowledge. */
export const EVENT_EXAMPLES: readonly {
  readonly eventType: string;
  readonly event: Json;
  readonly isOfIdentifier: boolean;
}[] = [...examples(CAEP, CAEP_EXAMPLES), ...examples(RISC, RISC_EXAMPLES)];

function examples(base: string, bodies: Readonly<Record<string, Json>>) {
  return Object.entries(bodies).map(([name, event]) => ({
    eventType: `${base}${name}`,
    event,
    isOfIdentifier: OF_IDENTIFIERS.has(name),
  }));
}

/** The types of the CAEP interoperability profile. */
export const INTEROP_TYPES: readonly string[] = [
  'session-revoked',
  'credential-change',
  'device-compliance-change',
  'risk-level-change',
].map((name) => `${CAEP}${name}`);

/** The event that most modules send. */
export const SESSION_REVOKED = `${CAEP}session-revoked`;
