import { z } from 'zod';
import { CAEP_EVENTS } from './event-types.ts';
import { anyObject, CAEP_MEMBERS, label, nameOfSomething } from './members.ts';

const text = label(nameOfSomething);
const compliance = z.enum(['compliant', 'not-compliant']);
const riskLevel = z.enum(['LOW', 'MEDIUM', 'HIGH']);

/** What the members of each CAEP event are. @see CAEP 1.0 §3 */
export const CAEP_SCHEMAS = {
  /** The sessions of the subject were revoked. */
  [CAEP_EVENTS.sessionRevoked]: z.object({ ...CAEP_MEMBERS }),
  /** Claims of a token have other values now: `claims` has the new ones. */
  [CAEP_EVENTS.tokenClaimsChange]: z.object({ ...CAEP_MEMBERS, claims: anyObject }),
  /** A credential was created, changed, revoked or deleted. */
  [CAEP_EVENTS.credentialChange]: z.object({
    ...CAEP_MEMBERS,
    credential_type: nameOfSomething,
    change_type: z.enum(['create', 'revoke', 'update', 'delete']),
    friendly_name: text,
    x509_issuer: text,
    x509_serial: text,
    fido2_aaguid: text,
  }),
  /** How sure the transmitter is of who the user is went up or down. The lists of namespaces and levels are open. */
  [CAEP_EVENTS.assuranceLevelChange]: z.object({
    ...CAEP_MEMBERS,
    namespace: nameOfSomething,
    current_level: nameOfSomething,
    previous_level: nameOfSomething.exactOptional(),
    change_direction: z.enum(['increase', 'decrease']).exactOptional(),
  }),
  /** A device met its policy and does not any more, or the other way round. */
  [CAEP_EVENTS.deviceComplianceChange]: z.object({
    ...CAEP_MEMBERS,
    previous_status: compliance,
    current_status: compliance,
  }),
  /** The subject has a new session at the transmitter. */
  [CAEP_EVENTS.sessionEstablished]: z.object({
    ...CAEP_MEMBERS,
    fp_ua: text,
    acr: text,
    amr: label(z.array(nameOfSomething)),
    ext_id: text,
  }),
  /** The subject's session was seen at the transmitter. */
  [CAEP_EVENTS.sessionPresented]: z.object({ ...CAEP_MEMBERS, fp_ua: text, ext_id: text }),
  /** The risk that comes with `principal` changed; its list is open. */
  [CAEP_EVENTS.riskLevelChange]: z.object({
    ...CAEP_MEMBERS,
    principal: nameOfSomething,
    current_level: riskLevel,
    previous_level: riskLevel.exactOptional(),
    risk_reason: text,
  }),
} as const;
