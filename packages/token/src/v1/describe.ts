import type { SessionId } from '@rta/core';
import { decodeToken } from './codec.ts';
import type { TokenSuite } from './layout.ts';

/** What may be shown of a token to a person who looks for a fault. */
export interface TokenDescription {
  readonly suite: TokenSuite;
  readonly keyId: number;
  readonly sessionId: SessionId;
  /** UNIX milliseconds; values beyond what `Date` can hold are possible. */
  readonly issuedAtMs: number;
  /** The first 4 bytes of the context hash, in hex: enough to see that two contexts differ. */
  readonly contextHashStart: string;
}

/**
 * Describes a token for diagnosis, without its signature and without the whole context hash (invariant I10):
 * the description cannot be turned back into the token. No signature is verified.
 *
 * @throws RtaError as {@link decodeToken} does.
 */
export function describeToken(bytes: Uint8Array): TokenDescription {
  const { contextHash, suite, keyId, sessionId, issuedAtMs } = decodeToken(bytes).unverified;
  const start = Array.from(contextHash.subarray(0, 4), (byte) => byte.toString(16).padStart(2, '0'));
  return { suite, keyId, sessionId, issuedAtMs, contextHashStart: start.join('') };
}
