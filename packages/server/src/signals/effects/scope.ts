import type { SubjectSelector, UserName } from '@rta/authority';
import type { ComplexSubject, RegisteredTransmitter, SubjectIdentifier, SubjectMember } from '@rta/ssf';
import type { NoEffect } from './signals-of.ts';

/** What a simple subject is the name of, as far as the event itself says. */
export type SubjectMeaning = 'user' | 'device' | 'session' | 'tenant' | 'other';

/** Whom a transmitter's event is about, as far as it may say so. */
export type Scope = { readonly selector: SubjectSelector } | { readonly noEffect: NoEffect };

type Limits = Pick<RegisteredTransmitter, 'subjectIssuers' | 'criticalSubjectMembers' | 'tenants'>;

/** The members of a complex subject that sessions are found by. */
const MEMBERS: ReadonlySet<string> = new Set(['user', 'session', 'device', 'tenant', 'application']);

/**
 * Turns a subject identifier into a selector of sessions.
 *
 * Names that do not say whose they are (`email`, `opaque`) are taken as names at the transmitter's subject issuers.
 * Members of a complex subject that sessions do not have (`group`, …) are passed over, as the matching of
 * SSF 1.0 §8.1.3.1 has it, where another member names a person, a session or a device, and the transmitter does not call
 * them critical: else the event would reach further than it says. For the same reason `user`, `session` and `device`
 * are never passed over.
 *
 * @param meaning - what a simple subject is, by the event.
 */
export function scopeOf(subject: SubjectIdentifier, meaning: SubjectMeaning, limits: Limits): Scope {
  const { subjectIssuers: issuers, tenants } = limits;
  if (subject.format === 'complex' && isCritical(subject, limits)) return { noEffect: 'subject-critical' };
  const selector =
    subject.format === 'complex'
      ? complexSelector(subject, issuers)
      : simpleSelector(subject, meaning, issuers);
  if (selector === undefined) return { noEffect: 'subject-format' };
  return { selector: { ...selector, ...(tenants === undefined ? {} : { within: { tenants, issuers } }) } };
}

/** @see SSF 1.0 §3.6 */
function isCritical({ format: _format, others, ...members }: ComplexSubject, limits: Limits): boolean {
  return [...Object.keys(members), ...Object.keys(others)].some(
    (name) => limits.criticalSubjectMembers.has(name) && !MEMBERS.has(name),
  );
}

function complexSelector(
  { user, session, device, tenant, application, org_unit: unit, group, others }: ComplexSubject,
  issuers: readonly string[],
): SubjectSelector | undefined {
  const named = [
    user === undefined ? {} : simpleSelector(user, 'user', issuers),
    session === undefined ? {} : simpleSelector(session, 'session', issuers),
    device === undefined ? {} : simpleSelector(device, 'device', issuers),
  ];
  if (named.includes(undefined)) return undefined;
  const isNamed = [user, session, device].some((member) => member !== undefined);
  const collective = [
    tenant === undefined ? {} : simpleSelector(tenant, 'tenant', issuers),
    application === undefined ? {} : clientSelector(application, issuers),
  ];
  const isPartial =
    collective.includes(undefined) ||
    unit !== undefined ||
    group !== undefined ||
    Object.keys(others).length > 0;
  if (isPartial && !isNamed) return undefined;
  const selector: SubjectSelector = Object.assign({}, ...named, ...collective);
  return Object.keys(selector).length === 0 ? undefined : selector;
}

function simpleSelector(
  subject: SubjectMember,
  meaning: SubjectMeaning,
  issuers: readonly string[],
): SubjectSelector | undefined {
  if (subject.format === 'jwt_id') {
    // A token is one of a session; it is no person, device or tenant.
    const isToken = meaning === 'user' || meaning === 'session';
    return isToken ? { idpToken: { id: subject.jti, issuers: [subject.iss] } } : undefined;
  }
  if (meaning === 'user') {
    const user = userSelector(subject, issuers);
    return user === undefined ? undefined : { user };
  }
  const name = nameOf(subject, issuers);
  if (name === undefined) return undefined;
  switch (meaning) {
    case 'session':
      return { idpSession: name };
    case 'device':
      return { device: name };
    case 'tenant':
      return { tenant: name };
    case 'other':
      return undefined;
  }
}

function clientSelector(application: SubjectMember, issuers: readonly string[]): SubjectSelector | undefined {
  const client = nameOf(application, issuers);
  return client === undefined ? undefined : { client };
}

function nameOf(
  member: SubjectMember,
  issuers: readonly string[],
): { readonly id: string; readonly issuers: readonly string[] } | undefined {
  if (member.format === 'iss_sub') return { id: member.sub, issuers: [member.iss] };
  if (member.format === 'opaque') return { id: member.id, issuers };
  return undefined;
}

function userSelector(user: SubjectMember, issuers: readonly string[]): SubjectSelector['user'] {
  const names = userNames(user, issuers);
  const [first] = names;
  return names.length > 1 ? { by: 'any', of: names } : first;
}

function userNames(user: SubjectMember, issuers: readonly string[]): readonly UserName[] {
  const opaque = (id: string): UserName => ({ by: 'opaque', id, issuers });
  switch (user.format) {
    case 'iss_sub':
      return [{ by: 'iss-sub', issuer: user.iss, sub: user.sub }];
    case 'email':
      return [{ by: 'email', email: user.email, issuers }];
    case 'phone_number':
      return [{ by: 'phone', phone: user.phone_number, issuers }];
    case 'opaque':
      return [opaque(user.id)];
    case 'account':
    case 'uri':
      return [opaque(user.uri)];
    case 'did':
      return [opaque(user.url)];
    case 'scim': {
      const id = scimUserId(user.uri);
      return [id, id === undefined ? undefined : user.externalId]
        .filter((one) => one !== undefined)
        .map(opaque);
    }
    case 'aliases':
      return user.identifiers.flatMap((one) => userNames(one, issuers));
    case 'ip-addresses':
    case 'jwt_id':
    case 'saml_assertion_id':
    case 'unknown':
      return [];
  }
}

/** The id of a SCIM resource, where that is a user. @see RFC 9967 §2.1, RFC 7644 §3.2 */
function scimUserId(uri: string): string | undefined {
  const [, id] = /(?:^|\/)Users\/([^/?#]+)$/.exec(uri) ?? [];
  try {
    return id === undefined ? undefined : decodeURIComponent(id);
  } catch {
    return undefined;
  }
}
