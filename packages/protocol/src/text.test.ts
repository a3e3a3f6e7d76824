import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { FRAME } from './frame.ts';
import { decodeMessage, encodeMessage } from './messages.ts';
import { fitText } from './text.ts';

describe('fitText', () => {
  it.each([
    ['an ordinary text', 'impossible travel', 'impossible travel'],
    ['an empty one', '', ''],
    ['a whole surrogate pair', 'a𐅑b', 'a𐅑b'],
    ['halves of surrogate pairs', 'a\ud800b\udc00', 'a\ufffdb\ufffd'],
    ['byte order marks in front', '\ufeff\ufeffa\ufeff', 'a\ufeff'],
    ['1025 bytes', 'a'.repeat(1_025), 'a'.repeat(1_024)],
    ['a character of 2 bytes across the limit', `a${'ü'.repeat(512)}`, `a${'ü'.repeat(511)}`],
    ['a character of 4 bytes across the limit', `a${'𐅑'.repeat(256)}`, `a${'𐅑'.repeat(255)}`],
  ])('makes a text of a message of %s [P-4.4, P-4.7]', (_, text, expected) => {
    expect(fitText(text)).toBe(expected);
  });

  test.prop([fc.string({ unit: 'binary', maxLength: 1_200 })], { numRuns: 100 })(
    'makes of any text one that a message carries as it is [P-4.4, P-4.7]',
    (text) => {
      const client = fitText(text);
      const body = encodeMessage('hello', 1, { client }).subarray(8);
      expect(decodeMessage('hello', { type: FRAME.hello, requestId: 1, body })).toEqual({ client });
    },
  );
});
