import { createPrivateKey, createPublicKey, createSecretKey, generateKeyPairSync } from 'node:crypto';
import { inspect } from 'node:util';
import { fc, test } from '@fast-check/vitest';
import { hashes, Point } from '@noble/ed25519';
import * as node from '@rta/token';
import * as noble from '@rta/token/noble';
import { describe, expect, it } from 'vitest';
import { codeOf } from './code-of.ts';
import {
  bytes,
  challenge,
  expandSeed,
  hex,
  join,
  L,
  publicKeyOf,
  signByParts,
  TORSION,
  toLittleEndian,
} from './reference.ts';

// RFC 8032 §7.1, TEST 1 to TEST 3: seed, public key, message, signature.
const RFC_8032 = [
  [
    '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    '',
    'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  ],
  [
    '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    '72',
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  ],
  [
    'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    'af82',
    '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  ],
] as const;
const [[SEED, PUBLIC_KEY]] = RFC_8032;
const message = bytes('00112233');

describe.each([
  ['@rta/token', node],
  ['@rta/token/noble', noble],
])('keys of %s', (_, rta) => {
  it.each([0, 1, 0xffff_ffff])('may have the id %i [T-3.1]', (keyId) => {
    expect(rta.createHmacKey({ keyId, secret: new Uint8Array(32).fill(1) }).keyId).toBe(keyId);
  });

  it.each([-1, 0.5, Number.NaN, 2 ** 32])('may not have the id %s [T-3.1]', (keyId) => {
    expect(codeOf(() => rta.createHmacKey({ keyId, secret: new Uint8Array(32).fill(1) }))).toBe(
      'RTA_TOKEN_KEY',
    );
    expect(codeOf(() => rta.createEd25519Key({ keyId, privateKey: bytes(SEED) }))).toBe('RTA_TOKEN_KEY');
    expect(codeOf(() => rta.createEd25519PublicKey({ keyId, publicKey: bytes(PUBLIC_KEY) }))).toBe(
      'RTA_TOKEN_KEY',
    );
  });

  it.each(RFC_8032)('sign as RFC 8032 with the seed %s [T-2.3]', (seed, publicKey, text, signature) => {
    const key = rta.createEd25519Key({ keyId: 1, privateKey: bytes(seed) });
    expect(hex(key.publicKey)).toBe(publicKey);
    expect(hex(key.sign(bytes(text)))).toBe(signature);
    const verifier = rta.createEd25519PublicKey({ keyId: 1, publicKey: bytes(publicKey) });
    expect(verifier.verify(bytes(text), bytes(signature))).toBe(true);
    expect(verifier.verify(join(bytes(text), bytes('00')), bytes(signature))).toBe(false);
  });

  it('copy what they are made of', () => {
    const [secret, seed, point] = [new Uint8Array(32).fill(1), bytes(SEED), bytes(PUBLIC_KEY)];
    const hmacKey = rta.createHmacKey({ keyId: 1, secret });
    const edKey = rta.createEd25519Key({ keyId: 1, privateKey: seed });
    const edVerifier = rta.createEd25519PublicKey({ keyId: 1, publicKey: point });
    const [mac, signature] = [hmacKey.sign(message), edKey.sign(message)];
    for (const memory of [secret, seed, point, edKey.publicKey, edVerifier.publicKey]) memory.fill(0);
    expect(hex(hmacKey.sign(message))).toBe(hex(mac));
    expect(hex(edKey.sign(message))).toBe(hex(signature));
    expect(edKey.verify(message, signature)).toBe(true);
    expect(edVerifier.verify(message, signature)).toBe(true);
  });

  it.each([0, 31, 33, 63, 65, 128])('hold a signature of %i bytes for false and do not throw', (length) => {
    const signature = new Uint8Array(length);
    expect(rta.createHmacKey({ keyId: 1, secret: bytes(SEED) }).verify(message, signature)).toBe(false);
    expect(rta.createEd25519Key({ keyId: 1, privateKey: bytes(SEED) }).verify(message, signature)).toBe(
      false,
    );
  });

  it('do not show their secret when they are printed or written as JSON (I10)', () => {
    const keys = [
      rta.createHmacKey({ keyId: 1, secret: new Uint8Array(32).fill(0xab) }),
      rta.createEd25519Key({ keyId: 1, privateKey: new Uint8Array(32).fill(0xab) }),
    ];
    const shown = inspect(keys, { depth: 9, showHidden: true }) + JSON.stringify(keys);
    expect(shown).toContain('hmac-sha256');
    expect(shown).not.toMatch(/171, 171|171,"1":171|abab|q6ur/i);
  });

  it('refuse the S of a good signature plus the group order [T-2.4]', () => {
    const key = rta.createEd25519Key({ keyId: 1, privateKey: bytes(SEED) });
    const parts = { publicKey: bytes(PUBLIC_KEY), scalar: expandSeed(bytes(SEED)).scalar, nonce: 5n };
    expect(key.verify(message, signByParts(message, parts))).toBe(true);
    expect(key.verify(message, signByParts(message, { ...parts, changeS: (s) => s + L }))).toBe(false);
  });

  it('refuse an R of small order, though the equation holds [T-2.5]', () => {
    const key = rta.createEd25519Key({ keyId: 1, privateKey: bytes(SEED) });
    const parts = { publicKey: bytes(PUBLIC_KEY), scalar: expandSeed(bytes(SEED)).scalar, nonce: 0n };
    expect(key.verify(message, signByParts(message, parts))).toBe(false);
  });

  it('agree on a public key of mixed order: only the equation without cofactor counts [T-2.6]', () => {
    const { scalar } = expandSeed(bytes(SEED));
    const publicKey = Point.fromHex(PUBLIC_KEY).add(TORSION).toBytes();
    const verifier = rta.createEd25519PublicKey({ keyId: 1, publicKey });
    // The part of small order falls out of the equation where the challenge is a multiple of 8.
    const results = Array.from({ length: 24 }, (_, i) => {
      const signature = signByParts(message, { publicKey, scalar, nonce: BigInt(i + 1) });
      const vanishes = challenge(signature.subarray(0, 32), publicKey, message) % 8n === 0n;
      return { vanishes, verified: verifier.verify(message, signature) };
    });
    expect(results.filter(({ vanishes, verified }) => vanishes !== verified)).toEqual([]);
    expect(new Set(results.map(({ verified }) => verified))).toEqual(new Set([true, false]));
  });

  test.prop([fc.uint8Array({ minLength: 32, maxLength: 32 })], { numRuns: 60 })(
    'take the points of the curve for public keys and nothing else [T-3.4]',
    (encoded) => {
      const make = () => rta.createEd25519PublicKey({ keyId: 1, publicKey: encoded });
      expect(codeOf(make)).toBe(isPoint(encoded) ? 'none' : 'RTA_TOKEN_KEY');
    },
  );
});

const isPoint = (encoded: Uint8Array): boolean => {
  try {
    return !Point.fromBytes(encoded).isSmallOrder();
  } catch {
    return false;
  }
};

describe('keys of Node', () => {
  const privateKey = createPrivateKey({
    key: Buffer.from(`302e020100300506032b657004220420${SEED}`, 'hex'),
    format: 'der',
    type: 'pkcs8',
  });

  it('sign and verify like the bytes that they hold', () => {
    const key = node.createEd25519Key({ keyId: 1, privateKey });
    expect(hex(key.sign(new Uint8Array()))).toBe(RFC_8032[0][3]);
    const verifier = node.createEd25519PublicKey({ keyId: 1, publicKey: createPublicKey(privateKey) });
    expect(hex(verifier.publicKey)).toBe(PUBLIC_KEY);
    expect(verifier.verify(new Uint8Array(), bytes(RFC_8032[0][3]))).toBe(true);
  });

  it('are refused where they are of another type', () => {
    const x25519 = generateKeyPairSync('x25519');
    const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const secret = createSecretKey(bytes(SEED));
    for (const wrong of [x25519.privateKey, p256.privateKey, secret, createPublicKey(privateKey)]) {
      expect(codeOf(() => node.createEd25519Key({ keyId: 1, privateKey: wrong }))).toBe('RTA_TOKEN_KEY');
    }
    for (const wrong of [x25519.publicKey, p256.publicKey, secret, privateKey]) {
      expect(codeOf(() => node.createEd25519PublicKey({ keyId: 1, publicKey: wrong }))).toBe('RTA_TOKEN_KEY');
    }
  });

  it('are refused where their point is not a good one [T-3.4]', () => {
    for (const y of [0n, 1n, 2n, 2n ** 255n - 19n, 2n ** 255n - 16n]) {
      const x = Buffer.from(toLittleEndian(y)).toString('base64url');
      const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
      expect(codeOf(() => node.createEd25519PublicKey({ keyId: 1, publicKey }))).toBe('RTA_TOKEN_KEY');
    }
  });
});

const hashOfAnApplication = (): Uint8Array<ArrayBuffer> => new Uint8Array(64);

describe('keys of @noble', () => {
  it('leave the hash of the library as the application set it', () => {
    const before = hashes.sha512;
    for (const setting of [undefined, hashOfAnApplication]) {
      hashes.sha512 = setting;
      const key = noble.createEd25519Key({ keyId: 1, privateKey: bytes(SEED) });
      expect(hex(key.sign(new Uint8Array()))).toBe(RFC_8032[0][3]);
      expect(key.verify(new Uint8Array(), bytes(RFC_8032[0][3]))).toBe(true);
      expect(hashes.sha512).toBe(setting);
    }
    hashes.sha512 = before;
  });
});

describe('the reference that makes the vectors', () => {
  it('derives public keys as RFC 8032 does', () => {
    expect(hex(publicKeyOf(bytes(SEED)))).toBe(PUBLIC_KEY);
  });
});
