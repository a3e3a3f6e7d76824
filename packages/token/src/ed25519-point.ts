import { tokenError } from './errors.ts';

/** Bytes of an encoded point: a public key, or the R half of a signature. */
export const ED25519_POINT_BYTES = 32;

/** Bytes of a signature: the point R, then the number S. */
export const ED25519_SIGNATURE_BYTES = 64;

/** The field prime, 2^255 − 19. */
const P = 2n ** 255n - 19n;
/** The curve constant d = −121665/121666 (RFC 8032 §5.1). */
const D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;
const SIGN_BIT = 1n << 255n;

/** The y-coordinate of two points of order 8; that of the two others is −y. */
const Y8 = 2707385501144840649318225287225658788936804267575313519463743609750303402022n;
/**
 * The y-coordinates of the eight points whose order divides the cofactor: two points of order 4, the neutral point,
 * that of order 2, and four of order 8.
 */
const SMALL_ORDER_Y: readonly bigint[] = [0n, 1n, P - 1n, Y8, P - Y8];

/** Reads a number as Ed25519 writes them: least significant byte first. */
export function littleEndian(bytes: Uint8Array): bigint {
  let number = 0n;
  for (let i = bytes.byteLength - 1; i >= 0; i--) number = (number << 8n) | BigInt(bytes[i] as number);
  return number;
}

/**
 * Whether 32 bytes are the canonical encoding of a point of small order, whatever their sign bit says.
 * With such a public key, or such an R, signatures hold that no private key made.
 */
export function hasSmallOrder(encoded: Uint8Array): boolean {
  return SMALL_ORDER_Y.includes(littleEndian(encoded) & ~SIGN_BIT);
}

/** Whether 32 bytes encode a number of the field: none that is its residue plus the prime. */
export function isCanonical(encoded: Uint8Array): boolean {
  return (littleEndian(encoded) & ~SIGN_BIT) < P;
}

/**
 * Checks a public key: the canonical encoding of a point of the curve that is not of small order.
 * The arithmetic takes variable time; its input is public.
 *
 * @throws RtaError `RTA_TOKEN_KEY`
 * @see RFC 8032 §5.1.3
 */
export function checkEd25519PublicKey(encoded: Uint8Array): void {
  const bytes = encoded.byteLength;
  if (bytes !== ED25519_POINT_BYTES) {
    throw tokenError('RTA_TOKEN_KEY', `an Ed25519 public key must have 32 bytes, and this one has ${bytes}`, {
      details: { bytes },
    });
  }
  if (!isCanonical(encoded) || hasSmallOrder(encoded) || !isOnCurve(littleEndian(encoded) & ~SIGN_BIT)) {
    throw tokenError(
      'RTA_TOKEN_KEY',
      'the public key must be a point of the curve, canonical, not of small order',
    );
  }
}

/** Whether a point with this y exists: x² = (y² − 1) / (dy² + 1) has a root if the product of both is a square. */
function isOnCurve(y: bigint): boolean {
  const y2 = (y * y) % P;
  return powerModP((y2 - 1n) * (D * y2 + 1n), (P - 1n) / 2n) === 1n;
}

function powerModP(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let square = base % P;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % P;
    square = (square * square) % P;
  }
  return result;
}
