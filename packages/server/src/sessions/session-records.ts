import type { ActionGrant, Grant, RestoreInput, Session, Spending } from '@rta/authority';
import { fromBase64Url, type JsonObject, parseSessionId, toBase64Url } from '@rta/core';
import { z } from 'zod';

/**
 * What is kept of a session: everything but its token, which is made anew when the session goes on, and what follows
 * from others.
 */
export function sessionRecord(session: Session, spending: Spending | undefined): JsonObject {
  const { id, parent, depth, subject, actors, publicKey, certificateThumbprint, ownGrant, budget } = session;
  const { createdAtMs, expiresAtMs, detached, generation, issuedAtMs, boundAtMs } = session;
  // Plain data, and what is undefined is absent in JSON.
  return JSON.parse(
    JSON.stringify({
      v: 1,
      id,
      parent,
      depth,
      subject,
      actors,
      publicKey: toBase64Url(publicKey),
      certificateThumbprint:
        certificateThumbprint === undefined ? undefined : toBase64Url(certificateThumbprint),
      createdAtMs,
      expiresAtMs,
      detached,
      budget,
      ownGrant,
      generation,
      issuedAtMs,
      boundAtMs,
      spending,
    }),
  ) as JsonObject;
}

const text = z.string();
const timeMs = z.number();
const names = z.array(text).readonly();
const bytes = text.transform((value) => fromBase64Url(value));

const subject = z.strictObject({
  issuer: text,
  sub: text,
  email: text.exactOptional(),
  phone: text.exactOptional(),
  idpSessionId: text.exactOptional(),
  tokenId: text.exactOptional(),
  deviceId: text.exactOptional(),
  tenantId: text.exactOptional(),
  clientId: text.exactOptional(),
  acr: text.exactOptional(),
  amr: names.exactOptional(),
  mayAct: text.exactOptional(),
  authTimeMs: timeMs.exactOptional(),
  signedInAtMs: timeMs,
});
const actor = z.strictObject({
  id: text,
  name: text.exactOptional(),
  type: text.exactOptional(),
  version: text.exactOptional(),
  instance: text.exactOptional(),
  model: text.exactOptional(),
  owner: text.exactOptional(),
  purpose: text.exactOptional(),
  keyThumbprint: text,
});
const quantity = z.int().min(0);
const detail: z.ZodType<ActionGrant> = z.strictObject({
  actions: names,
  locations: names.exactOptional(),
  limits: z
    .strictObject({
      currency: text.exactOptional(),
      maxAmount: quantity.exactOptional(),
      totalAmount: quantity.exactOptional(),
      totalCount: quantity.exactOptional(),
    })
    .exactOptional(),
});

/** A grant as it is kept. */
export const grantSchema: z.ZodType<Grant> = z.strictObject({
  scope: names,
  details: z.array(detail).readonly().exactOptional(),
});

const spent = z.strictObject({ count: quantity, amount: quantity });
const schema = z
  .strictObject({
    v: z.literal(1),
    id: text.transform(parseSessionId),
    parent: text.transform(parseSessionId).optional(),
    depth: z.int().min(0),
    subject,
    actors: z.array(actor).min(1).readonly(),
    publicKey: bytes,
    certificateThumbprint: bytes.optional(),
    createdAtMs: timeMs,
    expiresAtMs: timeMs,
    detached: z.boolean(),
    budget: z
      .strictObject({
        requestsPerSecond: z.number().positive().exactOptional(),
        totalCount: quantity.exactOptional(),
      })
      .optional(),
    ownGrant: grantSchema,
    generation: z.int().min(1),
    issuedAtMs: timeMs,
    boundAtMs: timeMs.optional(),
    spending: z.strictObject({ count: quantity, details: z.array(spent).readonly() }).optional(),
  })
  .transform(
    ({ v: _version, parent, certificateThumbprint, budget, boundAtMs, spending, ...rest }): RestoreInput => ({
      ...rest,
      parent,
      certificateThumbprint,
      budget,
      boundAtMs,
      spending,
    }),
  );

/** Reads a record of a session; undefined where it is not one that this version understands. */
export function parseSessionRecord(record: JsonObject): RestoreInput | undefined {
  try {
    return schema.parse(record);
  } catch {
    return undefined;
  }
}
