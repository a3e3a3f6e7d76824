import type { JsonObject } from '@rta/core';
import { z } from 'zod';
import { CHALLENGE_BYTES, RESUME_NONCE_BYTES } from './binding.ts';
import { decodeCbor, encodeCbor } from './cbor.ts';
import { protocolError } from './errors.ts';
import { encodeFrame, FRAME, type Frame } from './frame.ts';
import { isJsonObject } from './json.ts';
import { PROTOCOL_LIMITS } from './limits.ts';
import { fitsBytes } from './text.ts';
import { TOKEN_LENGTHS } from './token-lengths.ts';

/** Who the agent is, as it says and as the audit log keeps it. */
export interface AgentDescription {
  readonly id: string;
  readonly name?: string;
  readonly type?: string;
  readonly version?: string;
  readonly instance?: string;
  readonly model?: string;
  readonly owner?: string;
  readonly purpose?: string;
}

/** A grant in detail, RFC 9396 type `rta_action`: these actions at these locations. */
export interface ActionDetail {
  readonly type: 'rta_action';
  /** Action names; a trailing `*` stands for any rest. */
  readonly actions: readonly string[];
  /** Resource ids; a trailing `*` stands for any rest. Absent: any resource. */
  readonly locations?: readonly string[];
}

/** The messages by frame type, but for AUTHORIZE and DECISION; each is one CBOR map. */
export interface Messages {
  readonly hello: { readonly client: string };
  readonly welcome: {
    /** Name of the node. */
    readonly node: string;
    /** 32 random bytes, for bindings on this connection. */
    readonly challenge: Uint8Array;
    /** The URL that a DPoP proof names as `htu`. */
    readonly tokenEndpoint: string;
    /** A DPoP nonce, good for one exchange. */
    readonly nonce: string;
    /** The server's UNIX milliseconds. */
    readonly nowMs: number;
  };
  readonly exchange: {
    /** The form parameters of the token request, in any order. */
    readonly parameters: readonly (readonly [name: string, value: string])[];
    /** DPoP proof (RFC 9449). */
    readonly proof: string;
  };
  readonly exchanged: {
    readonly token: Uint8Array;
    readonly session: string;
    readonly generation: number;
    readonly expiresAtMs: number;
    readonly scope: readonly string[];
    /** A nonce for the next exchange. */
    readonly nonce: string;
  };
  readonly bind: {
    readonly session: string;
    /** Ed25519 signature over `bindingStatement`, 64 bytes. */
    readonly signature: Uint8Array;
  };
  /** Binds on a lane, without a challenge: it may stand in early data. */
  readonly resume: {
    readonly session: string;
    /** 16 random bytes that the server takes once. */
    readonly nonce: Uint8Array;
    /** When it was signed, in UNIX milliseconds by the server's clock as the client knows it. */
    readonly issuedAtMs: number;
    /** Ed25519 signature over `resumeStatement`, 64 bytes. */
    readonly signature: Uint8Array;
  };
  readonly bound: {
    readonly session: string;
    readonly token: Uint8Array;
    readonly generation: number;
    readonly expiresAtMs: number;
    readonly scope: readonly string[];
  };
  readonly delegate: {
    /** The parent's current token. */
    readonly token: Uint8Array;
    readonly agent: AgentDescription;
    readonly scope: readonly string[];
    readonly authorizationDetails?: readonly ActionDetail[];
    /** The child's Ed25519 public key, 32 bytes: it proves possession when it binds. */
    readonly key: Uint8Array;
    /** Lifetime asked for; never longer than the parent's. */
    readonly lifetimeMs?: number;
  };
  readonly delegated: {
    readonly session: string;
    readonly expiresAtMs: number;
    /** What was granted: asked for, cut to what the parent has. */
    readonly scope: readonly string[];
  };
  /** The agent is done: its session and what it delegated end. */
  readonly end: { readonly token: Uint8Array };
  readonly ended: { readonly session: string };
  readonly ping: Readonly<Record<string, never>>;
  readonly pong: { readonly nowMs: number };
  /** The node stops: connect elsewhere, within the time given. */
  readonly goaway: { readonly reason: string; readonly withinMs: number };
  readonly error: {
    /** `RTA_<AREA>_<REASON>` */
    readonly code: string;
    readonly message: string;
    readonly retryable: boolean;
    /** A fresh nonce, where the error is about one. */
    readonly nonce?: string;
  };
  /** The session's context changed: the old token is dead, this one replaces it. */
  readonly context: {
    readonly session: string;
    readonly generation: number;
    readonly token: Uint8Array;
    readonly scope: readonly string[];
    /** Attributes in force. */
    readonly attributes: JsonObject;
    /** What made it change. */
    readonly cause: ChangeCause;
  };
  /** The session ended; no token of it is worth anything. */
  readonly revoked: {
    readonly session: string;
    readonly generation: number;
    readonly cause: ChangeCause;
  };
  /** The agent has taken a push to heart. */
  readonly ack: { readonly session: string; readonly generation: number };
}

