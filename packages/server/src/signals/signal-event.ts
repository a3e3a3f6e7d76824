import type { Signal } from '@rta/authority';
import { type JsonObject, type JsonValue, parseSessionId } from '@rta/core';
import type { EventEnvelope } from '@rta/events';
import { z } from 'zod';
import { grantSchema } from '../sessions/session-records.ts';

const names = z.array(z.string()).readonly();
/** It was JSON already when it came. */
const jsonValue = z.custom<JsonValue>((value) => value !== undefined);
const member = z.strictObject({ id: z.string(), issuers: names });
const USER_NAMES = [
  z.strictObject({ by: z.literal('iss-sub'), issuer: z.string(), sub: z.string() }),
  z.strictObject({ by: z.literal('email'), email: z.string(), issuers: names }),
  z.strictObject({ by: z.literal('phone'), phone: z.string(), issuers: names }),
  z.strictObject({ by: z.literal('opaque'), id: z.string(), issuers: names }),
] as const;
const userName = z.discriminatedUnion('by', USER_NAMES);

const signalSchema: z.ZodType<Signal> = z.strictObject({
  id: z.string(),
  source: z.strictObject({ issuer: z.string(), id: z.string(), txn: z.string().exactOptional() }),
  subject: z.strictObject({
    user: z
      .discriminatedUnion('by', [
        ...USER_NAMES,
        z.strictObject({ by: z.literal('any'), of: z.array(userName).readonly() }),
      ])
      .exactOptional(),
    idpSession: member.exactOptional(),
    idpToken: member.exactOptional(),
    device: member.exactOptional(),
    tenant: member.exactOptional(),
    client: member.exactOptional(),
    within: z.strictObject({ tenants: names, issuers: names }).exactOptional(),
    actor: z.strictObject({ id: z.string() }).exactOptional(),
    session: z.strictObject({ id: z.string().transform(parseSessionId) }).exactOptional(),
    everyone: z.literal(true).exactOptional(),
  }),
  change: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('session-revoked') }),
    z.strictObject({
      kind: z.literal('credential-change'),
      credentialType: z.string(),
      changeType: z.enum(['create', 'revoke', 'update', 'delete']),
    }),
    z.strictObject({
      kind: z.literal('device-compliance-change'),
      current: z.enum(['compliant', 'not-compliant']),
    }),
    z.strictObject({
      kind: z.literal('risk-level-change'),
      principal: z.string(),
      current: z.enum(['LOW', 'MEDIUM', 'HIGH']),
    }),
    z.strictObject({
      kind: z.literal('account'),
      current: z.enum(['enabled', 'disabled', 'purged']),
    }),
    z.strictObject({ kind: z.literal('token-claims-change'), name: z.string(), value: jsonValue }),
    z.strictObject({
      kind: z.literal('assurance-level-change'),
      namespace: z.string(),
      current: z.string(),
      direction: z.enum(['increase', 'decrease']).exactOptional(),
    }),
    z.strictObject({
      kind: z.enum([
        'credential-change-required',
        'recovery-activated',
        'recovery-information-changed',
        'profile-change',
      ]),
    }),
    z.strictObject({ kind: z.literal('ceiling'), grant: grantSchema.exactOptional() }),
    z.strictObject({ kind: z.literal('suspension'), current: z.boolean() }),
  ]),
  occurredAtMs: z.number(),
  receivedAtMs: z.number(),
  sourceTimeMs: z.number().exactOptional(),
  reason: z.string().exactOptional(),
});

/** A signal as an event for the broker. Signals about one subject share a key, and so keep their order. */
export function signalEvent(signal: Signal): EventEnvelope {
  return {
    id: signal.id,
    key: orderingKey(signal),
    type: 'signal',
    // A signal is plain data: what goes in comes out on every node.
    payload: JSON.parse(JSON.stringify(signal)) as JsonObject,
  };
}

/** Reads a signal that came from the broker; undefined where it is not one that this node understands. */
export function parseSignalEvent(event: EventEnvelope): Signal | undefined {
  return parseSignal(event.payload);
}

/** Reads a signal that was written as JSON; undefined where it is not one that this node understands. */
export function parseSignal(record: JsonObject): Signal | undefined {
  try {
    return signalSchema.parse(record);
  } catch {
    return undefined;
  }
}

const MAX_KEY_CHARACTERS = 256;

function orderingKey({ subject }: Signal): string {
  const { user, idpSession, idpToken, device, tenant, client, actor, session } = subject;
  const members = [idpSession, idpToken, device, tenant, client, actor, session];
  const name = user === undefined ? members.find((one) => one !== undefined)?.id : userKey(user);
  return (name ?? '').slice(0, MAX_KEY_CHARACTERS);
}

function userKey(user: NonNullable<Signal['subject']['user']>): string {
  switch (user.by) {
    case 'iss-sub':
      return `${user.issuer} ${user.sub}`;
    case 'email':
      return user.email;
    case 'phone':
      return user.phone;
    case 'opaque':
      return user.id;
    case 'any': {
      const [first] = user.of;
      return first === undefined ? '' : userKey(first);
    }
  }
}
