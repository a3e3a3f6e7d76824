import type { SubjectSelector } from '@rta/authority';
import type { RegisteredTransmitter, SubjectIdentifier, SubjectMember } from '@rta/ssf';
import type { NoEffect } from './signals-of.ts';

/** What a simple subject is the name of, as far as the event itself says. */
export type SubjectMeaning = 'user' | 'device' | 'session' | 'other';

/** Whom a transmitter's event is about, as far as it may say so. */
export type Scope = { readonly selector: SubjectSelector } | { readonly noEffect: NoEffect };

/** The members of a complex subject that sessions are found by. */
const MEMBERS: readonly string[] = ['user', 'session', 'device'];

/**
 * Turns a subject identifier into a selector of sessions.
 *
 * Names that do not say whose they are (`email`, `opaque`) are taken as names at the transmitter's subject issuers.
 * Members of a complex subject that sessions do not have (`application`, `group`, …) are passed over, as the
 * matching of SSF 1.0 §8.1.3.1 has it, unless the transmitter calls them critical; but `user`, `session` and
 * `device` never are: without one of them an event would reach further than it says.
 *
 * @param meaning - what a simple subject is, by the event.
 */
export function scopeOf(
  subject: SubjectIdentifier,
  meaning: SubjectMeaning,
  transmitter: Pick<RegisteredTransmitter, 'subjectIssuers' | 'criticalSubjectMembers'>,
): Scope {
  if (subject.format !== 'complex') {
    return scopeOfMembers({ [meaning]: subject }, transmitter.subjectIssuers);
  }
  const { format: _format, others: _others, ...members } = subject;
  const isCritical = (name: string): boolean =>
    transmitter.criticalSubjectMembers.has(name) && !MEMBERS.includes(name);
  if (Object.keys(members).some(isCritical)) return { noEffect: 'subject-critical' };
  return scopeOfMembers(members, transmitter.subjectIssuers);
}

type Members = { readonly [Name in SubjectMeaning]?: SubjectMember };

function scopeOfMembers({ user, session, device, other }: Members, issuers: readonly string[]): Scope {
  if (other !== undefined) return { noEffect: 'subject-format' };
  const userMember = user === undefined ? undefined : userSelector(user, issuers);
  const sessionMember = session === undefined ? undefined : memberSelector(session, issuers);
  const deviceMember = device === undefined ? undefined : memberSelector(device, issuers);
  const read = [userMember, sessionMember, deviceMember].filter((member) => member !== undefined);
  const given = [user, session, device].filter((member) => member !== undefined);
  if (given.length === 0 || read.length < given.length) return { noEffect: 'subject-format' };
  return {
    selector: {
      ...(userMember === undefined ? {} : { user: userMember }),
      ...(sessionMember === undefined ? {} : { idpSession: sessionMember }),
      ...(deviceMember === undefined ? {} : { device: deviceMember }),
    },
  };
}

function userSelector(user: SubjectMember, issuers: readonly string[]): SubjectSelector['user'] {
  switch (user.format) {
    case 'iss_sub':
      return { by: 'iss-sub', issuer: user.iss, sub: user.sub };
    case 'email':
      return { by: 'email', email: user.email, issuers };
    case 'opaque':
      return { by: 'opaque', id: user.id, issuers };
    default:
      return undefined;
  }
}

function memberSelector(
  member: SubjectMember,
  issuers: readonly string[],
): { readonly id: string; readonly issuers: readonly string[] } | undefined {
  if (member.format === 'iss_sub') return { id: member.sub, issuers: [member.iss] };
  if (member.format === 'opaque') return { id: member.id, issuers };
  return undefined;
}
