import { tokenError } from './errors.ts';
import type { TokenVerifier } from './token-key.ts';
import { decodeToken, type TokenClaims } from './v1/codec.ts';

/**
 * Reads an untrusted token and verifies its signature: the cold path, and the way for parties that hold public keys
 * only. That a token is genuine does not make it current: see `docs/spec/token.md` §5.
 *
 * @param findKey - the accepted key with this id, or undefined.
 * @throws RtaError as {@link decodeToken} does, then `RTA_TOKEN_KEY_UNKNOWN` | `RTA_TOKEN_SUITE_MISMATCH` |
 *   `RTA_TOKEN_SIGNATURE`: the first that applies, in this order.
 * @see docs/spec/token.md T-4.1, T-4.2
 */
export function verifyToken(
  bytes: Uint8Array,
  findKey: (keyId: number) => TokenVerifier | undefined,
): TokenClaims {
  const { unverified, signedMessage, signature } = decodeToken(bytes);
  const { keyId, suite } = unverified;
  const key = findKey(keyId);
  if (key === undefined || key.keyId !== keyId) {
    throw tokenError('RTA_TOKEN_KEY_UNKNOWN', undefined, { details: { keyId } });
  }
  // T-4.2: the key says which algorithm it is for. A token that could choose would have its HMAC checked with a
  // public key as the secret.
  if (key.suite !== suite) {
    throw tokenError('RTA_TOKEN_SUITE_MISMATCH', undefined, {
      details: { keyId, tokenSuite: suite, keySuite: key.suite },
    });
  }
  if (!key.verify(signedMessage, signature)) {
    throw tokenError('RTA_TOKEN_SIGNATURE', undefined, { details: { keyId } });
  }
  return unverified;
}
