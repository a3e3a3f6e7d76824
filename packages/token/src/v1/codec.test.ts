import { fc, test } from '@fast-check/vitest';
import { isRtaError, parseSessionId, type SessionId, sessionIdFromBytes } from '@rta/core';
import { describe, expect, it } from 'vitest';
import { codeOf } from '../../test/code-of.ts';
import { createEd25519Key } from '../ed25519-key.ts';
import { createHmacKey } from '../hmac-key.ts';
import { decodeToken, encodeToken } from './codec.ts';

// Both tokens were made and checked outside this package, by Python's hmac and cryptography modules.
const HMAC_SECRET = 'a84678c81d8e9dec7f359e08b2a8414d949a54746664f00e605a419faaf94371';
const HMAC_TOKEN =
  '0101000000000001' +
  '000102030405060708090a0b0c0d0e0f' +
  '44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a' +
  '0000019b76daa800' +
  '65c0f4c54fde78cb8ee948889eebf1129e3a9030d92763ba0a801e325cb85468';
const ED25519_SEED = '03b175a9ab036c6ce38344db74218bbb50cfd01607122d1f7b2bbffc24823f7b';
const ED25519_TOKEN =
  '0102000001020304' +
  '000102030405060708090a0b0c0d0e0f' +
  '44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a' +
  '0000019b76daa800' +
  '39f6c3adf0c3880e386f2777bba1d4e315b6020ec1a012636ac8f7d089fa7a89' +
  '7b5e08a03c1c60cfe4798944c3e988d4c96c18ec31c2caed22d122e248706407';

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));
const hex = (data: Uint8Array): string => Buffer.from(data).toString('hex');

const hmacKey = createHmacKey({ keyId: 1, secret: bytes(HMAC_SECRET) });
const ed25519Key = createEd25519Key({ keyId: 0x0102_0304, privateKey: bytes(ED25519_SEED) });
const contents = {
  sessionId: parseSessionId('AAECAwQFBgcICQoLDA0ODw'),
  contextHash: bytes('44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a'),
  issuedAtMs: 1_767_225_600_000,
};

/** The suite 1 token with other bytes at an offset. */
const patched = (offset: number, patch: string, token = HMAC_TOKEN): Uint8Array => {
  const copy = bytes(token);
  copy.set(bytes(patch), offset);
  return copy;
};

describe('encodeToken', () => {
  it('writes the 96 bytes of suite 1 [T-1.1, T-2.1, T-2.2]', () => {
    expect(hex(encodeToken(contents, hmacKey))).toBe(HMAC_TOKEN);
  });

  it('writes the 128 bytes of suite 2 [T-1.1, T-2.1, T-2.3]', () => {
    expect(hex(encodeToken(contents, ed25519Key))).toBe(ED25519_TOKEN);
  });

  it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])(
    'refuses to write %s as the time of issue [T-1.7]',
    (issuedAtMs) => {
      expect(() => encodeToken({ ...contents, issuedAtMs }, hmacKey)).toThrow(RangeError);
    },
  );

  it.each([0, 31, 33, 64])('refuses to write a context hash of %i bytes', (length) => {
    expect(() => encodeToken({ ...contents, contextHash: new Uint8Array(length) }, hmacKey)).toThrow(
      RangeError,
    );
  });

  it.each(['', 'AAECAwQFBgcICQoLDA0ODxAR'])('refuses to write "%s" as a session id', (id) => {
    expect(() => encodeToken({ ...contents, sessionId: id as SessionId }, hmacKey)).toThrow(RangeError);
  });

  it.each([-1, 2 ** 32])(
    'refuses a signer with the key id %i, which would be written as another',
    (keyId) => {
      const signer = { suite: 'hmac-sha256', keyId, sign: () => new Uint8Array(32) } as const;
      expect(codeOf(() => encodeToken(contents, signer))).toBe('RTA_TOKEN_KEY');
    },
  );

  it.each([0, 31, 33, 64])('refuses a suite 1 signature of %i bytes from a signer', (length) => {
    const signer = { suite: 'hmac-sha256', keyId: 1, sign: () => new Uint8Array(length) } as const;
    expect(() => encodeToken(contents, signer)).toThrow(RangeError);
  });
});

