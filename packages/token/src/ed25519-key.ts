import { createPrivateKey, createPublicKey, KeyObject, sign, verify } from 'node:crypto';
import { fromBase64Url, toBase64Url } from '@rta/core';
import {
  checkEd25519PublicKey,
  ED25519_POINT_BYTES,
  ED25519_SIGNATURE_BYTES,
  hasSmallOrder,
  isCanonical,
} from './ed25519-point.ts';
import { tokenError } from './errors.ts';
import {
  checkEd25519Seed,
  checkKeyId,
  type Ed25519TokenKey,
  type Ed25519TokenVerifier,
} from './token-key.ts';

/** The PKCS #8 wrapping of a 32-byte Ed25519 seed (RFC 8410 §7), up to the seed. */
const PKCS8_PREFIX = Uint8Array.of(48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32);

/** What an Ed25519 key is made of. */
export interface Ed25519KeyOptions {
  /** 0 to 2^32 − 1. */
  readonly keyId: number;
  /** The 32-byte seed (copied), or a private key of Node. */
  readonly privateKey: Uint8Array | KeyObject;
}

/** What the public half of an Ed25519 key is made of. */
export interface Ed25519PublicKeyOptions {
  /** 0 to 2^32 − 1. */
  readonly keyId: number;
  /** The 32 bytes of the point (copied), or a public key of Node. */
  readonly publicKey: Uint8Array | KeyObject;
}

/**
 * Creates a key of suite `ed25519` on `node:crypto`.
 *
 * @throws RtaError `RTA_TOKEN_KEY` for a key id or a private key that cannot be used.
 * @see docs/spec/token.md T-2.3, T-3.3
 */
export function createEd25519Key({ keyId, privateKey }: Ed25519KeyOptions): Ed25519TokenKey {
  checkKeyId(keyId);
  const key = privateKey instanceof KeyObject ? privateKey : privateKeyFromSeed(privateKey);
  if (key.type !== 'private' || key.asymmetricKeyType !== 'ed25519') {
    throw tokenError('RTA_TOKEN_KEY', `expected a private Ed25519 key, and found ${nameOf(key)}`);
  }
  return Object.freeze({
    ...verifierOf(keyId, createPublicKey(key)),
    sign: (message: Uint8Array) => new Uint8Array(sign(null, message, key)),
  });
}

/**
 * Creates the verifying half of a key of suite `ed25519` on `node:crypto`.
 *
 * @throws RtaError `RTA_TOKEN_KEY` for a key id or a public key that cannot be used.
 * @see docs/spec/token.md T-2.4, T-3.4
 */
export function createEd25519PublicKey({ keyId, publicKey }: Ed25519PublicKeyOptions): Ed25519TokenVerifier {
  checkKeyId(keyId);
  if (!(publicKey instanceof KeyObject)) checkEd25519PublicKey(publicKey);
  const key = publicKey instanceof KeyObject ? publicKey : importPoint(publicKey);
  if (key.type !== 'public' || key.asymmetricKeyType !== 'ed25519') {
    throw tokenError('RTA_TOKEN_KEY', `expected a public Ed25519 key, and found ${nameOf(key)}`);
  }
  return Object.freeze(verifierOf(keyId, key));
}

function verifierOf(keyId: number, key: KeyObject): Ed25519TokenVerifier {
  const point = fromBase64Url(key.export({ format: 'jwk' }).x ?? '');
  checkEd25519PublicKey(point);
  return {
    suite: 'ed25519',
    keyId,
    publicKey: point,
    verify: (message, signature) => verifyStrictly(key, message, signature),
  };
}

/**
 * Whether an Ed25519 key signed a message, by the same rules as {@link createEd25519PublicKey}: for keys that are used
 * once. A key or a signature that is malformed verifies nothing.
 *
 * @param publicKey - 32 bytes.
 * @param signature - 64 bytes.
 * @see docs/spec/token.md T-2.4 to T-2.6, T-3.4
 */
export function verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.byteLength !== ED25519_POINT_BYTES) return false;
  // That it is a point of the curve need not be asked: OpenSSL takes its square root, and fails without one.
  if (!isCanonical(publicKey) || hasSmallOrder(publicKey)) return false;
  return verifyStrictly(importPoint(publicKey), message, signature);
}

/**
 * OpenSSL checks S and compares without the cofactor (T-2.4, T-2.6). Whether R of small order is refused depends on the
 * version of Node, so it is refused here (T-2.5).
 */
function verifyStrictly(key: KeyObject, message: Uint8Array, signature: Uint8Array): boolean {
  return (
    signature.byteLength === ED25519_SIGNATURE_BYTES &&
    !hasSmallOrder(signature.subarray(0, ED25519_POINT_BYTES)) &&
    verify(null, message, key, signature)
  );
}

function privateKeyFromSeed(seed: Uint8Array): KeyObject {
  checkEd25519Seed(seed);
  const pkcs8 = Buffer.concat([PKCS8_PREFIX, seed]);
  const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  pkcs8.fill(0);
  return key;
}

function importPoint(point: Uint8Array): KeyObject {
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: toBase64Url(point) }, format: 'jwk' });
}

function nameOf(key: KeyObject): string {
  return key.asymmetricKeyType === undefined
    ? `a ${key.type} key`
    : `a ${key.type} ${key.asymmetricKeyType} key`;
}
