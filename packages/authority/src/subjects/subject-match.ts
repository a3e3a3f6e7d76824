import type { SessionId } from '@rta/core';
import type { Actor, Subject } from '../context.ts';
import type { SubjectSelector, UserName } from './signal.ts';

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
const phoneKey = (phone: string): SubjectKey => JSON.stringify(['phone', phoneDigits(phone)]);
const idpTokenKey = (issuer: string, id: string): SubjectKey => JSON.stringify(['token', issuer, id]);
const clientKey = (issuer: string, id: string): SubjectKey => JSON.stringify(['client', issuer, id]);
const idpSessionKey = (issuer: string, id: string): SubjectKey => JSON.stringify(['session', issuer, id]);
const deviceKey = (issuer: string, id: string): SubjectKey => JSON.stringify(['device', issuer, id]);
const tenantKey = (issuer: string, id: string): SubjectKey => JSON.stringify(['tenant', issuer, id]);
/** The key of an agent, for whomever it acts. */
export const actorKey = (id: string): SubjectKey => `actor ${id}`;
const ownSessionKey = (id: SessionId): SubjectKey => `own-session ${id}`;
const EVERYONE_KEY: SubjectKey = 'everyone';

/** Every key under which a signal could speak of this person. */
export function subjectKeys(subject: Subject): readonly SubjectKey[] {
  const { issuer, sub, email, phone, idpSessionId, tokenId, deviceId, tenantId, clientId } = subject;
  const keys = [userKey(issuer, sub)];
  if (email !== undefined) keys.push(emailKey(email));
  if (phone !== undefined) keys.push(phoneKey(phone));
  if (tokenId !== undefined) keys.push(idpTokenKey(issuer, tokenId));
  if (clientId !== undefined) keys.push(clientKey(issuer, clientId));
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
  const { user, idpSession, idpToken, device, tenant, client, actor, session, everyone } = selector;
  // Of these a party always knows its own: it is enough to look there.
  if (session !== undefined) return [ownSessionKey(session.id)];
  if (actor !== undefined) return [actorKey(actor.id)];
  if (everyone === true) keys.push(EVERYONE_KEY);
  for (const name of user === undefined ? [] : namesOf(user)) keys.push(...userNameKeys(name));
  const members = [
    [idpSession, idpSessionKey],
    [idpToken, idpTokenKey],
    [device, deviceKey],
    [tenant, tenantKey],
    [client, clientKey],
  ] as const;
  for (const [member, keyOf] of members) {
    for (const issuer of member?.issuers ?? []) if (member !== undefined) keys.push(keyOf(issuer, member.id));
  }
  return keys;
}

function namesOf(user: NonNullable<SubjectSelector['user']>): readonly UserName[] {
  return user.by === 'any' ? user.of : [user];
}

function userNameKeys(name: UserName): readonly SubjectKey[] {
  switch (name.by) {
    case 'iss-sub':
      return [userKey(name.issuer, name.sub)];
    case 'email':
      return [emailKey(name.email)];
    case 'phone':
      return [phoneKey(name.phone)];
    case 'opaque':
      return name.issuers.flatMap((issuer) => [userKey(issuer, name.id), idpSessionKey(issuer, name.id)]);
  }
}

/** A phone number without what is only there to be read: E.164 has none of it, and senders do. */
function phoneDigits(phone: string): string {
  return phone.replaceAll(/[^+\d]/g, '');
}

/** One text for all spellings of a selector: case of emails, order of issuers and of members make no difference. */
export function selectorText(selector: SubjectSelector): string {
  const { user, idpSession, idpToken, device, tenant, client, within, actor, session, everyone } = selector;
  return JSON.stringify([
    user === undefined ? [] : userParts(user),
    memberParts(idpSession),
    memberParts(device),
    memberParts(tenant),
    actor?.id ?? null,
    session?.id ?? null,
    everyone === true,
    memberParts(idpToken),
    memberParts(client),
    within === undefined ? [] : [[...within.tenants].sort(), [...within.issuers].sort()],
  ]);
}

