import { fromBase64Url, isRtaError, parseSessionId, type SessionId, toBase64Url } from '@rta/core';
import { sdkError } from './errors.ts';

/**
 * A session in a form that can be kept: it is plain JSON.
 *
 * By itself it opens nothing, since the token is good only with a proof of the session's key (invariant I5). Kept
 * beside the key it is as secret as the key.
 */
export interface SavedSession {
  readonly session: SessionId;
  /** The token that was the current one then, base64url. */
  readonly token: string;
  readonly generation: number;
  /** UNIX milliseconds. */
  readonly expiresAtMs: number;
  readonly scope: readonly string[];
}

/** What of a session is saved. */
export interface SessionState extends Omit<SavedSession, 'token'> {
  readonly token: Uint8Array;
}

/** The saved form of a session's state. */
export function saveSession({ session, token, generation, expiresAtMs, scope }: SessionState): SavedSession {
  return { session, token: toBase64Url(token), generation, expiresAtMs, scope: [...scope] };
}

/** Bytes of a token, by suite (docs/spec/token.md). */
const TOKEN_BYTES: ReadonlySet<number> = new Set([96, 128]);

/**
 * Reads what {@link saveSession} made and a file may have damaged since.
 *
 * @throws RtaError `RTA_SDK_SAVED_SESSION`
 */
export function readSavedSession(saved: SavedSession): {
  readonly session: SessionId;
  readonly token: Uint8Array;
} {
  let token: Uint8Array;
  let session: SessionId;
  try {
    session = parseSessionId(saved.session);
    token = fromBase64Url(saved.token);
  } catch (cause) {
    // What is not even text fails otherwise, and is no better.
    throw sdkError('RTA_SDK_SAVED_SESSION', undefined, isRtaError(cause) ? { cause } : undefined);
  }
  if (!TOKEN_BYTES.has(token.byteLength)) throw sdkError('RTA_SDK_SAVED_SESSION');
  return { session, token };
}
