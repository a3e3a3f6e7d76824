import { constantTimeEqual, type SessionId, sessionIdFromBytes } from '@rta/core';
import { checkTokenLength } from './codec.ts';
import { isTokenLength, TOKEN_OFFSETS } from './layout.ts';

/**
 * The session id that a presented token claims, to find the session whose current token it must equal.
 * Nothing is proven by it, and of the token only the length is checked.
 *
 * @throws RtaError `RTA_TOKEN_LENGTH`
 * @see docs/spec/token.md T-5.3
 */
export function peekSessionId(token: Uint8Array): SessionId {
  checkTokenLength(token);
  return sessionIdFromBytes(token.subarray(TOKEN_OFFSETS.sessionId, TOKEN_OFFSETS.contextHash));
}

/**
 * Whether a presented token is this one, in constant time and without allocation. If `current` is a token that this
 * program made, equality is authenticity: nobody else can have made these bytes.
 *
 * Arrays that no token can be are equal to nothing, not even to themselves: a session whose token is not there
 * (zero bytes) must not be opened by a request that brings none.
 *
 * @see docs/spec/token.md T-5.1, T-5.2
 */
export function equalTokens(presented: Uint8Array, current: Uint8Array): boolean {
  return isTokenLength(current.byteLength) && constantTimeEqual(presented, current);
}
