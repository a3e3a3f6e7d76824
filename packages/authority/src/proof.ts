import { createHash } from 'node:crypto';
import { isRtaError, toBase64Url } from '@rta/core';
import { createEd25519PublicKey, type TokenVerifier } from '@rta/token';

/**
 * Whether an Ed25519 key signed a statement. Keys and signatures that are malformed verify nothing, and neither do
 * points of small order: under such a key a signature holds that nobody made.
 *
 * @param publicKey - 32 bytes.
 * @param signature - 64 bytes.
 * @see RFC 8032 §5.1.7; docs/spec/token.md T-2.4 to T-2.6 and T-3.4, for what the RFC leaves open
 */
export function verifyProof(publicKey: Uint8Array, statement: Uint8Array, signature: Uint8Array): boolean {
  let key: TokenVerifier;
  try {
    // One strict Ed25519 for the whole project. The key id is for rings, and this key enters none.
    key = createEd25519PublicKey({ keyId: 0, publicKey });
  } catch (error) {
    if (isRtaError(error, 'RTA_TOKEN_KEY')) return false;
    throw error;
  }
  return key.verify(statement, signature);
}

/**
 * The name of an Ed25519 key: the SHA-256 thumbprint of its JWK, base64url.
 *
 * @param publicKey - 32 bytes.
 * @see RFC 7638 §3, RFC 8037 §2
 */
export function keyThumbprint(publicKey: Uint8Array): string {
  // RFC 7638 §3.2: the required members only, in lexicographic order, without white space.
  const jwk = JSON.stringify({ crv: 'Ed25519', kty: 'OKP', x: toBase64Url(publicKey) });
  return createHash('sha256').update(jwk).digest('base64url');
}
