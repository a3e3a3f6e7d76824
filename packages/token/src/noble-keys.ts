import { hashes, Point, getPublicKey as publicKeyOf, sign as signWith } from '@noble/ed25519';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { concatBytes, constantTimeEqual, isRtaError } from '@rta/core';
import {
  checkEd25519PublicKey,
  ED25519_POINT_BYTES,
  ED25519_SIGNATURE_BYTES,
  hasSmallOrder,
  littleEndian,
} from './ed25519-point.ts';
import {
  checkEd25519Seed,
  checkHmacSecret,
  checkKeyId,
  type Ed25519TokenKey,
  type Ed25519TokenVerifier,
  type TokenKey,
} from './token-key.ts';

/** What an HMAC key is made of. */
export interface HmacKeyOptions {
  /** 0 to 2^32 − 1. */
  readonly keyId: number;
  /** 32 to 64 random bytes; copied. */
  readonly secret: Uint8Array;
}

/** What an Ed25519 key is made of. */
export interface Ed25519KeyOptions {
  /** 0 to 2^32 − 1. */
  readonly keyId: number;
  /** The 32-byte seed; copied. */
  readonly privateKey: Uint8Array;
}

/** What the public half of an Ed25519 key is made of. */
export interface Ed25519PublicKeyOptions {
  /** 0 to 2^32 − 1. */
  readonly keyId: number;
  /** The 32 bytes of the point; copied. */
  readonly publicKey: Uint8Array;
}

/**
 * Creates a key of suite `hmac-sha256` in JavaScript. Whoever can verify with it can also sign.
 *
 * @throws RtaError `RTA_TOKEN_KEY` for a key id or a secret that cannot be used.
 * @see docs/spec/token.md T-2.2, T-3.2
 */
export function createHmacKey(options: HmacKeyOptions): TokenKey {
  const { keyId } = options;
  checkKeyId(keyId);
  checkHmacSecret(options.secret);
  const secret = new Uint8Array(options.secret);
  const sign = (message: Uint8Array): Uint8Array => hmac(sha256, secret, message);
  return Object.freeze({
    suite: 'hmac-sha256',
    keyId,
    sign,
    verify: (message, signature) => constantTimeEqual(sign(message), signature),
  } satisfies TokenKey);
}

/**
 * Creates a key of suite `ed25519` in JavaScript.
 *
 * @throws RtaError `RTA_TOKEN_KEY` for a key id or a seed that cannot be used.
 * @see docs/spec/token.md T-2.3, T-3.3
 */
export function createEd25519Key({ keyId, privateKey }: Ed25519KeyOptions): Ed25519TokenKey {
  checkKeyId(keyId);
  checkEd25519Seed(privateKey);
  const seed = new Uint8Array(privateKey);
  const publicKey = withSha512(() => publicKeyOf(seed));
  return Object.freeze({
    ...createEd25519PublicKey({ keyId, publicKey }),
    sign: (message: Uint8Array) => withSha512(() => signWith(message, seed)),
  });
}

/**
 * Creates the verifying half of a key of suite `ed25519` in JavaScript.
 *
 * @throws RtaError `RTA_TOKEN_KEY` for a key id or a public key that cannot be used.
 * @see docs/spec/token.md T-2.4, T-3.4
 */
export function createEd25519PublicKey(options: Ed25519PublicKeyOptions): Ed25519TokenVerifier {
  const { keyId } = options;
  checkKeyId(keyId);
  checkEd25519PublicKey(options.publicKey);
  const publicKey = new Uint8Array(options.publicKey);
  return Object.freeze({
    suite: 'ed25519',
    keyId,
    publicKey,
    verify: verifierOf(new Uint8Array(publicKey)),
  } satisfies Ed25519TokenVerifier);
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
  try {
    checkEd25519PublicKey(publicKey);
  } catch (error) {
    if (isRtaError(error, 'RTA_TOKEN_KEY')) return false;
    throw error;
  }
  return verifierOf(new Uint8Array(publicKey))(message, signature);
}

/**
 * RFC 8032 §5.1.7 without the cofactor, as OpenSSL has it. The library's own `verify` multiplies by the cofactor even
 * in its strict mode, and so accepts signatures that `node:crypto` refuses: two verifiers must not disagree (T-2.6).
 */
function verifierOf(publicKey: Uint8Array): (message: Uint8Array, signature: Uint8Array) => boolean {
  const point = Point.fromBytes(publicKey);
  const order = Point.CURVE().n;
  return (message, signature) => {
    if (signature.byteLength !== ED25519_SIGNATURE_BYTES) return false;
    const r = signature.subarray(0, ED25519_POINT_BYTES);
    if (hasSmallOrder(r)) return false; // T-2.5
    const s = littleEndian(signature.subarray(ED25519_POINT_BYTES));
    if (s >= order) return false; // T-2.4
    const k = littleEndian(sha512(concatBytes(r, publicKey, message))) % order;
    const expected = Point.BASE.multiplyUnsafe(s).subtract(point.multiplyUnsafe(k));
    return constantTimeEqual(expected.toBytes(), r);
  };
}

/**
 * Lends the library a SHA-512 for one synchronous call and puts back what was there: its hash is a module-wide
 * setting, which is for the application to choose.
 */
function withSha512<Result>(call: () => Result): Result {
  const before = hashes.sha512;
  hashes.sha512 = sha512;
  try {
    return call();
  } finally {
    hashes.sha512 = before;
  }
}
