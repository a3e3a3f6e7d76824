import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { codeOf } from '../test/code-of.ts';
import { bytes, hex, int, list, map, plain, tstr } from '../test/wire.ts';
import { decodeCbor, encodeCbor } from './cbor.ts';

const refusal = (data: string): string => codeOf(() => decodeCbor(bytes(data)));

/** So many lists within each other, the innermost holding this. */
const nested = (depth: number, innermost: unknown): unknown => {
  let value = innermost;
  for (let i = 0; i < depth; i++) value = [value];
  return value;
};

describe('encodeCbor', () => {
  // Literals of RFC 8949 Appendix A, where it has them.
  it.each([
    [0, '00'],
    [23, '17'],
    [24, '1818'],
    [1000, '1903e8'],
    [1_000_000, '1a000f4240'],
    [Number.MAX_SAFE_INTEGER, '1b001fffffffffffff'],
    [-1, '20'],
    [-1000, '3903e7'],
    [Number.MIN_SAFE_INTEGER, '3b001ffffffffffffe'],
    [-0, '00'],
    [1.5, 'f93e00'],
    [100_000.5, 'fa47c35040'],
    [1.1, 'fb3ff199999999999a'],
    [1e300, 'fb7e37e43c8800759c'],
    [2 ** 53, 'fa5a000000'],
    [true, 'f5'],
    [false, 'f4'],
    [null, 'f6'],
    ['', '60'],
    ['ü', '62c3bc'],
    ['𐅑', '64f0908591'],
    [Uint8Array.of(1, 2, 3, 4), '4401020304'],
    [[], '80'],
    [[1, [2, 3], [4, 5]], '8301820203820405'],
    [{}, 'a0'],
  ])('writes %j as %s [P-4.2]', (value, expected) => {
    expect(hex(encodeCbor(value))).toBe(expected);
  });

  it('sorts the keys of a map as they are encoded, so that shorter ones come first [P-4.2]', () => {
    // RFC 8949 §4.2.1 compares encoded keys, and the head of a text holds its length.
    expect(hex(encodeCbor({ aa: 1, b: 2, a: 3 }))).toBe(plain('a3 616103 616202 62616101'));
  });

  it('leaves out members that are undefined', () => {
    expect(hex(encodeCbor({ a: undefined, b: 1 }))).toBe('a1616201');
  });

  it.each([
    ['NaN', Number.NaN],
    ['Infinity', Number.POSITIVE_INFINITY],
    ['-Infinity', { a: [Number.NEGATIVE_INFINITY] }],
    ['undefined', undefined],
    ['undefined in a list', [1, undefined]],
    ['a bigint', 1n],
    ['a function', { a: () => 1 }],
    ['a symbol', Symbol('a')],
    ['a Date', new Date(0)],
    ['a Map', new Map([['a', 1]])],
    ['an instance of a class', new URL('rta:a')],
    ['another typed array', new Uint16Array(2)],
    ['half of a surrogate pair', 'a\ud800'],
    ['half of a surrogate pair in a key', { ['a\udc00']: 1 }],
    ['a byte order mark in front', '\ufeffadmin'],
    ['a byte order mark in front of a key', { ['\ufeffid']: 1 }],
    ['a member named __proto__', JSON.parse('{"__proto__":{"admin":true}}')],
  ])('refuses %s [P-4.3, P-4.4, P-4.5]', (_, value: unknown) => {
    expect(codeOf(() => encodeCbor(value))).toBe('RTA_PROTOCOL_MESSAGE');
  });

  it('writes an object without a prototype like any other', () => {
    expect(hex(encodeCbor(Object.assign(Object.create(null), { a: 1 })))).toBe('a1616101');
  });

  it('writes 16 levels, and refuses 17 and a value that holds itself [P-4.6]', () => {
    expect(encodeCbor(nested(16, 1)).byteLength).toBe(17);
    expect(codeOf(() => encodeCbor(nested(17, 1)))).toBe('RTA_PROTOCOL_MESSAGE');
    const cycle: unknown[] = [];
    cycle.push(cycle);
    expect(codeOf(() => encodeCbor(cycle))).toBe('RTA_PROTOCOL_MESSAGE');
  });
});

