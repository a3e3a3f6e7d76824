import { describe, expect, it } from 'vitest';
import { codeOf } from '../../test/code-of.ts';
import { equalTokens, peekSessionId } from './presented.ts';

const token = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i);

describe('equalTokens', () => {
  it.each([96, 128])('is true for two tokens of %i bytes that are the same [T-5.1]', (length) => {
    expect(equalTokens(token(length), token(length))).toBe(true);
  });

  it.each([96, 128])('is false for tokens of %i bytes that differ in any one bit [T-5.1]', (length) => {
    const current = token(length);
    const equal: number[] = [];
    for (let bit = 0; bit < length * 8; bit++) {
      const presented = token(length);
      presented[bit >> 3] = (presented[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      if (equalTokens(presented, current)) equal.push(bit);
    }
    expect(equal).toEqual([]);
  });

  it.each([0, 1, 64, 95, 97, 127, 129])(
    'is false for %i bytes, though they are the same [T-5.2]',
    (length) => {
      expect(equalTokens(token(length), token(length))).toBe(false);
    },
  );

  it.each([
    [96, 128],
    [128, 96],
    [0, 96],
    [96, 0],
    [95, 96],
    [96, 95],
  ])('is false for %i bytes against %i bytes with the same start [T-5.2]', (presented, current) => {
    expect(equalTokens(token(presented), token(current))).toBe(false);
  });
});

describe('peekSessionId', () => {
  it.each([96, 128])('reads the session id of %i bytes, wherever they lie in memory [T-5.3]', (length) => {
    const memory = new Uint8Array(length + 9);
    memory.set(token(length), 9);
    expect(peekSessionId(memory.subarray(9))).toBe('CAkKCwwNDg8QERITFBUWFw');
  });

  it.each([0, 23, 24, 95, 97, 127, 129])('refuses %i bytes', (length) => {
    expect(codeOf(() => peekSessionId(token(length)))).toBe('RTA_TOKEN_LENGTH');
  });
});
