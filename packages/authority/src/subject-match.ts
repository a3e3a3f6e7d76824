import type { Subject } from './context.ts';
import type { SubjectSelector } from './signal.ts';

/** Names a subject, or a part of one, in an index. Injective: the parts are quoted. */
export type SubjectKey = string;

const userKey = (issuer: string, sub: string): SubjectKey => JSON.stringify(['user', issuer, sub]);
const emailKey = (email: string): SubjectKey => JSON.stringify(['email', email.toLowerCase()]);
const idpSessionKey = (issuer: string, id: string): SubjectKey => JSON.stringify(['session', issuer, id]);
const deviceKey = (issuer: string, id: string): SubjectKey => JSON.stringify(['device', issuer, id]);

/** Every key under which a signal could speak of this subject. */
export function subjectKeys(subject: Subject): readonly SubjectKey[] {
  const { issuer, sub, email, idpSessionId, deviceId } = subject;
  const keys = [userKey(issuer, sub)];
  if (email !== undefined) keys.push(emailKey(email));
  if (idpSessionId !== undefined) keys.push(idpSessionKey(issuer, idpSessionId));
  if (deviceId !== undefined) keys.push(deviceKey(issuer, deviceId));
  return keys;
}

/** Keys that together reach every subject that a selector may match; {@link matchesSubject} then decides. */
export function selectorKeys(selector: SubjectSelector): readonly SubjectKey[] {
  const keys: SubjectKey[] = [];
  const { user, idpSession, device } = selector;
  if (user?.by === 'iss-sub') keys.push(userKey(user.issuer, user.sub));
  if (user?.by === 'email') keys.push(emailKey(user.email));
  if (user?.by === 'opaque') {
    for (const issuer of user.issuers) keys.push(userKey(issuer, user.id), idpSessionKey(issuer, user.id));
  }
  if (idpSession !== undefined) {
    for (const issuer of idpSession.issuers) keys.push(idpSessionKey(issuer, idpSession.id));
  }
  if (device !== undefined) {
    for (const issuer of device.issuers) keys.push(deviceKey(issuer, device.id));
  }
  return keys;
}

/** One text for all spellings of a selector: case of emails, order of issuers and of members make no difference. */
export function selectorText({ user, idpSession, device }: SubjectSelector): string {
  return JSON.stringify([userParts(user), memberParts(idpSession), memberParts(device)]);
}

function userParts(user: SubjectSelector['user']): readonly unknown[] {
  switch (user?.by) {
    case undefined:
      return [];
    case 'iss-sub':
      return [user.by, user.issuer, user.sub];
    case 'email':
      return [user.by, user.email.toLowerCase(), [...user.issuers].sort()];
    case 'opaque':
      return [user.by, user.id, [...user.issuers].sort()];
  }
}

function memberParts(member: Member | undefined): readonly unknown[] {
  return member === undefined ? [] : [member.id, [...member.issuers].sort()];
}

type Member = NonNullable<SubjectSelector['device']>;
type Match = 'identical' | 'unknown' | 'different';

/**
 * Whether a selector speaks of this subject: no member differs, and at least one is identical.
 *
 * A member that the subject does not know (say, no `sid` in the IdP's token) does not save it: what may be meant
 * is taken as meant (invariant I1). But it never matches by unknowns alone.
 *
 * @see OpenID Shared Signals Framework 1.0 §8.1.3.1
 */
export function matchesSubject(selector: SubjectSelector, subject: Subject): boolean {
  const matches = [
    matchUser(selector.user, subject),
    matchMember(selector.idpSession, subject.issuer, subject.idpSessionId),
    matchMember(selector.device, subject.issuer, subject.deviceId),
  ];
  return !matches.includes('different') && matches.includes('identical');
}

function matchUser(user: SubjectSelector['user'], subject: Subject): Match {
  if (user === undefined) return 'unknown';
  switch (user.by) {
    case 'iss-sub':
      return user.issuer === subject.issuer && user.sub === subject.sub ? 'identical' : 'different';
    case 'email':
      if (!user.issuers.includes(subject.issuer)) return 'different';
      if (subject.email === undefined) return 'unknown';
      return user.email.toLowerCase() === subject.email.toLowerCase() ? 'identical' : 'different';
    case 'opaque':
      if (!user.issuers.includes(subject.issuer)) return 'different';
      return user.id === subject.sub || user.id === subject.idpSessionId ? 'identical' : 'different';
  }
}

function matchMember(member: Member | undefined, issuer: string, id: string | undefined): Match {
  if (member === undefined) return 'unknown';
  if (!member.issuers.includes(issuer)) return 'different';
  if (id === undefined) return 'unknown';
  return member.id === id ? 'identical' : 'different';
}
