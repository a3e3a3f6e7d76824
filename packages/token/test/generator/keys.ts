import { Point } from '@noble/ed25519';
import { hex, hmac, publicKeyOf, sha256, sha512, signEd25519, TORSION } from '../reference.ts';
import type { VectorKey } from './format.ts';

export type Sign = (message: Uint8Array) => Uint8Array;

// Keys: hashes of open labels, so that anybody can make them again. For tests only, of course.

export const material = {
  'hmac-32': sha256('RTAToken v1 test key hmac-32'),
  'hmac-48': sha512('RTAToken v1 test key hmac-48').slice(0, 48),
  'hmac-64': sha512('RTAToken v1 test key hmac-64'),
  'hmac-lowest': sha256('RTAToken v1 test key hmac-lowest'),
  'hmac-highest': sha256('RTAToken v1 test key hmac-highest'),
  'ed-a': sha256('RTAToken v1 test key ed-a'),
  'ed-b': sha256('RTAToken v1 test key ed-b'),
  'ed-lowest': sha256('RTAToken v1 test key ed-lowest'),
  'ed-highest': sha256('RTAToken v1 test key ed-highest'),
} as const;
export type KeyName = keyof typeof material;

export const keyIds: Readonly<Record<KeyName, number>> = {
  'hmac-32': 1,
  'hmac-48': 2,
  'hmac-64': 3,
  'hmac-lowest': 0,
  'hmac-highest': 0xffff_ffff,
  'ed-a': 0x0102_0304,
  'ed-b': 6,
  'ed-lowest': 0,
  'ed-highest': 0xffff_ffff,
};
export const suiteOf = (name: KeyName): 1 | 2 => (name.startsWith('hmac') ? 1 : 2);
export const signerOf = (name: KeyName): Sign =>
  suiteOf(name) === 1
    ? (message) => hmac(material[name], message)
    : (message) => signEd25519(message, material[name]);

/** A public key of mixed order: a good one plus a point of order 8. */
export const mixedPublicKey = Point.fromBytes(publicKeyOf(material['ed-b'])).add(TORSION).toBytes();

export function vectorKeys(): Record<string, VectorKey> {
  const keys: Record<string, VectorKey> = {};
  for (const name of Object.keys(material) as KeyName[]) {
    const keyId = keyIds[name];
    const label = `"RTAToken v1 test key ${name}"`;
    if (suiteOf(name) === 2) {
      keys[name] = {
        suite: 'ed25519',
        keyId,
        derivation: `seed: SHA-256 of ${label}`,
        seed: hex(material[name]),
        publicKey: hex(publicKeyOf(material[name])),
      };
    } else {
      const length = material[name].byteLength;
      const derivation =
        length === 32 ? `SHA-256 of ${label}` : `first ${length} bytes of SHA-512 of ${label}`;
      keys[name] = { suite: 'hmac-sha256', keyId, derivation, secret: hex(material[name]) };
    }
  }
  keys['ed-mixed'] = {
    suite: 'ed25519',
    keyId: 7,
    derivation: 'public key of ed-b plus a point of order 8; it has no seed',
    publicKey: hex(mixedPublicKey),
  };
  return keys;
}
