import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { concatBytes, constantTimeEqual, fromBase64Url, toBase64Url, utf8 } from './bytes.ts';

describe('base64url', () => {
  // RFC 4648 §10
  test.each([
    ['', ''],
    ['f', 'Zg'],
    ['fo', 'Zm8'],
    ['foo', 'Zm9v'],
    ['foob', 'Zm9vYg'],
    ['fooba', 'Zm9vYmE'],
    ['foobar', 'Zm9vYmFy'],
  ])('writes "%s" as "%s", and reads it back', (text, encoded) => {
    expect(toBase64Url(utf8(text))).toBe(encoded);
    expect(fromBase64Url(encoded)).toEqual(utf8(text));
  });

  test('uses the alphabet for URLs', () => {
    expect(toBase64Url(Uint8Array.of(0xfb, 0xff))).toBe('-_8');
  });

  test.each(['Zg==', 'Zg=', 'Z', 'Zm9vY', 'a+b/', 'Zm 9v', 'Zm9v\n', 'Zh', 'Zm9', 'é'])(
    'refuses "%s"',
    (text) => {
      expect(() => fromBase64Url(text)).toThrow(expect.objectContaining({ code: 'RTA_CORE_BASE64URL' }));
    },
  );

  test('encodes a view by its own bytes only', () => {
    expect(toBase64Url(Uint8Array.of(1, 2, 3, 4).subarray(1, 3))).toBe('AgM');
  });

  property.prop([fc.uint8Array()])('reads what it wrote', (bytes) => {
    expect(fromBase64Url(toBase64Url(bytes))).toEqual(bytes);
  });

  property.prop([fc.string()])('has one text for each array: what it reads, it writes the same', (text) => {
    let bytes: Uint8Array;
    try {
      bytes = fromBase64Url(text);
    } catch {
      return;
    }
    expect(toBase64Url(bytes)).toBe(text);
  });
});

describe('concatBytes', () => {
  test('joins in order, into an array of its own', () => {
    const part = Uint8Array.of(1, 2);
    const joined = concatBytes(part, new Uint8Array(0), Uint8Array.of(3));
    part[0] = 9;
    expect(joined).toEqual(Uint8Array.of(1, 2, 3));
  });
});

describe('constantTimeEqual', () => {
  test('tells arrays apart by length and by every byte', () => {
    const bytes = Uint8Array.of(1, 2, 3);
    expect(constantTimeEqual(bytes, Uint8Array.of(1, 2, 3))).toBe(true);
    expect(constantTimeEqual(bytes, Uint8Array.of(1, 2))).toBe(false);
    expect(constantTimeEqual(bytes, Uint8Array.of(1, 2, 3, 0))).toBe(false);
    for (let i = 0; i < 3; i++) {
      const other = bytes.slice();
      other[i] = 0x80;
      expect(constantTimeEqual(bytes, other)).toBe(false);
    }
  });
});
