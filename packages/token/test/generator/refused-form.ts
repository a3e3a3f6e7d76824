import { ascii, hmac, join, publicKeyOf, signEd25519 } from '../reference.ts';
import type { RefusedToken } from './format.ts';
import { keyIds, material } from './keys.ts';
import { changed, fieldsFor, make, refuse, signed } from './tokens.ts';

/** Tokens whose form is wrong; every one is signed as it stands. */
export function refusedByForm(): RefusedToken[] {
  const one = signed('hmac-32');
  const two = signed('ed-a');
  const keys = ['hmac-32', 'ed-a'];
  const length = (name: string, token: Uint8Array) => refuse('RTA_TOKEN_LENGTH', name, keys, token);
  const zero = Uint8Array.of(0);
  return [
    length('no bytes', new Uint8Array()),
    length('one byte', one.slice(0, 1)),
    length('the signed part alone', one.slice(0, 64)),
    length('suite 1 without its last byte', one.slice(0, 95)),
    length('suite 1 without its first byte', one.slice(1)),
    length('suite 1 and a zero byte after it', join(one, zero)),
    length('suite 1 and a zero byte before it', join(zero, one)),
    length('suite 1 twice', join(one, one)),
    length('suite 2 without its last byte', two.slice(0, 127)),
    length('suite 2 and a zero byte after it', join(two, zero)),
    refuse(
      'RTA_TOKEN_VERSION',
      'suite 1 as its base64url text, which has the length of suite 2',
      keys,
      ascii(Buffer.from(one).toString('base64url')),
    ),
    ...[0, 2, 255].map((version) =>
      refuse('RTA_TOKEN_VERSION', `version ${version}`, keys, signed('hmac-32', { version })),
    ),
    refuse('RTA_TOKEN_VERSION', 'version 2 in suite 2', keys, signed('ed-a', { version: 2 })),
    ...[0, 3, 255].map((suite) =>
      refuse('RTA_TOKEN_SUITE', `suite ${suite}`, keys, signed('hmac-32', { suite })),
    ),
    refuse('RTA_TOKEN_SUITE', 'suite 0 in 128 bytes', keys, signed('ed-a', { suite: 0 })),
    refuse('RTA_TOKEN_SUITE_LENGTH', 'suite 2 in 96 bytes', keys, signed('hmac-32', { suite: 2 })),
    refuse('RTA_TOKEN_SUITE_LENGTH', 'suite 1 in 128 bytes', keys, signed('ed-a', { suite: 1 })),
    refuse('RTA_TOKEN_SUITE_LENGTH', 'suite 2 cut to 96 bytes', keys, two.slice(0, 96)),
    refuse(
      'RTA_TOKEN_SUITE_LENGTH',
      'suite 1 filled up with zeros to 128 bytes',
      keys,
      join(one, new Uint8Array(32)),
    ),
    ...[0x0001, 0x0080, 0x0100, 0x8000, 0xffff].map((flags) =>
      refuse(
        'RTA_TOKEN_FLAGS',
        `flags ${flags.toString(16).padStart(4, '0')}`,
        keys,
        signed('hmac-32', { flags }),
      ),
    ),
    refuse('RTA_TOKEN_FLAGS', 'flags 0001 in suite 2', keys, signed('ed-a', { flags: 1 })),
    ...(
      [
        [2n ** 53n, '2^53'],
        [2n ** 53n + 1n, '2^53 + 1'],
        [2n ** 63n, '2^63'],
        [2n ** 64n - 1n, '2^64 - 1'],
      ] as const
    ).map(([issuedAt, text]) =>
      refuse('RTA_TOKEN_ISSUED_AT', `issued at ${text}`, keys, signed('hmac-32', { issuedAt })),
    ),
    refuse('RTA_TOKEN_ISSUED_AT', 'issued at 2^53 in suite 2', keys, signed('ed-a', { issuedAt: 2n ** 53n })),
  ];
}

/** An HMAC under the key id of an Ed25519 key. */
const confused = (secret: Uint8Array): Uint8Array =>
  make(fieldsFor('hmac-32', { keyId: keyIds['ed-a'] }), (message) => hmac(secret, message));

/** Tokens that are not for the keys of the verifier. */
export function refusedByKey(): RefusedToken[] {
  const publicKey = publicKeyOf(material['ed-a']);
  return [
    refuse('RTA_TOKEN_KEY_UNKNOWN', 'suite 1: a key that is not accepted', ['hmac-48'], signed('hmac-32')),
    refuse('RTA_TOKEN_KEY_UNKNOWN', 'suite 2: a key that is not accepted', ['ed-b'], signed('ed-a')),
    refuse('RTA_TOKEN_KEY_UNKNOWN', 'no key is accepted', [], signed('ed-a')),
    refuse(
      'RTA_TOKEN_KEY_UNKNOWN',
      'key id with its bytes in reverse',
      ['ed-a'],
      signed('ed-a', { keyId: 0x0403_0201 }),
    ),
    refuse(
      'RTA_TOKEN_SUITE_MISMATCH',
      'suite 1 under the id of an Ed25519 key, with the public key as secret',
      ['ed-a'],
      confused(publicKey),
    ),
    refuse(
      'RTA_TOKEN_SUITE_MISMATCH',
      'suite 1 under the id of an Ed25519 key, with the seed as secret',
      ['ed-a'],
      confused(material['ed-a']),
    ),
    refuse(
      'RTA_TOKEN_SUITE_MISMATCH',
      'suite 2 under the id of an HMAC key, with its secret as seed',
      ['hmac-32'],
      make(fieldsFor('ed-a', { keyId: keyIds['hmac-32'] }), (message) =>
        signEd25519(message, material['hmac-32']),
      ),
    ),
  ];
}

const spoil = (token: Uint8Array): Uint8Array => changed(token, token.byteLength - 1, 0x01);
const both = (code: string, name: string, token: Uint8Array): RefusedToken =>
  refuse(code, `two faults: ${name}`, ['hmac-32', 'ed-a'], token);

/** Tokens with two faults: the first rule that is broken names the code. */
export function refusedByTwoRules(): RefusedToken[] {
  return [
    both('RTA_TOKEN_LENGTH', 'length and version', signed('hmac-32', { version: 2 }).slice(0, 95)),
    both('RTA_TOKEN_VERSION', 'version and suite', signed('hmac-32', { version: 2, suite: 3 })),
    both('RTA_TOKEN_SUITE', 'suite and flags', signed('hmac-32', { suite: 3, flags: 1 })),
    both(
      'RTA_TOKEN_SUITE_LENGTH',
      'length of the suite and flags',
      signed('hmac-32', { suite: 2, flags: 1 }),
    ),
    both('RTA_TOKEN_FLAGS', 'flags and time', signed('hmac-32', { flags: 1, issuedAt: 2n ** 53n })),
    both('RTA_TOKEN_ISSUED_AT', 'time and key', signed('hmac-48', { issuedAt: 2n ** 53n })),
    both('RTA_TOKEN_KEY_UNKNOWN', 'key and signature', spoil(signed('hmac-48'))),
    both(
      'RTA_TOKEN_SUITE_MISMATCH',
      'suite of the key and signature',
      spoil(signed('hmac-32', { keyId: keyIds['ed-a'] })),
    ),
  ];
}
