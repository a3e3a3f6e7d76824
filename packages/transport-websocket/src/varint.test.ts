import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { readVarint, varintByteLength, writeVarint } from './varint.ts';

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));

// The first three are those of RFC 9000 §A.1.
describe.each([
  [37, '25'],
  [15_293, '7bbd'],
  [494_878_333, '9d7f3e7d'],
  [0, '00'],
  [63, '3f'],
  [64, '4040'],
  [16_383, '7fff'],
  [16_384, '80004000'],
  [1_073_741_823, 'bfffffff'],
  [1_073_741_824, 'c000000040000000'],
  [9_007_199_254_740_991, 'c01fffffffffffff'],
])('%i', (value, hex) => {
  test(`is ${hex}`, () => {
    const space = new Uint8Array(10);
    expect(writeVarint(space, 1, value)).toBe(1 + hex.length / 2);
    expect(Buffer.from(space).toString('hex')).toBe(`00${hex}`.padEnd(20, '0'));
    expect(readVarint(bytesOf(`00${hex}`), 1)).toBe(value);
    expect(varintByteLength(value)).toBe(hex.length / 2);
  });
});

test.each([
  ['2^53', 'c020000000000000'],
  ['the largest of RFC 9000', 'ffffffffffffffff'],
  ['37 in two bytes', '4025'],
  ['63 in four bytes', '8000003f'],
  ['16383 in four bytes', '80003fff'],
  ['2^30 - 1 in eight bytes', 'c00000003fffffff'],
  ['a number that is cut off', '7b'],
  ['a long number that is cut off', 'c01fffffffffff'],
  ['nothing', ''],
])('%s is refused [W-2.3]', (_what, hex) => {
  expect(() => readVarint(bytesOf(hex), 0)).toThrow(expect.objectContaining({ code: 'RTA_WEBSOCKET_FRAME' }));
});

property.prop([fc.maxSafeNat()])('what is written is read', (value) => {
  const space = new Uint8Array(8);
  const end = writeVarint(space, 0, value);
  expect(end).toBe(varintByteLength(value));
  expect(readVarint(space.subarray(0, end), 0)).toBe(value);
});

property.prop([fc.uint8Array({ maxLength: 9 })])('what is read has one encoding', (bytes) => {
  let value: number;
  try {
    value = readVarint(bytes, 0);
  } catch (error) {
    expect(error).toMatchObject({ code: 'RTA_WEBSOCKET_FRAME' });
    return;
  }
  const space = new Uint8Array(8);
  const end = writeVarint(space, 0, value);
  expect(space.subarray(0, end)).toEqual(bytes.subarray(0, end));
});
