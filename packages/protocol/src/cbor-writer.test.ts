import { fc, test } from '@fast-check/vitest';
import { encode, rfc8949EncodeOptions } from 'cborg';
import { describe, expect, it } from 'vitest';
import { writeCbor } from './cbor-writer.ts';

const hex = (value: unknown): string => Buffer.from(writeCbor(value)).toString('hex');

describe('writeCbor', () => {
  // RFC 8949 Appendix A
  it.each([
    [0, '00'],
    [23, '17'],
    [24, '1818'],
    [255, '18ff'],
    [256, '190100'],
    [65_535, '19ffff'],
    [65_536, '1a00010000'],
    [4_294_967_295, '1affffffff'],
    [1_000_000_000_000, '1b000000e8d4a51000'],
    [9_007_199_254_740_991, '1b001fffffffffffff'],
    [-1, '20'],
    [-1_000, '3903e7'],
    [1.5, 'f93e00'],
    [1.1, 'fb3ff199999999999a'],
    [true, 'f5'],
    [null, 'f6'],
    ['', '60'],
    ['ü', '62c3bc'],
    [Uint8Array.of(1, 2, 3, 4), '4401020304'],
    [[1, [2, 3]], '8201820203'],
    [{ a: 1, b: [2, 3] }, 'a26161016162820203'],
  ])('writes %o as the RFC does', (value, expected) => {
    expect(hex(value)).toBe(expected);
  });

  it('puts keys in the order of their encoded bytes: shorter ones first', () => {
    expect(hex({ aa: 1, z: 2, ü: 3, b: 4 })).toBe('a4616204617a026261610162c3bc03');
  });

  it('leaves room in front, and nothing of what was written before', () => {
    writeCbor(new Uint8Array(10_000).fill(0xee));
    writeCbor(Uint8Array.of(0xee, 0xee, 0xee));
    expect(writeCbor(1, 3)).toEqual(Uint8Array.of(0, 0, 0, 1));
    expect(writeCbor(1, 5_000)).toEqual(new Uint8Array(5_001).with(5_000, 1));
  });

  it('gives each caller an array of their own', () => {
    const first = writeCbor([1]);
    writeCbor([2]);
    expect(first).toEqual(Uint8Array.of(0x81, 1));
  });

  const value = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.maxSafeInteger(),
      fc.nat({ max: 70_000 }),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
      fc.constant(null),
      fc.string({ unit: 'grapheme', maxLength: 40 }),
      fc.string({ maxLength: 600 }),
      fc.uint8Array({ maxLength: 300 }),
      fc.array(tie('value'), { maxLength: 30 }),
      fc.dictionary(fc.string({ maxLength: 30 }), tie('value'), { maxKeys: 30, noNullPrototype: true }),
    ),
  })).value;

  test.prop([value], { numRuns: 1_000 })('writes what a general library writes', (one) => {
    expect(hex(one)).toBe(Buffer.from(encode(one, rfc8949EncodeOptions)).toString('hex'));
  });
});
