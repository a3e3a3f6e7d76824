import type { SubjectSelector } from '@rta/authority';
import type { SubjectMeaning } from './events/caep-event.ts';
import { COMPLEX_MEMBERS, type SimpleSubject, type SubjectIdentifier } from './subjects.ts';
import type { Transmitter } from './transmitter.ts';

/** Why an event that was verified changes nothing. */
export type NoEffect =
  /** A type that has no effect here, among them all that nobody knows yet. */
  | 'event-type-unknown'
  /** A type that has effects, but not when this transmitter sends it. */
  | 'event-type-not-allowed'
  /** The subject is named in a way that sessions are not known by. */
  | 'subject-format'
  /** The subject belongs to an issuer that this transmitter does not speak for. */
  | 'subject-issuer'
  /** A complex subject has a member that must be understood, and is not (SSF 1.0 §3.6). */
  | 'subject-critical'
  /** A verification event that is in order. */
  | 'verification';

/** Whom a transmitter's event is about, as far as it may say so. */
export type Scope = { readonly selector: SubjectSelector } | { readonly noEffect: NoEffect };

/**
 * Turns a subject identifier into a selector of sessions, within what the transmitter may speak about.
 *
 * Names that do not say whose they are (`email`, `opaque`) are taken as names at the transmitter's subject issuers.
 * Members of a complex subject that sessions do not have (`tenant`, `application`, …) are passed over, as the
 * matching of SSF 1.0 §8.1.3.1 has it, unless the transmitter calls them critical; but `user`, `session` and
 * `device` never are: without one of them an event would reach further than it says.
 *
 * @param meaning - what a simple subject is, by the event.
 */
export function scopeOf(
  subject: SubjectIdentifier,
  meaning: SubjectMeaning,
  transmitter: Pick<Transmitter, 'subjectIssuers' | 'criticalSubjectMembers'>,
): Scope {
  if (subject.kind === 'simple') {
    return scopeOfMembers({ [meaning]: subject.subject }, transmitter.subjectIssuers);
  }
  const understood: readonly string[] = COMPLEX_MEMBERS;
  const isCritical = (name: string): boolean =>
    transmitter.criticalSubjectMembers.has(name) && !understood.includes(name);
  if (subject.names.some(isCritical)) return { noEffect: 'subject-critical' };
  return scopeOfMembers(subject.members, transmitter.subjectIssuers);
}

type Members = { readonly [Name in SubjectMeaning]?: SimpleSubject };

function scopeOfMembers({ user, session, device, other }: Members, issuers: readonly string[]): Scope {
  const given = [user, session, device].filter((member) => member !== undefined);
  if (given.length === 0 || other !== undefined) return { noEffect: 'subject-format' };
  for (const member of given) {
    if (member.format === 'unreadable') return { noEffect: 'subject-format' };
    if (member.format === 'iss_sub' && !issuers.includes(member.iss)) return { noEffect: 'subject-issuer' };
  }
  if (session?.format === 'email' || device?.format === 'email') return { noEffect: 'subject-format' };
  const userMember = userSelector(user, issuers);
  const sessionMember = memberSelector(session, issuers);
  const deviceMember = memberSelector(device, issuers);
  return {
    selector: {
      ...(userMember === undefined ? {} : { user: userMember }),
      ...(sessionMember === undefined ? {} : { idpSession: sessionMember }),
      ...(deviceMember === undefined ? {} : { device: deviceMember }),
    },
  };
}

function userSelector(user: SimpleSubject | undefined, issuers: readonly string[]): SubjectSelector['user'] {
  switch (user?.format) {
    case 'iss_sub':
      return { by: 'iss-sub', issuer: user.iss, sub: user.sub };
    case 'email':
      return { by: 'email', email: user.email, issuers };
    case 'opaque':
      return { by: 'opaque', id: user.id, issuers };
    case 'unreadable':
    case undefined:
      return undefined;
  }
}

function memberSelector(
  member: SimpleSubject | undefined,
  issuers: readonly string[],
): { readonly id: string; readonly issuers: readonly string[] } | undefined {
  if (member?.format === 'iss_sub') return { id: member.sub, issuers: [member.iss] };
  if (member?.format === 'opaque') return { id: member.id, issuers };
  return undefined;
}
