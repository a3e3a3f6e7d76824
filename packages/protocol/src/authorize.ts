import { type JsonObject, utf8 } from '@rta/core';
import { BodyReader, malformed } from './body-reader.ts';
import { decodeCbor, encodeCbor } from './cbor.ts';
import { FRAME, FRAME_HEADER_BYTES, writeFrameHeader } from './frame.ts';
import { isJsonObject } from './json.ts';
import { PROTOCOL_LIMITS } from './limits.ts';
import { isText } from './text.ts';
import { TOKEN_LENGTHS } from './token-lengths.ts';

/** What an agent asks before an action. */
export interface AuthorizeRequest {
  /** The token that the agent holds. */
  readonly token: Uint8Array;
  readonly action: string;
  readonly resource: { readonly type: string; readonly id: string };
  /** What the agent says about its request; policies see it as untrusted. */
  readonly context?: JsonObject;
}

const NO_BYTES = new Uint8Array(0);

/**
 * One AUTHORIZE frame. What it writes, {@link splitAuthorize} and {@link decodeQuestion} read: a request that the
 * server would refuse, and close the connection for, is refused here.
 *
 * @throws RtaError `RTA_PROTOCOL_MESSAGE` where the token has no known length, a name is empty, not well-formed or
 *   longer than its limit, or the context is too large or holds what JSON cannot; `RTA_PROTOCOL_REQUEST_ID`
 * @throws RangeError for a request id that is not a number of 32 bits.
 */
export function encodeAuthorize(requestId: number, request: AuthorizeRequest): Uint8Array {
  const { token, resource } = request;
  if (!TOKEN_LENGTHS.has(token.byteLength)) throw malformed('the token has no known length');
  const parts = [
    nameBytes('the action', request.action, PROTOCOL_LIMITS.maxActionBytes),
    nameBytes('the resource type', resource.type, PROTOCOL_LIMITS.maxResourceTypeBytes),
    nameBytes('the resource id', resource.id, PROTOCOL_LIMITS.maxResourceIdBytes),
    request.context === undefined ? NO_BYTES : contextBytes(request.context),
  ];

  let bodyBytes = 1 + token.byteLength;
  for (const part of parts) bodyBytes += 2 + part.byteLength;
  const frame = new Uint8Array(FRAME_HEADER_BYTES + bodyBytes);
  writeFrameHeader(frame, FRAME.authorize, requestId, bodyBytes);
  let at = FRAME_HEADER_BYTES;
  frame[at++] = token.byteLength;
  frame.set(token, at);
  at += token.byteLength;
  for (const part of parts) {
    frame[at++] = part.byteLength >>> 8;
    frame[at++] = part.byteLength;
    frame.set(part, at);
    at += part.byteLength;
  }
  return frame;
}

function nameBytes(what: string, name: string, maxBytes: number): Uint8Array {
  // Encoding would repair a broken name, and so ask about another one.
  if (!isText(name)) throw malformed(`${what} is not a well-formed text`);
  const bytes = utf8(name);
  if (bytes.byteLength === 0 || bytes.byteLength > maxBytes) {
    throw malformed(`${what} must have 1 to ${maxBytes} bytes`);
  }
  return bytes;
}

function contextBytes(context: JsonObject): Uint8Array {
  const bytes = encodeCbor(context);
  if (!isJsonObject(context)) throw malformed(NOT_JSON);
  if (bytes.byteLength > PROTOCOL_LIMITS.maxRequestContextBytes) throw malformed(CONTEXT_TOO_LARGE);
  return bytes;
}

const NOT_JSON = 'the context is not a map of JSON values';
const CONTEXT_TOO_LARGE = `the context must have at most ${PROTOCOL_LIMITS.maxRequestContextBytes} bytes`;

/**
 * Where the token ends in an AUTHORIZE body: what follows is the question itself. Both are views of the body.
 *
 * @throws RtaError `RTA_PROTOCOL_MESSAGE`
 */
export function splitAuthorize(body: Uint8Array): {
  readonly token: Uint8Array;
  readonly question: Uint8Array;
} {
  const reader = new BodyReader(body);
  const tokenBytes = reader.uint8();
  if (!TOKEN_LENGTHS.has(tokenBytes)) throw malformed('the token has no known length');
  return { token: reader.take(tokenBytes), question: body.subarray(1 + tokenBytes) };
}

/**
 * Reads the question of an AUTHORIZE body, as {@link splitAuthorize} gave it.
 *
 * @throws RtaError `RTA_PROTOCOL_MESSAGE`
 */
export function decodeQuestion(question: Uint8Array): Omit<AuthorizeRequest, 'token'> {
  const reader = new BodyReader(question);
  const action = reader.text('the action', PROTOCOL_LIMITS.maxActionBytes);
  const type = reader.text('the resource type', PROTOCOL_LIMITS.maxResourceTypeBytes);
  const id = reader.text('the resource id', PROTOCOL_LIMITS.maxResourceIdBytes);
  const contextBytes = reader.uint16();
  if (contextBytes > PROTOCOL_LIMITS.maxRequestContextBytes) throw malformed(CONTEXT_TOO_LARGE);
  const context = contextBytes === 0 ? undefined : readContext(reader.take(contextBytes));
  reader.end();
  return { action, resource: { type, id }, ...(context === undefined ? {} : { context }) };
}

function readContext(bytes: Uint8Array): JsonObject {
  const context = decodeCbor(bytes);
  if (!isJsonObject(context)) throw malformed(NOT_JSON);
  return context;
}
