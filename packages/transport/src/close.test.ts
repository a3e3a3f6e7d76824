import { fc, test as property } from '@fast-check/vitest';
import { expect, test } from 'vitest';
import { checkCode, decodeCloseReason, encodeCloseReason } from './close.ts';

test('a reason of 256 bytes is kept, and a longer one cut', () => {
  expect(encodeCloseReason('a'.repeat(256)).byteLength).toBe(256);
  expect(encodeCloseReason('a'.repeat(257)).byteLength).toBe(256);
});

test('a reason is cut between characters', () => {
  expect(decodeCloseReason(encodeCloseReason(`${'a'.repeat(255)}é`))).toBe('a'.repeat(255));
  expect(decodeCloseReason(encodeCloseReason(`${'a'.repeat(253)}🛑`))).toBe('a'.repeat(253));
});

test('a reason that is too long, or is not UTF-8, is read all the same', () => {
  expect(decodeCloseReason(new Uint8Array(60_000).fill(0x61))).toBe('a'.repeat(256));
  expect(decodeCloseReason(Uint8Array.of(0x61, 0xff, 0x62))).toBe('a\u{fffd}b');
});

property.prop([fc.string({ unit: 'binary', maxLength: 300 })])(
  'what is read is a beginning of what was said',
  (reason) => {
    const wellFormed = Buffer.from(reason).toString();
    expect(wellFormed.startsWith(decodeCloseReason(encodeCloseReason(reason)))).toBe(true);
  },
);

test('codes are integers that JavaScript can tell apart', () => {
  for (const code of [0, 1, Number.MAX_SAFE_INTEGER]) expect(() => checkCode(code)).not.toThrow();
  for (const code of [-1, 0.5, Number.NaN, 2 ** 53]) expect(() => checkCode(code)).toThrow(RangeError);
});