describe('decodeToken', () => {
  it('reads what a token of suite 1 says', () => {
    const { unverified, signature, signedMessage } = decodeToken(bytes(HMAC_TOKEN));
    expect(unverified).toEqual({ suite: 'hmac-sha256', keyId: 1, ...contents });
    expect(hex(signature)).toBe('65c0f4c54fde78cb8ee948889eebf1129e3a9030d92763ba0a801e325cb85468');
    expect(hex(signedMessage)).toBe(`525441546f6b656e20763100${HMAC_TOKEN.slice(0, 128)}`);
  });

  it('reads what a token of suite 2 says', () => {
    const { unverified, signature } = decodeToken(bytes(ED25519_TOKEN));
    expect(unverified).toEqual({ suite: 'ed25519', keyId: 0x0102_0304, ...contents });
    expect(signature.byteLength).toBe(64);
  });

  it('reads a token out of the middle of a larger buffer', () => {
    const around = Buffer.concat([Buffer.alloc(5, 255), bytes(HMAC_TOKEN), Buffer.alloc(7, 255)]);
    expect(decodeToken(around.subarray(5, 101)).unverified).toEqual({
      suite: 'hmac-sha256',
      keyId: 1,
      ...contents,
    });
  });

  it.each(['Uint8Array', 'Buffer'])('keeps no view of the memory of a %s [T-4.3]', (type) => {
    const input = type === 'Buffer' ? Buffer.from(HMAC_TOKEN, 'hex') : bytes(HMAC_TOKEN);
    const decoded = decodeToken(input);
    input.fill(0xee);
    expect(hex(decoded.unverified.contextHash)).toBe(HMAC_TOKEN.slice(48, 112));
    expect(hex(decoded.signature)).toBe(HMAC_TOKEN.slice(128));
    expect(hex(decoded.signedMessage).slice(24)).toBe(HMAC_TOKEN.slice(0, 128));
  });

  it.each([0, 1, 63, 64, 95, 97, 127, 129, 192])('refuses %i bytes [T-1.1]', (length) => {
    expect(codeOf(() => decodeToken(new Uint8Array(length)))).toBe('RTA_TOKEN_LENGTH');
  });

  it.each(['00', '02', '7f', 'ff'])('refuses version %s [T-1.2]', (version) => {
    expect(codeOf(() => decodeToken(patched(0, version)))).toBe('RTA_TOKEN_VERSION');
  });

  it.each(['00', '03', '81', 'ff'])('refuses suite %s [T-1.3]', (suite) => {
    expect(codeOf(() => decodeToken(patched(1, suite)))).toBe('RTA_TOKEN_SUITE');
  });

  it('refuses either suite in the length of the other [T-1.1]', () => {
    expect(codeOf(() => decodeToken(patched(1, '02')))).toBe('RTA_TOKEN_SUITE_LENGTH');
    expect(codeOf(() => decodeToken(patched(1, '01', ED25519_TOKEN)))).toBe('RTA_TOKEN_SUITE_LENGTH');
  });

  it.each(Array.from({ length: 16 }, (_, bit) => bit))(
    'refuses a token with flag bit %i set [T-1.4]',
    (bit) => {
      const flags = (1 << bit).toString(16).padStart(4, '0');
      expect(codeOf(() => decodeToken(patched(2, flags)))).toBe('RTA_TOKEN_FLAGS');
    },
  );

  it.each(['0020000000000000', '0020000000000001', '8000000000000000', 'ffffffffffffffff'])(
    'refuses %s as the time of issue [T-1.7]',
    (time) => {
      expect(codeOf(() => decodeToken(patched(56, time)))).toBe('RTA_TOKEN_ISSUED_AT');
    },
  );

  it('reads the last valid time of issue exactly [T-1.7]', () => {
    expect(decodeToken(patched(56, '001fffffffffffff')).unverified.issuedAtMs).toBe(9_007_199_254_740_991);
  });

  it('reads any session id and any context hash [T-1.5, T-1.6]', () => {
    const { unverified } = decodeToken(patched(8, 'ff'.repeat(48)));
    expect(unverified.sessionId).toBe('_____________________w');
    expect(hex(unverified.contextHash)).toBe('ff'.repeat(32));
  });

  it('names no byte of the token in its errors (I10)', () => {
    for (const bad of [patched(2, 'abcd'), patched(56, 'ffffffffffffffff'), bytes(`${HMAC_TOKEN}00`)]) {
      let text = '';
      try {
        decodeToken(bad);
      } catch (error) {
        text = isRtaError(error) ? `${error.message} ${JSON.stringify(error.details)}` : '';
      }
      expect(text).not.toBe('');
      expect(text).not.toContain('AAECAwQ');
      expect(text).not.toContain('44136fa3');
      expect(text).not.toContain('65c0f4c5');
    }
  });

  const tokenLike = fc.oneof(
    fc.uint8Array({ maxLength: 160 }),
    fc.uint8Array({ minLength: 96, maxLength: 96 }),
    fc
      .tuple(
        fc.constantFrom('0101', '0102', '0103', '0201'),
        fc.uint8Array({ minLength: 94, maxLength: 126 }),
      )
      .map(([start, rest]) => new Uint8Array(Buffer.concat([bytes(start), rest]))),
  );
  test.prop([tokenLike], { numRuns: 500 })('reads any bytes, or refuses them with a code', (input) => {
    expect([
      'none',
      'RTA_TOKEN_LENGTH',
      'RTA_TOKEN_VERSION',
      'RTA_TOKEN_SUITE',
      'RTA_TOKEN_SUITE_LENGTH',
      'RTA_TOKEN_FLAGS',
      'RTA_TOKEN_ISSUED_AT',
    ]).toContain(codeOf(() => decodeToken(input)));
  });

  test.prop(
    {
      key: fc.constantFrom(hmacKey, ed25519Key),
      sessionId: fc.uint8Array({ minLength: 16, maxLength: 16 }).map(sessionIdFromBytes),
      contextHash: fc.uint8Array({ minLength: 32, maxLength: 32 }),
      issuedAtMs: fc.maxSafeNat(),
    },
    { numRuns: 200 },
  )('reads what encodeToken wrote', ({ key, ...written }) => {
    const { unverified } = decodeToken(encodeToken(written, key));
    expect(unverified).toEqual({ suite: key.suite, keyId: key.keyId, ...written });
  });
});
