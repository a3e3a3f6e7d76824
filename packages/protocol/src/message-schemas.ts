import type { JsonObject } from '@rta/core';
import { z } from 'zod';
import { CHALLENGE_BYTES, RESUME_NONCE_BYTES } from './binding.ts';
import { isJsonObject } from './json.ts';
import { PROTOCOL_LIMITS } from './limits.ts';
import type { MessageName, Messages } from './message-types.ts';
import { fitsBytes } from './text.ts';
import { TOKEN_LENGTHS } from './token-lengths.ts';

const text = z.string().refine((value) => fitsBytes(value, PROTOCOL_LIMITS.maxTextBytes));
const name = text.min(1);
/** An IdP token or a proof: bounded by the frame. */
const longText = z.string().min(1);
/** 22 characters of base64url hold 16 bytes and 4 spare bits, which are 0: one session has one name. */
const sessionId = z.string().regex(/^[A-Za-z0-9_-]{21}[AQgw]$/);
const count = z.int().min(0).max(0xffff_ffff);
const timeMs = z.int().min(0);
const bytes = (length: number): z.ZodType<Uint8Array> =>
  z.custom<Uint8Array>((value) => value instanceof Uint8Array && value.byteLength === length);
const token = z.custom<Uint8Array>(
  (value) => value instanceof Uint8Array && TOKEN_LENGTHS.has(value.byteLength),
);
const names = z.array(name).max(PROTOCOL_LIMITS.maxListItems);
const json = z.custom<JsonObject>(isJsonObject);
const cause = z.strictObject({
  kind: name,
  change: name,
  reason: text.exactOptional(),
  txn: text.exactOptional(),
});
const agent = z.strictObject({
  id: name,
  name: text.exactOptional(),
  type: text.exactOptional(),
  version: text.exactOptional(),
  instance: text.exactOptional(),
  model: text.exactOptional(),
  owner: text.exactOptional(),
  purpose: text.exactOptional(),
});
const quantity = z.int().min(0);
const currency = z.string().regex(/^[A-Z]{3}$/);
const limits = z.strictObject({
  currency: currency.exactOptional(),
  maxAmount: quantity.exactOptional(),
  totalAmount: quantity.exactOptional(),
  totalCount: quantity.exactOptional(),
});
const actionDetail = z.strictObject({
  type: z.literal('rta_action'),
  actions: names,
  locations: names.exactOptional(),
  limits: limits.exactOptional(),
});
const details = z.array(actionDetail).max(PROTOCOL_LIMITS.maxListItems);
const budget = z.strictObject({
  requestsPerSecond: z.number().positive().exactOptional(),
  totalCount: quantity.exactOptional(),
});
const state = z.enum(['active', 'suspended']);
const listedSession = z.strictObject({
  session: sessionId,
  parent: sessionId,
  agent,
  state,
  scope: names,
  expiresAtMs: timeMs,
  connected: z.boolean(),
});

/** A member that is not listed is refused: extensions are a matter for the next protocol version (P-4.1). */
export const MESSAGE_SCHEMAS: { readonly [Name in MessageName]: z.ZodType<Messages[Name]> } = {
  hello: z.strictObject({ client: text }),
  welcome: z.strictObject({
    node: name,
    challenge: bytes(CHALLENGE_BYTES),
    tokenEndpoint: name,
    nonce: name,
    nowMs: timeMs,
  }),
  exchange: z.strictObject({
    parameters: z.array(z.tuple([name, longText])).max(PROTOCOL_LIMITS.maxListItems),
    proof: longText,
  }),
  exchanged: z.strictObject({
    token,
    session: sessionId,
    generation: count,
    expiresAtMs: timeMs,
    scope: names,
    nonce: name,
  }),
  bind: z.strictObject({ session: sessionId, signature: bytes(64) }),
  resume: z.strictObject({
    session: sessionId,
    nonce: bytes(RESUME_NONCE_BYTES),
    issuedAtMs: timeMs,
    signature: bytes(64),
  }),
  bound: z.strictObject({
    session: sessionId,
    token,
    generation: count,
    expiresAtMs: timeMs,
    scope: names,
    state,
  }),
  delegate: z.strictObject({
    token,
    agent,
    scope: names.exactOptional(),
    authorizationDetails: details.exactOptional(),
    detached: z.boolean().exactOptional(),
    budget: budget.exactOptional(),
    key: bytes(32),
    lifetimeMs: z.int().min(1).exactOptional(),
  }),
  delegated: z.strictObject({ session: sessionId, expiresAtMs: timeMs, scope: names }),
  end: z.strictObject({ token, session: sessionId.exactOptional() }),
  ended: z.strictObject({ session: sessionId }),
  list: z.strictObject({ token, after: sessionId.exactOptional() }),
  listed: z.strictObject({
    sessions: z.array(listedSession).max(PROTOCOL_LIMITS.maxListedSessions),
    more: z.boolean(),
  }),
  narrow: z.strictObject({
    token,
    session: sessionId,
    scope: names,
    authorizationDetails: details.exactOptional(),
  }),
  narrowed: z.strictObject({ session: sessionId, generation: count, scope: names }),
  ping: z.strictObject({}),
  pong: z.strictObject({ nowMs: timeMs }),
  goaway: z.strictObject({ reason: text, withinMs: timeMs }),
  error: z.strictObject({
    code: name,
    message: text,
    retryable: z.boolean(),
    nonce: name.exactOptional(),
  }),
  context: z.strictObject({
    session: sessionId,
    generation: count,
    token,
    state,
    scope: names,
    gained: names,
    lost: names,
    attributes: json,
    cause,
  }),
  revoked: z.strictObject({ session: sessionId, generation: count, cause }),
  ack: z.strictObject({ session: sessionId, generation: count }),
  approval: z.strictObject({
    session: sessionId,
    id: name,
    state: z.enum(['approved', 'refused', 'void']),
  }),
};
