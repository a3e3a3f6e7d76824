import type { Signal } from '@rta/authority';
import { type JsonObject, parseSessionId } from '@rta/core';
import type { EventEnvelope } from '@rta/events';
import { z } from 'zod';
import { grantSchema } from '../sessions/session-records.ts';

const names = z.array(z.string()).readonly();
const member = z.strictObject({ id: z.string(), issuers: names });

const signalSchema: z.ZodType<Signal> = z.strictObject({
  id: z.string(),
  source: z.strictObject({ issuer: z.string(), id: z.string(), txn: z.string().exactOptional() }),
  subject: z.strictObject({
    user: z
      .discriminatedUnion('by', [
        z.strictObject({ by: z.literal('iss-sub'), issuer: z.string(), sub: z.string() }),
        z.strictObject({ by: z.literal('email'), email: z.string(), issuers: names }),
        z.strictObject({ by: z.literal('opaque'), id: z.string(), issuers: names }),
      ])
      .exactOptional(),
    idpSession: member.exactOptional(),
    device: member.exactOptional(),
    tenant: member.exactOptional(),
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
  const { user, idpSession, device, tenant, actor, session } = subject;
  const others = [idpSession, device, tenant, actor, session].find((member) => member !== undefined);
  const name =
    user?.by === 'iss-sub'
      ? `${user.issuer} ${user.sub}`
      : ((user?.by === 'email' ? user.email : user?.id) ?? others?.id ?? '');
  return name.slice(0, MAX_KEY_CHARACTERS);
}
