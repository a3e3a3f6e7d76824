import { fromBase64Url, toBase64Url } from './bytes.ts';
import { coreError } from './core-errors.ts';

declare const sessionIdBrand: unique symbol;

/**
 * Identifies one session: 128 random bits, as 22 base64url characters.
 * It is a name, not a secret: knowing it opens nothing (invariant I5).
 */
export type SessionId = string & { readonly [sessionIdBrand]: true };

/** 16 bytes as base64url: the last of 22 characters has 4 spare bits, which are 0. */
const SESSION_ID = /^[A-Za-z0-9_-]{21}[AQgw]$/;

/** Bytes in a session id. */
export const SESSION_ID_BYTES = 16;

/**
 * Names a session by its 16 bytes.
 *
 * @throws RtaError `RTA_CORE_SESSION_ID` for any other length.
 */
export function sessionIdFromBytes(bytes: Uint8Array): SessionId {
  if (bytes.byteLength !== SESSION_ID_BYTES) {
    throw coreError('RTA_CORE_SESSION_ID', undefined, { details: { bytes: bytes.byteLength } });
  }
  return toBase64Url(bytes) as SessionId;
}

/** The 16 bytes of a session id. */
export function sessionIdToBytes(id: SessionId): Uint8Array {
  return fromBase64Url(id);
}

/**
 * Reads a session id from untrusted text.
 *
 * @throws RtaError `RTA_CORE_SESSION_ID` where the text has not 22 characters; `RTA_CORE_BASE64URL` where they are not
 *   those of 16 bytes.
 */
export function parseSessionId(text: string): SessionId {
  if (text.length !== 22) {
    throw coreError('RTA_CORE_SESSION_ID', undefined, { details: { characters: text.length } });
  }
  if (!SESSION_ID.test(text)) throw coreError('RTA_CORE_BASE64URL');
  return text as SessionId;
}
