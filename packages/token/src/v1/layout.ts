/**
 * The algorithm that signs a token: `hmac-sha256` for tokens that only RTA nodes verify,
 * `ed25519` for tokens that anyone with the published key may verify.
 */
export type TokenSuite = 'hmac-sha256' | 'ed25519';

/** The only version there is (docs/spec/token.md T-1.2). */
export const TOKEN_VERSION = 1;

/** Offsets of the fields, big-endian (docs/spec/token.md §1). */
export const TOKEN_OFFSETS = {
  version: 0,
  suite: 1,
  flags: 2,
  keyId: 4,
  sessionId: 8,
  contextHash: 24,
  issuedAt: 56,
  signature: 64,
} as const;

/** Bytes before the signature: the part that is signed, and the same in every suite. */
export const TOKEN_PREFIX_BYTES = 64;

/** Bytes of the context hash, a SHA-256 digest. */
export const CONTEXT_HASH_BYTES = 32;

/** Largest key id: 32 bits. */
export const KEY_ID_MAX = 0xffff_ffff;

/** The latest time of issue: 2^53 − 1, so that every reader can hold it as an exact number (T-1.7). */
export const ISSUED_AT_MAX_MS = Number.MAX_SAFE_INTEGER;

const SUITES = {
  'hmac-sha256': { number: 1, signatureBytes: 32 },
  ed25519: { number: 2, signatureBytes: 64 },
} as const satisfies Record<TokenSuite, { number: number; signatureBytes: number }>;

/** The number of a suite on the wire. */
export function suiteNumber(suite: TokenSuite): number {
  return SUITES[suite].number;
}

/** The suite with this number on the wire, or undefined where there is none (T-1.3). */
export function suiteFromNumber(number: number): TokenSuite | undefined {
  if (number === SUITES['hmac-sha256'].number) return 'hmac-sha256';
  if (number === SUITES.ed25519.number) return 'ed25519';
  return undefined;
}

/** Bytes of a signature in this suite: 32 or 64. */
export function signatureLengthBytes(suite: TokenSuite): number {
  return SUITES[suite].signatureBytes;
}

/** Bytes of a whole token in this suite: 96 or 128 (T-1.1). */
export function tokenLengthBytes(suite: TokenSuite): number {
  return TOKEN_PREFIX_BYTES + SUITES[suite].signatureBytes;
}

/** Whether any suite has tokens of this length. */
export function isTokenLength(lengthBytes: number): boolean {
  return lengthBytes === tokenLengthBytes('hmac-sha256') || lengthBytes === tokenLengthBytes('ed25519');
}
