import { createHmac, createSecretKey, randomBytes } from 'node:crypto';
import { type Clock, concatBytes, constantTimeEqual, toBase64Url, utf8 } from '@rta/core';
import { parseBase64Url } from './base64url.ts';
import { IDP_LIMITS } from './limits.ts';

/** Issues DPoP nonces and knows its own again. */
export interface NonceIssuer {
  /**
   * A new nonce: 75 base64url characters.
   *
   * @param random - 16 random bytes; fresh ones where absent.
   */
  issue(random?: Uint8Array): string;
  /** When the nonce expires, in UNIX milliseconds; undefined where it was not issued here, or has expired. */
  check(nonce: string): { readonly expiresAtMs: number } | undefined;
}

const LABEL = utf8('RTA DPoP nonce v1\0');
const RANDOM_BYTES = 16;
const EXPIRY_BYTES = 8;
const TAG_BYTES = 32;
const NONCE_CHARACTERS = 75;

/**
 * Makes an issuer of nonces that keeps no state: a nonce is random bytes, its expiry, and an HMAC-SHA-256 over both,
 * so that strangers who ask for nonces cost no memory, and nodes with the same secret accept each other's.
 *
 * Whether a nonce was used is not known here: see `createDpopVerifier`.
 *
 * @param options - `secret` has 32 bytes; `lifetimeMs` is 60 000 by default.
 * @throws RangeError for a secret of another length, or a lifetime that is not positive.
 * @see RFC 9449 §8
 */
export function createNonceIssuer(options: {
  readonly secret: Uint8Array;
  readonly clock: Clock;
  readonly lifetimeMs?: number;
}): NonceIssuer {
  const { secret, clock, lifetimeMs = IDP_LIMITS.nonceLifetimeMs } = options;
  if (secret.byteLength !== 32) throw new RangeError('secret must have 32 bytes');
  if (!(Number.isSafeInteger(lifetimeMs) && lifetimeMs > 0)) {
    throw new RangeError('lifetimeMs must be a positive integer');
  }
  const key = createSecretKey(secret);
  const tag = (body: Uint8Array): Uint8Array => createHmac('sha256', key).update(LABEL).update(body).digest();

  return {
    issue(random = randomBytes(RANDOM_BYTES)) {
      if (random.byteLength !== RANDOM_BYTES) throw new RangeError('random must have 16 bytes');
      const expiry = new Uint8Array(EXPIRY_BYTES);
      new DataView(expiry.buffer).setBigUint64(0, BigInt(Math.ceil(clock.now() + lifetimeMs)));
      const body = concatBytes(random, expiry);
      return toBase64Url(concatBytes(body, tag(body)));
    },
    check(nonce) {
      if (nonce.length !== NONCE_CHARACTERS) return undefined;
      const bytes = parseBase64Url(nonce);
      if (bytes === undefined) return undefined;
      const body = bytes.subarray(0, RANDOM_BYTES + EXPIRY_BYTES);
      if (!constantTimeEqual(bytes.subarray(-TAG_BYTES), tag(body))) return undefined;
      const view = new DataView(body.buffer, body.byteOffset + RANDOM_BYTES, EXPIRY_BYTES);
      const expiresAtMs = Number(view.getBigUint64(0));
      return clock.now() < expiresAtMs ? { expiresAtMs } : undefined;
    },
  };
}
