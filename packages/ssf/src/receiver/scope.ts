import {
  type AliasesSubject,
  SUBJECT_MEMBERS,
  type SubjectIdentifier,
  type SubjectMember,
} from '../subjects/subject-identifier.ts';
import type { RegisteredTransmitter } from './registered-transmitter.ts';

/** Why a transmitter's word about a subject has no effect. */
export type OutOfScope =
  /** The subject belongs to an issuer that this transmitter does not speak for. */
  | 'subject-issuer'
  /** The subject belongs to a tenant that this transmitter does not speak for. */
  | 'subject-tenant'
  /** A complex subject has a member that must be understood, and is not (SSF 1.0 §3.6). */
  | 'subject-critical';

type Limits = Pick<RegisteredTransmitter, 'subjectIssuers' | 'tenants' | 'criticalSubjectMembers'>;

/**
 * What of a subject its transmitter may speak of: all of it, or without the aliases that belong to issuers that it
 * does not speak for.
 */
export function withinScope(
  subject: SubjectIdentifier,
  limits: Limits,
): { readonly subject: SubjectIdentifier } | { readonly outOfScope: OutOfScope } {
  if (subject.format !== 'complex') {
    const member = ofIssuers(subject, limits.subjectIssuers);
    return member === undefined ? { outOfScope: 'subject-issuer' } : { subject: member };
  }
  const { others } = subject;
  if (Object.keys(others).some((name) => limits.criticalSubjectMembers.has(name))) {
    return { outOfScope: 'subject-critical' };
  }
  const members: Partial<Record<(typeof SUBJECT_MEMBERS)[number], SubjectMember>> = {};
  for (const name of SUBJECT_MEMBERS) {
    const given = subject[name];
    if (given === undefined) continue;
    if (given.format === 'unknown' && limits.criticalSubjectMembers.has(name)) {
      return { outOfScope: 'subject-critical' };
    }
    const member = ofIssuers(given, limits.subjectIssuers);
    if (member === undefined) return { outOfScope: 'subject-issuer' };
    members[name] = member;
  }
  if (members.tenant !== undefined && !isOneOf(members.tenant, limits.tenants)) {
    return { outOfScope: 'subject-tenant' };
  }
  return { subject: { format: 'complex', ...members, others } };
}

/** The member without names at other issuers; undefined where nothing is left. Names without an issuer are nobody's. */
function ofIssuers(member: SubjectMember, issuers: readonly string[]): SubjectMember | undefined {
  switch (member.format) {
    case 'iss_sub':
    case 'jwt_id':
      return issuers.includes(member.iss) ? member : undefined;
    case 'saml_assertion_id':
      return issuers.includes(member.issuer) ? member : undefined;
    case 'aliases': {
      const identifiers = member.identifiers.filter((one) => ofIssuers(one, issuers) !== undefined);
      return identifiers.length === 0
        ? undefined
        : ({ format: 'aliases', identifiers } satisfies AliasesSubject);
    }
    default:
      return member;
  }
}

function isOneOf(tenant: SubjectMember, tenants: RegisteredTransmitter['tenants']): boolean {
  if (tenants === undefined) return true;
  if (tenant.format === 'opaque') return tenants.includes(tenant.id);
  return tenant.format === 'iss_sub' && tenants.includes(tenant.sub);
}
