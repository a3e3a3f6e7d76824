import { createHash } from 'node:crypto';
import { canonicalJson, fromBase64Url, type JsonObject, toBase64Url } from '@rta/core';
import { createEd25519PublicKey, type Ed25519TokenKey } from '@rta/token';
import { auditError } from './errors.ts';
import { AUDIT_LIMITS } from './limits.ts';

/** Signs checkpoints and receipts: an Ed25519 key, e.g. of `createEd25519Key`. It signs nothing else, tokens least of all. */
export type AuditSigner = Pick<Ed25519TokenKey, 'publicKey' | 'sign'>;

/** The RFC 7638 thumbprint of an Ed25519 public key: the name of an audit key. */
export function auditKeyId(publicKey: Uint8Array): string {
  const jwk = canonicalJson({ crv: 'Ed25519', kty: 'OKP', x: toBase64Url(publicKey) });
  return createHash('sha256').update(jwk).digest('base64url');
}

/** Public audit keys as a JWK Set (RFC 7517 §5, RFC 8037 §2): what a node writes to `audit.pub`. */
export function auditKeySet(publicKeys: readonly Uint8Array[]): JsonObject {
  return {
    keys: publicKeys.map((publicKey) => ({
      kty: 'OKP',
      crv: 'Ed25519',
      x: toBase64Url(publicKey),
      kid: auditKeyId(publicKey),
      use: 'sig',
      alg: 'EdDSA',
    })),
  };
}

/**
 * Reads a JWK Set of audit keys.
 *
 * @returns the public keys, 32 bytes each.
 * @throws RtaError `RTA_AUDIT_KEYS` for what is none, also where one key of it is not a public Ed25519 key.
 */
export function parseAuditKeySet(text: string): readonly Uint8Array[] {
  let set: unknown;
  try {
    set = JSON.parse(text);
  } catch (cause) {
    throw auditError('RTA_AUDIT_KEYS', 'expected a JWK Set, and found no JSON', { cause });
  }
  const keys: unknown = typeof set === 'object' && set !== null && 'keys' in set ? set.keys : undefined;
  if (!Array.isArray(keys) || keys.length === 0 || keys.length > AUDIT_LIMITS.keyCount) {
    throw auditError('RTA_AUDIT_KEYS', `expected a JWK Set of 1 to ${AUDIT_LIMITS.keyCount} keys`);
  }
  return keys.map(parseKey);
}

function parseKey(key: unknown): Uint8Array {
  const { kty, crv, x, d } = Object(key) as Readonly<Record<string, unknown>>;
  // Whoever publishes the private half has no audit key any more: better told than used.
  if (d !== undefined) throw auditError('RTA_AUDIT_KEYS', 'the set holds a private key');
  if (kty !== 'OKP' || crv !== 'Ed25519' || typeof x !== 'string') {
    throw auditError('RTA_AUDIT_KEYS', 'expected keys of type OKP on curve Ed25519');
  }
  try {
    return createEd25519PublicKey({ keyId: 0, publicKey: fromBase64Url(x) }).publicKey;
  } catch (cause) {
    throw auditError('RTA_AUDIT_KEYS', 'expected an Ed25519 public key of 32 bytes', { cause });
  }
}
