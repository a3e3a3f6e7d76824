import type { Point } from '@noble/ed25519';
import {
  ascii,
  challenge,
  expandSeed,
  fromLittleEndian,
  hex,
  hmac,
  join,
  L,
  LABEL,
  nonceOf,
  P,
  prefixOf,
  publicKeyOf,
  sha256,
  sha512,
  signByParts,
  signEd25519,
  TORSION,
  toLittleEndian,
} from '../reference.ts';
import type { RefusedToken } from './format.ts';
import { type KeyName, keyIds, material, mixedPublicKey, type Sign, signerOf } from './keys.ts';
import { changed, fieldsFor, make, refuse, signed } from './tokens.ts';

/** Faults that are the same in both suites: the fields are changed and the signature is not. */
function refusedChanges(suite: string, name: KeyName, other: KeyName): RefusedToken[] {
  const token = signed(name);
  const refused = (what: string, bad: Uint8Array) =>
    refuse('RTA_TOKEN_SIGNATURE', `${suite}: ${what}`, [name, other], bad);
  const otherId = prefixOf(fieldsFor(name, { keyId: keyIds[other] }));
  return [
    refused('session id changed in its first bit', changed(token, 8, 0x80)),
    refused('session id changed in its last bit', changed(token, 23, 0x01)),
    refused('context hash changed in its first bit', changed(token, 24, 0x80)),
    refused('context hash changed in its last bit', changed(token, 55, 0x01)),
    refused('issued a millisecond later', changed(token, 63, 0x01)),
    refused('signature changed in its first bit', changed(token, 64, 0x80)),
    refused('signature changed in its last bit', changed(token, token.byteLength - 1, 0x01)),
    refused('signature of zeros', join(token.slice(0, 64), new Uint8Array(token.byteLength - 64))),
    refused('signature of another token', join(token.slice(0, 64), signed(name, { issuedAt: 1n }).slice(64))),
    refused('id of another accepted key', join(otherId, token.slice(64))),
    refused('signed by another accepted key', make(fieldsFor(name), signerOf(other))),
    refused(
      'signed without the label',
      make(fieldsFor(name), (message) => signerOf(name)(message.slice(LABEL.length))),
    ),
    refused(
      'signed with a label without its zero byte',
      make(fieldsFor(name), (message) =>
        signerOf(name)(join(ascii('RTAToken v1'), message.slice(LABEL.length))),
      ),
    ),
    refused(
      'signed with the label of another version',
      make(fieldsFor(name), (message) =>
        signerOf(name)(join(ascii('RTAToken v2\0'), message.slice(LABEL.length))),
      ),
    ),
    refused(
      'signed with the label at the end',
      make(fieldsFor(name), (message) => signerOf(name)(join(message.slice(LABEL.length), ascii(LABEL)))),
    ),
  ];
}

const badMac = (what: string, sign: Sign): RefusedToken =>
  refuse('RTA_TOKEN_SIGNATURE', `suite 1: ${what}`, ['hmac-32'], make(fieldsFor('hmac-32'), sign));

/** Suite 1 with something else than the right HMAC. */
export function refusedMacs(): RefusedToken[] {
  const secret = material['hmac-32'];
  return [
    ...refusedChanges('suite 1', 'hmac-32', 'hmac-48'),
    badMac('HMAC-SHA-512 cut to 32 bytes', (message) => hmac(secret, message, 'sha512').slice(0, 32)),
    badMac('SHA-256 of secret and message, no HMAC', (message) => sha256(join(secret, message))),
    badMac('SHA-256 of the message, no secret', (message) => sha256(message)),
    badMac('an empty secret', (message) => hmac(new Uint8Array(), message)),
    badMac('the secret as hex text', (message) => hmac(ascii(hex(secret)), message)),
  ];
}

const bent = (what: string, sign: Sign): RefusedToken =>
  refuse('RTA_TOKEN_SIGNATURE', `suite 2: ${what}`, ['ed-a'], make(fieldsFor('ed-a'), sign));

/** What Ed25519ph (1) and Ed25519ctx (0), with no context, put before the message (RFC 8032 §2). */
const dom2 = (phFlag: 0 | 1): Uint8Array =>
  join(ascii('SigEd25519 no Ed25519 collisions'), Uint8Array.of(phFlag, 0));

