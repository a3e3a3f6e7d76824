/**
 * A second, naive RTAToken v1, written from docs/spec/token.md alone: nothing here imports the package. It makes
 * the test vectors, wrong ones too, which is why every part of a token and of a signature can be chosen.
 */
import { createHash, createHmac } from 'node:crypto';
import { Point } from '@noble/ed25519';

export interface TokenFields {
  readonly version?: number;
  readonly suite: number;
  readonly flags?: number;
  readonly keyId: number;
  readonly sessionId: Uint8Array;
  readonly contextHash: Uint8Array;
  readonly issuedAt: bigint;
}

export const LABEL = 'RTAToken v1\0';

export const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));
export const hex = (data: Uint8Array): string => Buffer.from(data).toString('hex');
export const ascii = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));
export const join = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
export const sha256 = (data: Uint8Array | string): Uint8Array =>
  new Uint8Array(createHash('sha256').update(data).digest());
export const sha512 = (data: Uint8Array | string): Uint8Array =>
  new Uint8Array(createHash('sha512').update(data).digest());
export const hmac = (secret: Uint8Array, message: Uint8Array, hash = 'sha256'): Uint8Array =>
  new Uint8Array(createHmac(hash, secret).update(message).digest());

/** The 64 bytes before the signature. */
export function prefixOf(fields: TokenFields): Uint8Array {
  const prefix = new Uint8Array(64);
  const view = new DataView(prefix.buffer);
  view.setUint8(0, fields.version ?? 1);
  view.setUint8(1, fields.suite);
  view.setUint16(2, fields.flags ?? 0, false);
  view.setUint32(4, fields.keyId, false);
  prefix.set(fields.sessionId, 8);
  prefix.set(fields.contextHash, 24);
  view.setBigUint64(56, fields.issuedAt, false);
  return prefix;
}

/** What a token says, read by hand. */
export function readByHand(token: Uint8Array) {
  const view = new DataView(token.buffer, token.byteOffset, token.byteLength);
  return {
    version: view.getUint8(0),
    suite: view.getUint8(1),
    flags: view.getUint16(2, false),
    keyId: view.getUint32(4, false),
    sessionId: hex(token.subarray(8, 24)),
    contextHash: hex(token.subarray(24, 56)),
    issuedAt: view.getBigUint64(56, false),
    signatureBytes: token.byteLength - 64,
  };
}

/** The order of the base point. */
export const L = 2n ** 252n + 27742317777372353535851937790883648493n;
/** The field prime. */
export const P = 2n ** 255n - 19n;

/** A point of order 8. */
export const TORSION = Point.fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a');

export const fromLittleEndian = (data: Uint8Array): bigint => BigInt(`0x${hex(data.toReversed())}`);
export const toLittleEndian = (number: bigint): Uint8Array =>
  bytes(number.toString(16).padStart(64, '0')).toReversed();

/** The secret scalar and the nonce prefix of a seed (RFC 8032 §5.1.5). */
export function expandSeed(seed: Uint8Array): { scalar: bigint; prefix: Uint8Array } {
  const hash = sha512(seed);
  const clamped = (fromLittleEndian(hash.subarray(0, 32)) & ((1n << 254n) - 8n)) | (1n << 254n);
  return { scalar: clamped, prefix: hash.subarray(32) };
}

export const publicKeyOf = (seed: Uint8Array): Uint8Array =>
  Point.BASE.multiply(expandSeed(seed).scalar % L).toBytes();

interface SignatureParts {
  /** The public key that the challenge hash covers and that the verifier uses. */
  readonly publicKey: Uint8Array;
  readonly scalar: bigint;
  readonly nonce: bigint;
  /** R as it stands in the signature, made from [nonce]B. */
  readonly encodeR?: (r: Point) => Uint8Array;
  /** S as it stands in the signature. */
  readonly changeS?: (s: bigint) => bigint;
  /** Stands before R in the challenge hash: `dom2` of Ed25519ctx and Ed25519ph. */
  readonly domain?: Uint8Array;
}

/** The challenge k of a signature. */
export const challenge = (
  r: Uint8Array,
  publicKey: Uint8Array,
  message: Uint8Array,
  domain: Uint8Array = new Uint8Array(),
) => fromLittleEndian(sha512(join(domain, r, publicKey, message))) % L;

/** S = nonce + k·scalar over a chosen R: valid where nothing is bent. */
export function signByParts(message: Uint8Array, parts: SignatureParts): Uint8Array {
  const point = parts.nonce === 0n ? Point.ZERO : Point.BASE.multiply(parts.nonce);
  const r = parts.encodeR?.(point) ?? point.toBytes();
  const k = challenge(r, parts.publicKey, message, parts.domain);
  const s = (parts.nonce + k * parts.scalar) % L;
  return join(r, toLittleEndian(parts.changeS?.(s) ?? s));
}

/** The nonce that RFC 8032 prescribes. */
export const nonceOf = (
  seed: Uint8Array,
  message: Uint8Array,
  domain: Uint8Array = new Uint8Array(),
): bigint => fromLittleEndian(sha512(join(domain, expandSeed(seed).prefix, message))) % L;

/** An ordinary Ed25519 signature (RFC 8032 §5.1.6). */
export function signEd25519(message: Uint8Array, seed: Uint8Array): Uint8Array {
  const { scalar } = expandSeed(seed);
  return signByParts(message, { publicKey: publicKeyOf(seed), scalar, nonce: nonceOf(seed, message) });
}
