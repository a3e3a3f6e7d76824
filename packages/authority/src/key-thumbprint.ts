import { createHash } from 'node:crypto';
import { toBase64Url } from '@rta/core';

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