describe('decodeCbor', () => {
  it.each([
    ['no bytes', ''],
    ['two items', '0101'],
    ['a map and a byte', 'a000'],
    ['an integer in too many bytes', '1817'],
    ['a length in too many bytes', '7801 61'],
    ['a count in too many bytes', '9801 01'],
    ['an integer without its bytes', '19 01'],
    ['a text that is cut off', '63 6161'],
    ['a byte string that is cut off', '43 0000'],
    ['a list that is cut off', '82 01'],
    ['a map without its last value', 'a1 6161'],
    ['a list of 2^32 − 1 items that do not come', '9a ffffffff'],
    ['a list of 2^64 − 1 items that do not come', '9b ffffffffffffffff'],
    ['a map of 2^53 members that do not come', 'bb 0020000000000000'],
    ['a text of 2^64 − 1 bytes', '7b ffffffffffffffff'],
    ['reserved additional information', '1c'],
    ['a list of indefinite length', '9f01ff'],
    ['a map of indefinite length', 'bf616101ff'],
    ['a text of indefinite length', '7f6161ff'],
    ['a byte string of indefinite length', '5f4100ff'],
    ['a break without a beginning', 'ff'],
    ['a break in a list', '8101ff'],
    ['keys in another order', 'a2 616202 616101'],
    ['keys sorted as texts instead of as encoded', 'a2 626161 01 6162 02'],
    ['a key twice', 'a2 616101 616102'],
    ['1.0 as a float', 'f93c00'],
    ['1.5 in 4 bytes', 'fa3fc00000'],
    ['1.5 in 8 bytes', 'fb3ff8000000000000'],
    ['-0.0', 'f98000'],
  ])('refuses %s: it is not deterministic [P-4.2]', (_, data) => {
    expect(refusal(data)).toBe('RTA_PROTOCOL_MESSAGE');
  });

  it.each([
    ['a tag', 'c000'],
    ['a bignum', 'c249010000000000000000'],
    ['CBOR that says of itself that it is', 'd9d9f7a0'],
    ['undefined', 'f7'],
    ['undefined in a map', 'a16161f7'],
    ['a simple value', 'e0'],
    ['a simple value in two bytes', 'f8ff'],
    ['NaN', 'f97e00'],
    ['NaN with a payload', 'fa7fc00001'],
    ['Infinity', 'f97c00'],
    ['-Infinity', 'fbfff0000000000000'],
    ['2^53 as an integer', '1b0020000000000000'],
    ['2^64 − 1', '1bffffffffffffffff'],
    ['−2^53 as an integer', '3b001fffffffffffff'],
    ['a number as a key', 'a10101'],
    ['bytes as a key', 'a1416101'],
    ['a list as a key', 'a1 80 01'],
  ])('refuses %s: there is no such value here [P-4.3]', (_, data) => {
    expect(refusal(data)).toBe('RTA_PROTOCOL_MESSAGE');
  });

  it.each([
    ['a stray continuation byte', '6180'],
    ['an overlong slash', '62c0af'],
    ['half of a surrogate pair', '63eda080'],
    ['a character beyond U+10FFFF', '64f4908080'],
    ['a character that is cut off', '62e282'],
    ['bad bytes behind 40 good ones', `7829${'61'.repeat(40)}ff`],
    ['bad bytes in a key', 'a1 61ff 01'],
    ['a byte order mark in front', '68 efbbbf 61646d696e'],
    ['a byte order mark in front of a key', 'a1 65 efbbbf6964 01'],
    ['nothing but a byte order mark', '63efbbbf'],
  ])('refuses %s: it is no text [P-4.4]', (_, data) => {
    expect(refusal(data)).toBe('RTA_PROTOCOL_MESSAGE');
  });

  it('keeps what looks like a repair or a mark and is neither [P-4.4]', () => {
    expect(decodeCbor(bytes(tstr('\ufffd')))).toBe('\ufffd');
    expect(decodeCbor(bytes(tstr('a\ufeff')))).toBe('a\ufeff');
  });

  it.each([
    ['at the top', map(['__proto__', map(['admin', 'f5'])])],
    ['further in', map(['a', list(map(['__proto__', int(1)]))])],
  ])('refuses a member named __proto__ %s, and pollutes nothing [P-4.5]', (_, data) => {
    expect(refusal(data)).toBe('RTA_PROTOCOL_MESSAGE');
    expect(({} as { admin?: unknown }).admin).toBeUndefined();
  });

  it('takes the other names that objects have as ordinary members [P-4.5]', () => {
    const decoded = decodeCbor(bytes(map(['toString', int(1)], ['constructor', int(2)])));
    expect(Object.entries(decoded as object)).toEqual([
      ['toString', 1],
      ['constructor', 2],
    ]);
  });

  it('reads 16 levels, and refuses 17 of lists, maps or both [P-4.6]', () => {
    expect(decodeCbor(bytes(`${'81'.repeat(16)}01`))).toEqual(nested(16, 1));
    expect(refusal(`${'81'.repeat(17)}01`)).toBe('RTA_PROTOCOL_MESSAGE');
    expect(refusal(`${'81'.repeat(16)}80`)).toBe('RTA_PROTOCOL_MESSAGE');
    expect(refusal(`${'a16161'.repeat(17)}01`)).toBe('RTA_PROTOCOL_MESSAGE');
    expect(refusal(`${'81a16161'.repeat(9)}01`)).toBe('RTA_PROTOCOL_MESSAGE');
  });

  it('counts levels, not containers: a wide list of short ones is not deep [P-4.6]', () => {
    expect(decodeCbor(bytes(list(...Array.from({ length: 1_000 }, () => list(list(int(1)))))))).toHaveLength(
      1_000,
    );
  });

  it.each([
    ['lists', '81'],
    ['lists of indefinite length', '9f'],
    ['maps', 'a16161'],
    ['tags', 'c1'],
    ['lists with items before the next', '8201'],
    ['lists whose count is in too many bytes', '9801'],
  ])('refuses 60 KB of nested %s without exhausting the stack [P-4.6]', (_, opening) => {
    expect(refusal(opening.repeat(Math.floor(120_000 / opening.length)))).toBe('RTA_PROTOCOL_MESSAGE');
  });

  it('gives byte strings memory of their own', () => {
    const data = bytes('4401020304');
    const decoded = decodeCbor(data);
    data.fill(0xff);
    expect(decoded).toEqual(Uint8Array.of(1, 2, 3, 4));
  });
});

