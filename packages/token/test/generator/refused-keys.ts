import { Point } from '@noble/ed25519';
import { hex, join, P, publicKeyOf, TORSION, toLittleEndian } from '../reference.ts';
import type { RefusedKey } from './format.ts';
import { material } from './keys.ts';

/** Key material that nobody can make a key of. */
export function refusedKeys(): RefusedKey[] {
  const code = 'RTA_TOKEN_KEY';
  const hmacKey = (name: string, secret: Uint8Array): RefusedKey => ({
    name,
    suite: 'hmac-sha256',
    keyId: 1,
    secret: hex(secret),
    code,
  });
  const seedKey = (name: string, seed: Uint8Array): RefusedKey => ({
    name,
    suite: 'ed25519',
    keyId: 1,
    seed: hex(seed),
    code,
  });
  const publicKey = (name: string, point: Uint8Array): RefusedKey => ({
    name,
    suite: 'ed25519',
    keyId: 1,
    publicKey: hex(point),
    code,
  });
  const sign = 1n << 255n;
  const good = publicKeyOf(material['ed-a']);
  return [
    hmacKey('secret of no bytes', new Uint8Array()),
    hmacKey('secret of 31 bytes', material['hmac-64'].slice(0, 31)),
    hmacKey('secret of 65 bytes', join(material['hmac-64'], Uint8Array.of(1))),
    hmacKey('secret of 32 zeros', new Uint8Array(32)),
    hmacKey('secret of 64 zeros', new Uint8Array(64)),
    seedKey('seed of 31 bytes', material['ed-a'].slice(0, 31)),
    seedKey('seed of 33 bytes', join(material['ed-a'], Uint8Array.of(1))),
    seedKey('seed and public key in one', join(material['ed-a'], good)),
    seedKey('seed of 32 zeros', new Uint8Array(32)),
    publicKey('public key of 31 bytes', good.slice(0, 31)),
    publicKey('public key of 33 bytes', join(good, Uint8Array.of(0))),
    ...Array.from({ length: 8 }, (_, multiple) => {
      const point = multiple === 0 ? Point.ZERO : TORSION.multiplyUnsafe(BigInt(multiple));
      return publicKey(`public key of small order: ${multiple} times a point of order 8`, point.toBytes());
    }),
    publicKey('public key of small order: y = 1 with a sign', toLittleEndian(1n + sign)),
    publicKey('public key of small order: y = -1 with a sign', toLittleEndian(P - 1n + sign)),
    publicKey('public key not canonical: y = p', toLittleEndian(P)),
    publicKey('public key not canonical: y = p with a sign', toLittleEndian(P + sign)),
    publicKey('public key not canonical: y = p + 1', toLittleEndian(P + 1n)),
    publicKey('public key not canonical: y = p + 3, on the curve as 3', toLittleEndian(P + 3n)),
    publicKey('public key not canonical: y = 2^255 - 1', toLittleEndian(sign - 1n)),
    publicKey('public key not on the curve: y = 2', toLittleEndian(2n)),
    publicKey('public key not on the curve: y = 2 with a sign', toLittleEndian(2n + sign)),
  ];
}
