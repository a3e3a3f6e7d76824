import { fc, test } from '@fast-check/vitest';
import { sessionIdFromBytes } from '@rta/core';
import * as node from '@rta/token';
import * as noble from '@rta/token/noble';
import { describe, expect, it } from 'vitest';
import { codeOf } from './code-of.ts';

const secret = new Uint8Array(32).fill(1);
const contents = {
  sessionId: sessionIdFromBytes(Uint8Array.from({ length: 16 }, (_, i) => i)),
  contextHash: new Uint8Array(32).fill(5),
  issuedAtMs: 1_767_225_600_000,
};
const flipped = (token: Uint8Array, bit: number): Uint8Array => {
  const copy = token.slice();
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (0x80 >> (bit & 7));
  return copy;
};

/** The code that a token has after this bit, counted from the first of the token, was turned. */
function expectedCode(bit: number): string {
  if (bit < 8) return 'RTA_TOKEN_VERSION';
  if (bit < 16) return 'RTA_TOKEN_SUITE';
  if (bit < 32) return 'RTA_TOKEN_FLAGS';
  if (bit < 64) return 'RTA_TOKEN_KEY_UNKNOWN';
  // The 11 highest bits of the time of issue are beyond 2^53 − 1.
  if (bit >= 448 && bit < 459) return 'RTA_TOKEN_ISSUED_AT';
  return 'RTA_TOKEN_SIGNATURE';
}

const rings = {
  'suite 1 on node:crypto': node.createKeyRing({ current: node.createHmacKey({ keyId: 1, secret }) }),
  'suite 1 on @noble': noble.createKeyRing({ current: noble.createHmacKey({ keyId: 1, secret }) }),
  'suite 2 on node:crypto': node.createKeyRing({
    current: node.createEd25519Key({ keyId: 1, privateKey: secret }),
  }),
  'suite 2 on @noble': noble.createKeyRing({
    current: noble.createEd25519Key({ keyId: 1, privateKey: secret }),
  }),
};

describe.each(Object.entries(rings))('%s', (name, ring) => {
  const token = node.encodeToken(contents, ring.signer);

  it('refuses a token with any one bit turned, each with the code of its field [T-4.1]', () => {
    // Every bit, but for the slow suite, where every seventh meets each field and each position in a byte.
    const step = name === 'suite 2 on @noble' ? 7 : 1;
    const wrong: string[] = [];
    for (let bit = 0; bit < token.byteLength * 8; bit += step) {
      const code = codeOf(() => ring.verify(flipped(token, bit)));
      if (code !== expectedCode(bit)) wrong.push(`bit ${bit}: ${code}`);
    }
    expect(wrong).toEqual([]);
  });

  it('refuses every shorter piece of a token [T-1.1]', () => {
    const codes = new Set<string>();
    for (let length = 0; length < token.byteLength; length++) {
      if (length !== 96) codes.add(codeOf(() => ring.verify(token.subarray(0, length))));
    }
    expect([...codes]).toEqual(['RTA_TOKEN_LENGTH']);
  });

  it('refuses a token with anything after it [T-1.1]', () => {
    const codes = new Set<string>();
    for (let extra = 1; extra <= 64; extra++) {
      const longer = new Uint8Array(token.byteLength + extra);
      longer.set(token);
      codes.add(codeOf(() => ring.verify(longer)));
    }
    // 96 bytes and 32 more have the length of suite 2.
    expect([...codes]).toEqual(
      token.byteLength === 96 ? ['RTA_TOKEN_LENGTH', 'RTA_TOKEN_SUITE_LENGTH'] : ['RTA_TOKEN_LENGTH'],
    );
  });

  it('refuses a token that says the other suite, in either length [T-1.1, T-4.2]', () => {
    const other = token.byteLength === 96 ? 2 : 1;
    const inPlace = token.slice();
    inPlace[1] = other;
    expect(codeOf(() => ring.verify(inPlace))).toBe('RTA_TOKEN_SUITE_LENGTH');
    const resized = new Uint8Array(token.byteLength === 96 ? 128 : 96);
    resized.set(token.subarray(0, resized.byteLength));
    resized[1] = other;
    expect(codeOf(() => ring.verify(resized))).toBe('RTA_TOKEN_SUITE_MISMATCH');
  });
});

const bytesOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const contentsOf = fc.record({
  sessionId: bytesOf(16).map(sessionIdFromBytes),
  contextHash: bytesOf(32),
  issuedAtMs: fc.maxSafeNat(),
});
// With a first byte of 1, no key consists of zeros.
const keyMaterial = bytesOf(31).map((rest) => Uint8Array.of(1, ...rest));
const keyId = fc.nat({ max: 0xffff_ffff });

describe('node:crypto and @noble', () => {
  test.prop([contentsOf, keyMaterial, keyId], { numRuns: 50 })(
    'make and accept the same tokens of suite 1 [T-2.2]',
    (contents, secret, keyId) => {
      const [a, b] = [node.createHmacKey({ keyId, secret }), noble.createHmacKey({ keyId, secret })];
      const token = node.encodeToken(contents, a);
      expect(noble.encodeToken(contents, b)).toEqual(token);
      const claims = { suite: 'hmac-sha256', keyId, ...contents };
      expect(node.verifyToken(token, () => a)).toEqual(claims);
      expect(noble.verifyToken(token, () => b)).toEqual(claims);
    },
  );

  test.prop([contentsOf, keyMaterial, keyId], { numRuns: 15 })(
    'make and accept the same tokens of suite 2 [T-2.3]',
    (contents, privateKey, keyId) => {
      const a = node.createEd25519Key({ keyId, privateKey });
      const b = noble.createEd25519Key({ keyId, privateKey });
      const token = node.encodeToken(contents, a);
      expect(noble.encodeToken(contents, b)).toEqual(token);
      expect(b.publicKey).toEqual(a.publicKey);
      const claims = { suite: 'ed25519', keyId, ...contents };
      expect(node.verifyToken(token, () => a)).toEqual(claims);
      expect(noble.verifyToken(token, () => b)).toEqual(claims);
    },
  );
});