const text = fc.string({ unit: 'grapheme', maxLength: 12 }).filter((value) => !value.startsWith('\ufeff'));
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom<unknown>(null, true, false),
    fc.maxSafeInteger(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (number === 0 ? 0 : number)),
    text,
    fc.uint8Array({ maxLength: 12 }),
    fc.array(tie('any'), { maxLength: 4 }),
    fc.dictionary(
      text.filter((key) => key !== '__proto__'),
      tie('any'),
      { maxKeys: 4, noNullPrototype: true },
    ),
  ),
})).any;

describe('any value', () => {
  test.prop([value], { numRuns: 300 })('comes back as it went in [P-4.2]', (value) => {
    expect(decodeCbor(encodeCbor(value))).toEqual(value);
  });

  test.prop([value, fc.nat(), fc.nat({ max: 255 })], { numRuns: 500 })(
    'is the only meaning of its bytes: with another byte they are another value or none [P-4.2]',
    (value, place, byte) => {
      const data = encodeCbor(value).slice();
      data[place % data.byteLength] = byte;
      let decoded: unknown;
      try {
        decoded = decodeCbor(data);
      } catch (error) {
        expect(error).toMatchObject({ code: 'RTA_PROTOCOL_MESSAGE' });
        return;
      }
      expect(hex(encodeCbor(decoded))).toBe(hex(data));
    },
  );

  test.prop([fc.uint8Array({ maxLength: 48 })], { numRuns: 500 })(
    'that nobody wrote is refused with the code of a bad message, or has these bytes [P-4.2]',
    (data) => {
      let again: Uint8Array = data;
      const code = codeOf(() => {
        again = encodeCbor(decodeCbor(data));
      });
      expect(['none', 'RTA_PROTOCOL_MESSAGE']).toContain(code);
      expect(hex(again)).toBe(hex(data));
    },
  );
});
