import type { SessionId } from '@rta/core';
import type { Actor, Subject } from '../context.ts';
import type { SubjectSelector } from './signal.ts';

/** Whom a signal may speak of: a session, the agent that holds it, and the person for whom it acts. */
export interface Party {
  readonly subject: Subject;
  readonly actor: Pick<Actor, 'id'>;
  readonly session: SessionId;
}

/** Names a subject, or a part of one, in an index. Injective: where there are several parts, they are quoted. */
export type SubjectKey = string;

const userKey = (issuer: string, sub: string): SubjectKey => JSON.stringify(['user', issuer, sub]);
const emailKey = (email: string): SubjectKey => JSON.stringify(['email', email.toLowerCase()]);
const idpSessionKey = (issuer: string, id: string): SubjectKey => JSON.stringify(['session', issuer, id]);
const deviceKey = (issuer: string, id: string): SubjectKey => JSON.stringify(['device', issuer, id]);
const tenantKey = (issuer: string, id: string): SubjectKey => JSON.stringify(['tenant', issuer, id]);
/** The key of an agent, for whomever it acts. */
export const actorKey = (id: string): SubjectKey => `actor ${id}`;
const ownSessionKey = (id: SessionId): SubjectKey => `own-session ${id}`;
const EVERYONE_KEY: SubjectKey = 'everyone';

/** Every key under which a signal could speak of this person. */
export function subjectKeys(subject: Subject): readonly SubjectKey[] {
  const { issuer, sub, email, idpSessionId, deviceId, tenantId } = subject;
  const keys = [userKey(issuer, sub)];
  if (email !== undefined) keys.push(emailKey(email));
  if (idpSessionId !== undefined) keys.push(idpSessionKey(issuer, idpSessionId));
  if (deviceId !== undefined) keys.push(deviceKey(issuer, deviceId));
  if (tenantId !== undefined) keys.push(tenantKey(issuer, tenantId));
  keys.push(EVERYONE_KEY);
  return keys;
}

/** The keys under which a signal could speak of one session or its agent, and not of the person as a whole. */
export function agentKeys({ actor, session }: Omit<Party, 'subject'>): readonly SubjectKey[] {
  return [actorKey(actor.id), ownSessionKey(session)];
}

/** The key of the person themselves: one for all their sessions. */
export function userKeyOf({ issuer, sub }: Subject): SubjectKey {
  return userKey(issuer, sub);
}

/** Whether a selector speaks of agents or sessions by name: then it may meet a session below the first of a tree. */
export function namesAgent({ actor, session }: SubjectSelector): boolean {
  return actor !== undefined || session !== undefined;
}

/** Keys that together reach every party that a selector may match; {@link matchesParty} then decides. */
export function selectorKeys(selector: SubjectSelector): readonly SubjectKey[] {
  const keys: SubjectKey[] = [];
  const { user, idpSession, device, tenant, actor, session, everyone } = selector;
  // Of these a party always knows its own: it is enough to look there.
  if (session !== undefined) return [ownSessionKey(session.id)];
  if (actor !== undefined) return [actorKey(actor.id)];
  if (everyone === true) keys.push(EVERYONE_KEY);
  if (tenant !== undefined) {
    for (const issuer of tenant.issuers) keys.push(tenantKey(issuer, tenant.id));
  }
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
export function selectorText(selector: SubjectSelector): string {
  const { user, idpSession, device, tenant, actor, session, everyone } = selector;
  return JSON.stringify([
    userParts(user),
    memberParts(idpSession),
    memberParts(device),
    memberParts(tenant),
    actor?.id ?? null,
    session?.id ?? null,
    everyone === true,
  ]);
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
 * Whether a selector speaks of this party: no member differs, and at least one is identical.
 *
 * A member that the party does not know (say, no `sid` in the IdP's token) does not save it: what may be meant
 * is taken as meant (invariant I1). But it never matches by unknowns alone.
 *
 * @see OpenID Shared Signals Framework 1.0 §8.1.3.1
 */
export function matchesParty(selector: SubjectSelector, { subject, actor, session }: Party): boolean {
  const matches = [
    matchUser(selector.user, subject),
    matchMember(selector.idpSession, subject.issuer, subject.idpSessionId),
    matchMember(selector.device, subject.issuer, subject.deviceId),
    matchMember(selector.tenant, subject.issuer, subject.tenantId),
    matchName(selector.actor, actor.id),
    matchName(selector.session, session),
    selector.everyone === true ? 'identical' : 'unknown',
  ];
  return !matches.includes('different') && matches.includes('identical');
}

function matchName(name: { readonly id: string } | undefined, id: string): Match {
  if (name === undefined) return 'unknown';
  return name.id === id ? 'identical' : 'different';
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
