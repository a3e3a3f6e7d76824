import { concatBytes, parseSessionId, type SessionId, sessionIdToBytes, utf8 } from '@rta/core';

const LABEL = utf8('RTA bind v1\0');

/** Bytes in a server's challenge. */
export const CHALLENGE_BYTES = 32;

/** Bytes in a channel binding: a SHA-256 digest. */
const CHANNEL_BINDING_BYTES = 32;

/**
 * What an agent signs with its key to bind a session to a connection (invariant I5): 92 bytes.
 *
 * The challenge makes it fresh, the channel binding ties it to this server's certificate, so that nobody between
 * the two can carry it over, and the label keeps it from meaning anything elsewhere.
 *
 * @param challenge - the 32 bytes of WELCOME.
 * @param channelBinding - SHA-256 of the server's certificate, 32 bytes, as this side sees it.
 * @throws RtaError `RTA_CORE_SESSION_ID`, `RTA_CORE_BASE64URL` for an id that is not one.
 * @see docs/spec/protocol.md §5
 */
export function bindingStatement(
  challenge: Uint8Array,
  channelBinding: Uint8Array,
  sessionId: SessionId,
): Uint8Array {
  if (challenge.byteLength !== CHALLENGE_BYTES) throw new RangeError('the challenge must have 32 bytes');
  if (channelBinding.byteLength !== CHANNEL_BINDING_BYTES) {
    throw new RangeError('the channel binding must have 32 bytes');
  }
  // Parsed once more: of an id that is not one, the statement would have another length and so another meaning.
  return concatBytes(LABEL, challenge, channelBinding, sessionIdToBytes(parseSessionId(sessionId)));
}
