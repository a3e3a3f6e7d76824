import { tokenError } from './errors.ts';
import { TOKEN_LIMITS } from './limits.ts';
import { KEY_ID_MAX, type TokenSuite } from './v1/layout.ts';

/** Checks signatures of one key. */
export interface TokenVerifier {
  readonly suite: TokenSuite;
  /** 0 to 2^32 − 1. It belongs to this key alone, and with it to this suite, for ever. */
  readonly keyId: number;
  /** Whether this key made the signature of this message. Never throws: what cannot be right is false. */
  verify(message: Uint8Array, signature: Uint8Array): boolean;
}

/** Makes signatures with one key. */
export interface TokenSigner {
  readonly suite: TokenSuite;
  /** 0 to 2^32 − 1. */
  readonly keyId: number;
  /** @returns 32 bytes in suite `hmac-sha256`, 64 in `ed25519`. */
  sign(message: Uint8Array): Uint8Array;
}

/** A key that signs and verifies. */
export interface TokenKey extends TokenSigner, TokenVerifier {}

/** What is public of an Ed25519 key. */
export interface Ed25519TokenVerifier extends TokenVerifier {
  readonly suite: 'ed25519';
  /** The 32 bytes of the public key (RFC 8032 §5.1.5), a fresh copy: publish it, e.g. in a JWK Set. */
  readonly publicKey: Uint8Array;
}

/** An Ed25519 key that signs and verifies. */
export interface Ed25519TokenKey extends TokenKey, Ed25519TokenVerifier {
  readonly suite: 'ed25519';
}

/** Bytes of an Ed25519 seed, the private key of RFC 8032. */
const ED25519_SEED_BYTES = 32;

/**
 * Checks a key id (T-3.1).
 *
 * @throws RtaError `RTA_TOKEN_KEY` where it is not an integer of 32 bits.
 */
export function checkKeyId(keyId: number): void {
  if (!Number.isInteger(keyId) || keyId < 0 || keyId > KEY_ID_MAX) {
    throw tokenError('RTA_TOKEN_KEY', 'the key id must be an integer from 0 to 4294967295');
  }
}

/**
 * Checks an HMAC secret (T-3.2, T-3.3).
 *
 * @throws RtaError `RTA_TOKEN_KEY` where it has not 32 to 64 bytes, or only zeros.
 */
export function checkHmacSecret(secret: Uint8Array): void {
  const bytes = secret.byteLength;
  if (bytes < TOKEN_LIMITS.hmacSecretMinBytes || bytes > TOKEN_LIMITS.hmacSecretMaxBytes) {
    throw tokenError('RTA_TOKEN_KEY', `an HMAC secret must have 32 to 64 bytes, and this one has ${bytes}`, {
      details: { bytes },
    });
  }
  checkNotZero(secret);
}

/**
 * Checks an Ed25519 seed (T-3.3).
 *
 * @throws RtaError `RTA_TOKEN_KEY` where it has not 32 bytes, or only zeros.
 */
export function checkEd25519Seed(seed: Uint8Array): void {
  const bytes = seed.byteLength;
  if (bytes !== ED25519_SEED_BYTES) {
    throw tokenError('RTA_TOKEN_KEY', `an Ed25519 seed must have 32 bytes, and this one has ${bytes}`, {
      details: { bytes },
    });
  }
  checkNotZero(seed);
}

/** Zeros are memory that nobody filled, and a key that everybody knows (T-3.3). */
function checkNotZero(secret: Uint8Array): void {
  if (secret.every((byte) => byte === 0)) {
    throw tokenError('RTA_TOKEN_KEY', 'the key must be random, and this one is all zeros');
  }
}