function userParts(user: NonNullable<SubjectSelector['user']>): readonly unknown[] {
  switch (user.by) {
    case 'iss-sub':
      return [user.by, user.issuer, user.sub];
    case 'email':
      return [user.by, user.email.toLowerCase(), [...user.issuers].sort()];
    case 'phone':
      return [user.by, phoneDigits(user.phone), [...user.issuers].sort()];
    case 'opaque':
      return [user.by, user.id, [...user.issuers].sort()];
    case 'any':
      return [user.by, ...user.of.map((name) => JSON.stringify(userParts(name))).sort()];
  }
}

function memberParts(member: Member | undefined): readonly unknown[] {
  return member === undefined ? [] : [member.id, [...member.issuers].sort()];
}

type Member = NonNullable<SubjectSelector['device']>;
type Match = 'identical' | 'unknown' | 'different';

/**
 * Whether a selector speaks of this party: no member differs, and at least one is identical; where a person, a session,
 * a token, a device or an agent is named, at least one of these, or an organization would stand in for a person whose
 * name is not known.
 *
 * A member that the party does not know (say, no `sid` in the IdP's token) does not save it: what may be meant
 * is taken as meant (invariant I1). But it never matches by unknowns alone.
 *
 * @see OpenID Shared Signals Framework 1.0 §8.1.3.1
 */
export function matchesParty(selector: SubjectSelector, { subject, actor, session }: Party): boolean {
  const { issuer } = subject;
  const named = [
    selector.user === undefined ? undefined : matchUser(selector.user, subject),
    matchMember(selector.idpSession, issuer, subject.idpSessionId),
    matchMember(selector.idpToken, issuer, subject.tokenId),
    matchMember(selector.device, issuer, subject.deviceId),
    matchName(selector.actor, actor.id),
    matchName(selector.session, session),
  ].filter((match) => match !== undefined);
  const collective = [
    matchMember(selector.tenant, issuer, subject.tenantId),
    matchMember(selector.client, issuer, subject.clientId),
    selector.everyone === true ? 'identical' : undefined,
  ].filter((match) => match !== undefined);
  if (named.includes('different') || collective.includes('different')) return false;
  return (named.length > 0 ? named : collective).includes('identical') && isWithin(selector.within, subject);
}

/** Of whom it is not known where they belong, the source may not speak. */
function isWithin(within: SubjectSelector['within'], { issuer, tenantId }: Subject): boolean {
  if (within === undefined) return true;
  return within.issuers.includes(issuer) && tenantId !== undefined && within.tenants.includes(tenantId);
}

function matchName(name: { readonly id: string } | undefined, id: string): Match | undefined {
  if (name === undefined) return undefined;
  return name.id === id ? 'identical' : 'different';
}

/** Names that are all one person's: one that is identical says who it is, and one that differs who it is not. */
function matchUser(user: NonNullable<SubjectSelector['user']>, subject: Subject): Match {
  const matches = namesOf(user).map((name) => matchUserName(name, subject));
  return (['identical', 'different'] as const).find((match) => matches.includes(match)) ?? 'unknown';
}

function matchUserName(user: UserName, subject: Subject): Match {
  switch (user.by) {
    case 'iss-sub':
      return user.issuer === subject.issuer && user.sub === subject.sub ? 'identical' : 'different';
    case 'email':
      if (!user.issuers.includes(subject.issuer)) return 'different';
      if (subject.email === undefined) return 'unknown';
      return user.email.toLowerCase() === subject.email.toLowerCase() ? 'identical' : 'different';
    case 'phone':
      if (!user.issuers.includes(subject.issuer)) return 'different';
      if (subject.phone === undefined) return 'unknown';
      return phoneDigits(user.phone) === phoneDigits(subject.phone) ? 'identical' : 'different';
    case 'opaque':
      if (!user.issuers.includes(subject.issuer)) return 'different';
      return user.id === subject.sub || user.id === subject.idpSessionId ? 'identical' : 'different';
  }
}

function matchMember(member: Member | undefined, issuer: string, id: string | undefined): Match | undefined {
  if (member === undefined) return undefined;
  if (!member.issuers.includes(issuer)) return 'different';
  if (id === undefined) return 'unknown';
  return member.id === id ? 'identical' : 'different';
}
