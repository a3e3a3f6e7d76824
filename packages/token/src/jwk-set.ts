import { toBase64Url } from '@rta/core';
import type { Ed25519TokenVerifier, TokenVerifier } from './token-key.ts';

/** A public key as a member of a JWK Set (RFC 7517, RFC 8037). */
export interface PublishedKey {
  readonly kty: 'OKP';
  readonly crv: 'Ed25519';
  readonly alg: 'EdDSA';
  readonly use: 'sig';
  /** The key id in decimal digits. */
  readonly kid: string;
  /** The public key, base64url. */
  readonly x: string;
}

/**
 * What of these keys is for everybody: the public halves of Ed25519 keys, in the order given. Of an HMAC key nothing
 * is, as who can verify with it can also sign (T-6.7).
 */
export function publishedKeys(keys: readonly TokenVerifier[]): readonly PublishedKey[] {
  return keys.filter(isEd25519).map(({ keyId, publicKey }) => ({
    kty: 'OKP',
    crv: 'Ed25519',
    alg: 'EdDSA',
    use: 'sig',
    kid: String(keyId),
    x: toBase64Url(publicKey),
  }));
}

const isEd25519 = (key: TokenVerifier): key is Ed25519TokenVerifier =>
  key.suite === 'ed25519' && 'publicKey' in key && key.publicKey instanceof Uint8Array;
