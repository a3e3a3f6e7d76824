import type { Session, SubjectSelector } from '@rta/authority';
import { parseSessionId, type SessionId } from '@rta/core';
import type { PdpEntity } from '@rta/pdp';
import { z } from 'zod';
import { serverError } from '../errors.ts';
import { SERVER_LIMITS } from '../limits.ts';

/** Whom an order is about. People and tenants are named together with the identity provider that calls them so. */
export type OrderTarget =
  /** One session, and everything below it. */
  | { readonly type: 'session'; readonly id: SessionId }
  /** An agent, for whomever it acts, and everything below it. */
  | { readonly type: 'agent'; readonly id: string }
  /** A person, and all that acts for them. */
  | { readonly type: 'user'; readonly issuer: string; readonly sub: string }
  | { readonly type: 'user'; readonly issuer: string; readonly email: string }
  /** By a name that is the person's or that of their session at the identity provider. */
  | { readonly type: 'user'; readonly issuer: string; readonly opaque: string }
  | { readonly type: 'tenant'; readonly issuer: string; readonly id: string }
  | { readonly type: 'everyone' };

// Names are compared, logged and shown: control characters and halves of characters have no place in them.
const UNSAFE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u2069]/u;

/** A name or a sentence from outside: one line, bounded. */
export const lineSchema = z
  .string()
  .min(1)
  .max(SERVER_LIMITS.maxOrderCharacters)
  .refine((text) => !UNSAFE.test(text), 'must be one line without control characters');

/** An id of a session. */
export const sessionIdSchema = z.string().transform((text, context): SessionId => {
  try {
    return parseSessionId(text);
  } catch {
    context.addIssue('must be the id of a session');
    return z.NEVER;
  }
});

const issuer = lineSchema.exactOptional();

/** A target as JSON; `issuer` may be left out where there is only one. */
export const targetSchema = z.union([
  z.strictObject({ type: z.literal('session'), id: sessionIdSchema }),
  z.strictObject({ type: z.literal('agent'), id: lineSchema }),
  z.strictObject({ type: z.literal('user'), issuer, sub: lineSchema }),
  z.strictObject({ type: z.literal('user'), issuer, email: lineSchema }),
  z.strictObject({ type: z.literal('user'), issuer, opaque: lineSchema }),
  z.strictObject({ type: z.literal('tenant'), issuer, id: lineSchema }),
  z.strictObject({ type: z.literal('everyone') }),
]);

/**
 * The target with its issuer.
 *
 * A target has one spelling, today and after another issuer was configured: what is lifted must be what was limited.
 *
 * @throws RtaError `RTA_SERVER_ADMIN_ISSUER` where it names none of the issuers, or none although there are several.
 */
export function completeTarget(
  target: z.infer<typeof targetSchema>,
  issuers: readonly string[],
): OrderTarget {
  if (target.type !== 'user' && target.type !== 'tenant') return target;
  return { ...target, issuer: trustedIssuer(target.issuer, issuers) };
}

/** @throws RtaError `RTA_SERVER_ADMIN_ISSUER` */
export function trustedIssuer(named: string | undefined, issuers: readonly string[]): string {
  const [only] = issuers;
  const issuerName = named ?? (issuers.length === 1 ? only : undefined);
  if (issuerName === undefined || !issuers.includes(issuerName)) throw serverError('RTA_SERVER_ADMIN_ISSUER');
  return issuerName;
}

/** Those whom a target means, in the terms of the authority. */
export function selectorOf(target: OrderTarget): SubjectSelector {
  switch (target.type) {
    case 'session':
      return { session: { id: target.id } };
    case 'agent':
      return { actor: { id: target.id } };
    case 'user':
      if ('sub' in target) return { user: { by: 'iss-sub', issuer: target.issuer, sub: target.sub } };
      if ('email' in target) return { user: { by: 'email', email: target.email, issuers: [target.issuer] } };
      return { user: { by: 'opaque', id: target.opaque, issuers: [target.issuer] } };
    case 'tenant':
      return { tenant: { id: target.id, issuers: [target.issuer] } };
    case 'everyone':
      return { everyone: true };
  }
}

/** A target as the policies for administrators see it. */
export function resourceOf(target: OrderTarget): PdpEntity {
  switch (target.type) {
    case 'session':
      return { type: 'Session', id: target.id };
    case 'agent':
      return { type: 'Agent', id: target.id };
    case 'user': {
      const { issuer: idp } = target;
      if ('sub' in target) return { type: 'User', id: target.sub, properties: { issuer: idp, by: 'sub' } };
      if ('email' in target)
        return { type: 'User', id: target.email, properties: { issuer: idp, by: 'email' } };
      return { type: 'User', id: target.opaque, properties: { issuer: idp, by: 'opaque' } };
    }
    case 'tenant':
      return { type: 'Tenant', id: target.id, properties: { issuer: target.issuer } };
    case 'everyone':
      return { type: 'Everyone', id: 'everyone' };
  }
}

/** A session as the policies for administrators see it: whose it is, and which agent holds it. */
export function sessionResource(session: Session): PdpEntity {
  const { id, subject, actors } = session;
  return {
    type: 'Session',
    id,
    properties: {
      user: subject.sub,
      issuer: subject.issuer,
      agent: actors.at(-1)?.id ?? '',
      ...(subject.email === undefined ? {} : { email: subject.email }),
      ...(subject.tenantId === undefined ? {} : { tenant: subject.tenantId }),
    },
  };
}
