import { concatBytes, parseSessionId, type SessionId, sessionIdToBytes, utf8 } from '@rta/core';

const BIND_LABEL = utf8('RTA bind v1\0');
const RESUME_LABEL = utf8('RTA resume v1\0');

/** Bytes in a server's challenge. */
export const CHALLENGE_BYTES = 32;

/** Bytes in the nonce of RESUME. */
export const RESUME_NONCE_BYTES = 16;

/** Bytes in a channel binding: a SHA-256 digest, or what the TLS exporter gives. */
const CHANNEL_BINDING_BYTES = 32;

/**
 * What an agent signs with its key to bind a session to a connection (invariant I5): 92 bytes.
 *
 * The challenge makes it fresh, the channel binding ties it to the server of this connection, so that nobody between
 * the two can carry it over, and the label keeps it from meaning anything elsewhere.
 *
 * @param challenge - the 32 bytes of WELCOME.
 * @param channelBinding - 32 bytes, as this side of the connection sees them.
 * @throws RtaError `RTA_CORE_SESSION_ID`, `RTA_CORE_BASE64URL` for an id that is not one.
 * @see docs/spec/protocol.md §5
 */
export function bindingStatement(
  challenge: Uint8Array,
  channelBinding: Uint8Array,
  sessionId: SessionId,
): Uint8Array {
  assertLength('the challenge', challenge, CHALLENGE_BYTES);
  assertLength('the channel binding', channelBinding, CHANNEL_BINDING_BYTES);
  return concatBytes(BIND_LABEL, challenge, channelBinding, idBytes(sessionId));
}

/**
 * What an agent signs with its key to bind a session without having heard a challenge: 86 bytes.
 *
 * Nonce and time stand in for the challenge: a server takes the nonce once, and only near the time.
 *
 * @param nonce - 16 random bytes, never used before.
 * @param issuedAtMs - UNIX milliseconds, by the server's clock as the client knows it.
 * @param channelBinding - 32 bytes, as this side of the connection sees them; in early data, those of the connection
 *   that the ticket came from.
 * @throws RangeError for a time that is not an integer from 0 to 2^53 − 1;
 *   RtaError `RTA_CORE_SESSION_ID`, `RTA_CORE_BASE64URL` for an id that is not one.
 * @see docs/spec/protocol.md §9
 */
export function resumeStatement(
  nonce: Uint8Array,
  issuedAtMs: number,
  channelBinding: Uint8Array,
  sessionId: SessionId,
): Uint8Array {
  assertLength('the nonce', nonce, RESUME_NONCE_BYTES);
  assertLength('the channel binding', channelBinding, CHANNEL_BINDING_BYTES);
  return concatBytes(RESUME_LABEL, nonce, timeBytes(issuedAtMs), channelBinding, idBytes(sessionId));
}

// A part of another length would let one signature stand for two statements.
function assertLength(what: string, part: Uint8Array, lengthBytes: number): void {
  if (part.byteLength !== lengthBytes) throw new RangeError(`${what} must have ${lengthBytes} bytes`);
}

/** Parsed once more: an id that is not one would have another length. */
function idBytes(sessionId: SessionId): Uint8Array {
  return sessionIdToBytes(parseSessionId(sessionId));
}

function timeBytes(timeMs: number): Uint8Array {
  if (!Number.isSafeInteger(timeMs) || timeMs < 0) {
    throw new RangeError('the time must be UNIX milliseconds from 0 to 2^53 − 1');
  }
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(timeMs));
  return bytes;
}