/** Suite 2 with something else than a strict Ed25519 signature. */
export function refusedEd25519(): RefusedToken[] {
  const seed = material['ed-a'];
  const publicKey = publicKeyOf(seed);
  const { scalar } = expandSeed(seed);
  const parts = (message: Uint8Array) => ({ publicKey, scalar, nonce: nonceOf(seed, message) });
  return [
    ...refusedChanges('suite 2', 'ed-a', 'ed-b'),
    bent('S plus the group order', (message) =>
      signByParts(message, { ...parts(message), changeS: (s) => s + L }),
    ),
    bent('S with its highest bit set', (message) =>
      signByParts(message, { ...parts(message), changeS: (s) => s + (1n << 255n) }),
    ),
    bent('S negated', (message) => signByParts(message, { ...parts(message), changeS: (s) => L - s })),
    bent('R with the other sign', (message) =>
      signByParts(message, { ...parts(message), encodeR: (r) => r.negate().toBytes() }),
    ),
    bent('R plus a point of order 8, which a check with the cofactor accepts', (message) =>
      signByParts(message, { ...parts(message), encodeR: (r) => r.add(TORSION).toBytes() }),
    ),
    bent('R the neutral point, in an equation that holds', (message) =>
      signByParts(message, { publicKey, scalar, nonce: 0n }),
    ),
    bent('R the neutral point, written as p + 1', (message) =>
      signByParts(message, { publicKey, scalar, nonce: 0n, encodeR: () => toLittleEndian(P + 1n) }),
    ),
    bent('R the neutral point, written with a sign', (message) =>
      signByParts(message, {
        publicKey,
        scalar,
        nonce: 0n,
        encodeR: () => toLittleEndian(1n + (1n << 255n)),
      }),
    ),
    bent('R not a point of the curve', (message) =>
      signByParts(message, { ...parts(message), encodeR: () => toLittleEndian(2n) }),
    ),
    bent('R and S exchanged', (message) => {
      const signature = signEd25519(message, seed);
      return join(signature.slice(32), signature.slice(0, 32));
    }),
    bent('Ed25519ctx with an empty context', (message) =>
      signByParts(message, {
        publicKey,
        scalar,
        nonce: nonceOf(seed, message, dom2(0)),
        domain: dom2(0),
      }),
    ),
    bent('Ed25519ph', (message) =>
      signByParts(sha512(message), {
        publicKey,
        scalar,
        nonce: nonceOf(seed, sha512(message), dom2(1)),
        domain: dom2(1),
      }),
    ),
    bent('an HMAC twice, with the public key as secret', (message) =>
      join(hmac(publicKey, message), hmac(publicKey, message)),
    ),
    refuse(
      'RTA_TOKEN_SIGNATURE',
      'suite 2: a public key of mixed order, which a check with the cofactor accepts',
      ['ed-mixed'],
      make(fieldsFor('ed-b', { keyId: 7 }), signMixed),
    ),
    refuse(
      'RTA_TOKEN_SIGNATURE',
      'suite 2: R of order 8 under a public key of mixed order, in an equation that holds',
      ['ed-mixed'],
      smallOrderR(TORSION),
    ),
    refuse(
      'RTA_TOKEN_SIGNATURE',
      'suite 2: R of order 8 with the other sign, under a public key of mixed order, in an equation that holds',
      ['ed-mixed'],
      smallOrderR(TORSION.negate()),
    ),
  ];
}

/** Signs for the key of mixed order so that the equation holds only after multiplication by the cofactor. */
function signMixed(message: Uint8Array): Uint8Array {
  const { scalar } = expandSeed(material['ed-b']);
  for (let nonce = fromLittleEndian(sha256(message)) % L; ; nonce++) {
    const signature = signByParts(message, { publicKey: mixedPublicKey, scalar, nonce });
    if (challenge(signature.subarray(0, 32), mixedPublicKey, message) % 8n !== 0n) return signature;
  }
}

/** A token of the key of mixed order whose signature is right by T-2.6, with a point of small order for R. */
function smallOrderR(r: Point): Uint8Array {
  const { scalar } = expandSeed(material['ed-b']);
  const encodeR = () => r.toBytes();
  for (let issuedAt = 1n; ; issuedAt++) {
    const fields = fieldsFor('ed-b', { keyId: 7, issuedAt });
    const k = challenge(r.toBytes(), mixedPublicKey, join(ascii(LABEL), prefixOf(fields)));
    // With S = k·scalar, what is left of [S]B − [k]A is −k times the part of small order.
    if (!TORSION.multiplyUnsafe(k % 8n).equals(r.negate())) continue;
    const parts = { publicKey: mixedPublicKey, scalar, nonce: 0n, encodeR };
    return make(fields, (message) => signByParts(message, parts));
  }
}
