import { generateKeyPairSync } from 'node:crypto';
import { fc, test as propertyTest } from '@fast-check/vitest';
import { expect, test } from 'vitest';
import { isWeakEd25519Key, parseEd25519PublicJwk } from './ed25519-jwk.ts';

const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const jwk = publicKey.export({ format: 'jwk' });

// The field of Curve25519 and the constant of its Edwards form (RFC 8032 §5.1), to tell small order by arithmetic.
const P = 2n ** 255n - 19n;
const mod = (value: bigint): bigint => ((value % P) + P) % P;
function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let bits = exponent, square = mod(base); bits > 0n; bits >>= 1n, square = mod(square * square)) {
    if (bits & 1n) result = mod(result * square);
  }
  return result;
}
const inverse = (value: bigint): bigint => power(value, P - 2n);
const D = mod(-121665n * inverse(121666n));

/** y of twice the point with this y; on the curve -x² + y² = 1 + d x² y² it depends on y² alone. */
function doubledY(y: bigint): bigint {
  const y2 = mod(y * y);
  const x2 = mod((y2 - 1n) * inverse(mod(D * y2 + 1n)));
  return mod((y2 + x2) * inverse(mod(1n - D * x2 * y2)));
}

function isOfSmallOrder(publicKeyBytes: Uint8Array): boolean {
  let y = 0n;
  for (const byte of Uint8Array.from(publicKeyBytes).toReversed()) y = (y << 8n) | BigInt(byte);
  y = mod(y & (2n ** 255n - 1n));
  return doubledY(doubledY(doubledY(y))) === 1n;
}

const SMALL_ORDER = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
];

test('a public key is read, without members that do not make the key', () => {
  expect(parseEd25519PublicJwk({ ...jwk, kid: 'x', use: 'sig' })).toEqual({
    kty: 'OKP',
    crv: 'Ed25519',
    x: jwk['x'],
  });
});

test.each<[string, unknown]>([
  ['a private key', privateKey.export({ format: 'jwk' })],
  ['an empty private half', { ...jwk, d: '' }],
  ['another curve', { ...jwk, crv: 'X25519' }],
  ['another type', { ...jwk, kty: 'oct', k: 'AAAA' }],
  ['a P-256 key', generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })],
  ['a key that is too short', { ...jwk, x: 'AAAA' }],
  ['spare bits that are set', { ...jwk, x: `${'A'.repeat(42)}B` }],
  ['padding', { ...jwk, x: `${'A'.repeat(42)}=` }],
  ['no key', undefined],
  ['a text', 'jwk'],
  ['a list', [jwk]],
])('%s is not a public Ed25519 key', (_what, value) => {
  expect(parseEd25519PublicJwk(value)).toBeUndefined();
});

test.each(SMALL_ORDER)('%s is of small order and refused, whatever the sign of x', (hex) => {
  const bytes = Buffer.from(hex, 'hex');
  expect(isOfSmallOrder(bytes)).toBe(true);
  for (const sign of [0x00, 0x80]) {
    const key = Uint8Array.from(bytes);
    key[31] = (key[31] ?? 0) | sign;
    expect(isWeakEd25519Key(key)).toBe(true);
    const x = Buffer.from(key).toString('base64url');
    expect(parseEd25519PublicJwk({ kty: 'OKP', crv: 'Ed25519', x })).toBeUndefined();
  }
});

const anyKey = fc.oneof(
  fc.uint8Array({ minLength: 32, maxLength: 32 }),
  fc
    .tuple(fc.constantFrom(...SMALL_ORDER), fc.nat(31), fc.nat(255))
    .map(([hex, at, value]) => Uint8Array.from(Buffer.from(hex, 'hex')).with(at, value)),
);

propertyTest.prop([anyKey])(
  'a key is weak exactly where arithmetic says that it is of small order',
  (key) => {
    expect(isWeakEd25519Key(key)).toBe(isOfSmallOrder(key));
  },
);
