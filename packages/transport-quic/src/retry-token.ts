import { createHmac, createSecretKey } from 'node:crypto';
import { concatBytes, constantTimeEqual, utf8 } from '@rta/core';
import { QUIC_LIMITS } from './limits.ts';
import type { Address } from './native.ts';

/** First byte of every token. Others are not ours: a client may have them from whom it met here before. */
const VERSION = 1;
const EXPIRY_BYTES = 8;
const MAC_BYTES = 16;
const HEADER_BYTES = 1 + EXPIRY_BYTES + MAC_BYTES;
/** A client's first destination id is of these lengths (RFC 9000 §7.2, §17.2). */
const MIN_ORIGINAL_ID_BYTES = 8;
const MAX_ORIGINAL_ID_BYTES = 20;

/** Whom a token is for, and when. */
export interface RetryTokenScope {
  /** Where the client's packet came from, the port included: it comes back at once, through the same NAT. */
  readonly from: Address;
  /** The id that the Retry packet told the client to use. */
  readonly retryId: Uint8Array;
  /** UNIX time. */
  readonly nowMs: number;
}

/**
 * What a token says: that its bearer receives what is sent to its address, and which id it had made up; or that it is
 * one of ours and not good, here or now or any more; or that it is none of ours.
 */
export type RetryTokenVerdict =
  | { readonly kind: 'good'; readonly originalId: Uint8Array }
  | { readonly kind: 'bad' }
  | { readonly kind: 'foreign' };

/** Makes and judges the tokens of Retry packets. */
export interface RetryTokens {
  /**
   * @param originalId the destination id of the packet that is answered: the client wants to see it again, in the
   *   transport parameters (RFC 9000 §7.3), and nothing else keeps it.
   */
  seal(originalId: Uint8Array, scope: RetryTokenScope): Uint8Array;
  open(token: Uint8Array, scope: RetryTokenScope): RetryTokenVerdict;
}

/**
 * Tokens that prove an address without a server remembering anything: an expiry, the client's original id, and a MAC
 * over both, the client's address and the new id. Nodes that share the key take each other's.
 *
 * | offset | bytes | what |
 * | --- | --- | --- |
 * | 0 | 1 | version, 1 |
 * | 1 | 8 | expiry, UNIX milliseconds |
 * | 9 | 16 | MAC: HMAC-SHA-256, cut |
 * | 25 | 8–20 | original destination id |
 *
 * @see RFC 9000 §8.1.2, §8.1.4
 */
export function createRetryTokens(key: Uint8Array): RetryTokens {
  // Node.js takes four times as long to make a MAC with a key in bytes.
  const macKey = createSecretKey(key);
  const macOf = (
    expiry: Uint8Array,
    originalId: Uint8Array,
    { from, retryId }: RetryTokenScope,
  ): Uint8Array =>
    createHmac('sha256', macKey)
      .update(expiry)
      .update(lengthPrefixed(originalId))
      .update(lengthPrefixed(retryId))
      .update(Uint8Array.of(from.port >> 8, from.port & 0xff))
      .update(utf8(from.host))
      .digest()
      .subarray(0, MAC_BYTES);

  return {
    seal(originalId, scope) {
      const expiry = Buffer.alloc(EXPIRY_BYTES);
      expiry.writeBigUInt64BE(BigInt(Math.floor(scope.nowMs) + QUIC_LIMITS.retryTokenLifetimeMs));
      return concatBytes(Uint8Array.of(VERSION), expiry, macOf(expiry, originalId, scope), originalId);
    },
    open(token, scope) {
      const originalId = Uint8Array.from(token.subarray(HEADER_BYTES));
      if (
        token[0] !== VERSION ||
        originalId.byteLength < MIN_ORIGINAL_ID_BYTES ||
        originalId.byteLength > MAX_ORIGINAL_ID_BYTES
      ) {
        return { kind: 'foreign' };
      }
      const expiry = Buffer.from(token.subarray(1, 1 + EXPIRY_BYTES));
      const mac = token.subarray(1 + EXPIRY_BYTES, HEADER_BYTES);
      if (!constantTimeEqual(mac, macOf(expiry, originalId, scope))) return { kind: 'bad' };
      return expiry.readBigUInt64BE() < BigInt(Math.floor(scope.nowMs))
        ? { kind: 'bad' }
        : { kind: 'good', originalId };
    },
  };
}

function lengthPrefixed(bytes: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(bytes.byteLength), bytes);
}
