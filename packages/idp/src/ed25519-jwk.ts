import { toBase64Url } from '@rta/core';
import { z } from 'zod';
import { parseBase64Url } from './base64url.ts';

/** A public Ed25519 key. @see RFC 8037 §2 */
export interface Ed25519PublicJwk {
  readonly kty: 'OKP';
  readonly crv: 'Ed25519';
  /** The 32 bytes of the key, base64url. */
  readonly x: string;
}

const JWK = z.object({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: z.string().length(43),
  // Whatever its value: the private half has no business here.
  d: z.never().exactOptional(),
});

/**
 * Reads a public Ed25519 key from a JWK; members that do not make the key are left out of the result.
 *
 * @returns undefined for another type of key, a private key, a text that is not exactly 32 bytes, and a weak key.
 */
export function parseEd25519PublicJwk(value: unknown): Ed25519PublicJwk | undefined {
  const read = JWK.safeParse(value);
  if (!read.success) return undefined;
  const { kty, crv, x } = read.data;
  const bytes = parseBase64Url(x);
  return bytes === undefined || isWeakEd25519Key(bytes) ? undefined : { kty, crv, x };
}

// The y coordinates of the eight points of small order, and the second spellings (p, p + 1) that two of them have;
// little-endian as in RFC 8032 §5.1.2, without the sign of x.
const SMALL_ORDER: ReadonlySet<string> = new Set(
  [
    '0000000000000000000000000000000000000000000000000000000000000000',
    '0100000000000000000000000000000000000000000000000000000000000000',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  ].map((hex) => toBase64Url(Buffer.from(hex, 'hex'))),
);

/**
 * Whether a public Ed25519 key is a point of small order. Some verifiers accept one signature under such a key for
 * every message, so it binds nothing and accuses nobody.
 *
 * @param publicKey - 32 bytes.
 */
export function isWeakEd25519Key(publicKey: Uint8Array): boolean {
  const y = publicKey.map((byte, at) => (at === 31 ? byte & 0x7f : byte));
  return SMALL_ORDER.has(toBase64Url(y));
}