/** Why a session changed. */
export interface ChangeCause {
  /** A kind of signal (`session-revoked`, `risk-level-change` …), `policy-change`, `parent`, `expired`, `ended`. */
  readonly kind: string;
  /** Id of the change, as in audit log and receipts. */
  readonly change: string;
  readonly reason?: string;
  readonly txn?: string;
}

/** Names of the messages. */
export type MessageName = keyof Messages;

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
const actionDetail = z.strictObject({
  type: z.literal('rta_action'),
  actions: names,
  locations: names.exactOptional(),
});

// A member that is not listed is refused: extensions are a matter for the next protocol version (P-4.1).
const SCHEMAS: { readonly [Name in MessageName]: z.ZodType<Messages[Name]> } = {
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
  }),
  delegate: z.strictObject({
    token,
    agent,
    scope: names,
    authorizationDetails: z.array(actionDetail).max(PROTOCOL_LIMITS.maxListItems).exactOptional(),
    key: bytes(32),
    lifetimeMs: z.int().min(1).exactOptional(),
  }),
  delegated: z.strictObject({ session: sessionId, expiresAtMs: timeMs, scope: names }),
  end: z.strictObject({ token }),
  ended: z.strictObject({ session: sessionId }),
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
    scope: names,
    attributes: json,
    cause,
  }),
  revoked: z.strictObject({ session: sessionId, generation: count, cause }),
  ack: z.strictObject({ session: sessionId, generation: count }),
};

/**
 * One message as a frame.
 *
 * @throws RtaError `RTA_PROTOCOL_FRAME_TOO_LARGE`, `RTA_PROTOCOL_REQUEST_ID`; `RTA_PROTOCOL_MESSAGE` for values that
 *   CBOR or this protocol cannot carry. Members are typed, and not checked against their limits here.
 */
export function encodeMessage<Name extends MessageName>(
  name: Name,
  requestId: number,
  message: Messages[Name],
): Uint8Array {
  return encodeFrame(FRAME[name], requestId, encodeCbor(message));
}

/**
 * Reads the body of a frame that is one CBOR map.
 *
 * @throws RtaError `RTA_PROTOCOL_UNEXPECTED_FRAME` where the frame is of another type; `RTA_PROTOCOL_MESSAGE` for a
 *   body that is not CBOR, or has members that are missing, unknown, of a wrong type or beyond a limit.
 */
export function decodeMessage<Name extends MessageName>(name: Name, frame: Frame): Messages[Name] {
  if (frame.type !== FRAME[name]) {
    throw protocolError('RTA_PROTOCOL_UNEXPECTED_FRAME', `expected ${name}`, {
      details: { type: frame.type },
    });
  }
  const parsed = SCHEMAS[name].safeParse(decodeCbor(frame.body));
  if (!parsed.success) {
    // The path says where it is wrong; values stay out of the message (invariant I10).
    const where = parsed.error.issues[0]?.path.join('.') || 'the map of members';
    throw protocolError('RTA_PROTOCOL_MESSAGE', `${name}: ${where} is not as specified`);
  }
  return parsed.data;
}
