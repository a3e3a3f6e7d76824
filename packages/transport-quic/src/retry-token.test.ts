import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { createRetryTokens, type RetryTokenScope } from './retry-token.ts';

const NOW_MS = 1_767_225_600_000;
const ORIGINAL_ID = Buffer.from('8394c8f03e515708', 'hex');
const RETRY_ID = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');
const SCOPE: RetryTokenScope = {
  from: { host: '192.0.2.7', port: 50_123 },
  retryId: RETRY_ID,
  nowMs: NOW_MS,
};
const TOKEN = Buffer.from('010000019b76dacf103e90ddde66941c300337edfc636e5fc58394c8f03e515708', 'hex');

const tokens = createRetryTokens(new Uint8Array(32).fill(7));

test('a token has the layout and the MAC that its table says', () => {
  expect(Buffer.from(tokens.seal(ORIGINAL_ID, SCOPE)).toString('hex')).toBe(TOKEN.toString('hex'));
});

test.each([0, 1, 9_999, 10_000])('a token is good after %d ms, and gives the original id back', (afterMs) => {
  expect(tokens.open(TOKEN, { ...SCOPE, nowMs: NOW_MS + afterMs })).toEqual({
    kind: 'good',
    originalId: new Uint8Array(ORIGINAL_ID),
  });
});

test.each([8, 16, 20])('an original id of %d bytes comes back', (byteLength) => {
  const originalId = new Uint8Array(byteLength).fill(byteLength);
  expect(tokens.open(tokens.seal(originalId, SCOPE), SCOPE)).toEqual({ kind: 'good', originalId });
});

describe('a token is bad', () => {
  test.each([
    ['when it has expired', { nowMs: NOW_MS + 10_001 }],
    ['long after', { nowMs: NOW_MS + 365 * 86_400_000 }],
    ['from another address', { from: { host: '192.0.2.8', port: 50_123 } }],
    ['from an address that begins alike', { from: { host: '192.0.2.71', port: 50_123 } }],
    ['from another port', { from: { host: '192.0.2.7', port: 50_122 } }],
    ['from a port with the same low byte', { from: { host: '192.0.2.7', port: 50_123 - 256 } }],
    ['for another id', { retryId: Buffer.from('000102030405060708090a0b0c0d0e0e', 'hex') }],
    ['for a part of the id', { retryId: RETRY_ID.subarray(0, 15) }],
    ['for no id', { retryId: Buffer.alloc(0) }],
  ])('%s', (_when, other) => {
    expect(tokens.open(TOKEN, { ...SCOPE, ...other })).toEqual({ kind: 'bad' });
  });

  test('with another original id, or one that is longer or shorter', () => {
    const other = Buffer.from(TOKEN);
    other.writeUInt8(0x09, 32);
    expect(tokens.open(other, SCOPE)).toEqual({ kind: 'bad' });
    expect(tokens.open(Buffer.concat([TOKEN, Uint8Array.of(0)]), SCOPE)).toEqual({ kind: 'bad' });
    const long = tokens.seal(new Uint8Array(16), SCOPE);
    expect(tokens.open(long.subarray(0, -1), SCOPE)).toEqual({ kind: 'bad' });
  });

  test('with an expiry that was put off', () => {
    const other = Buffer.from(TOKEN);
    other.writeBigUInt64BE(0xffff_ffff_ffff_ffffn, 1);
    expect(tokens.open(other, SCOPE)).toEqual({ kind: 'bad' });
  });

  test('where bytes have moved between the original id and the new one', () => {
    const long = tokens.seal(Buffer.concat([ORIGINAL_ID, RETRY_ID.subarray(0, 1)]), {
      ...SCOPE,
      retryId: RETRY_ID.subarray(1),
    });
    expect(tokens.open(long.subarray(0, -1), SCOPE)).toEqual({ kind: 'bad' });
  });

  test('of a server with another key', () => {
    const other = createRetryTokens(new Uint8Array(32).fill(8));
    expect(other.open(TOKEN, SCOPE)).toEqual({ kind: 'bad' });
  });

  test('with any bit turned after the first byte', () => {
    for (let bit = 8; bit < TOKEN.byteLength * 8; bit++) {
      const turned = Buffer.from(TOKEN);
      turned.writeUInt8(turned.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      expect(tokens.open(turned, SCOPE), `bit ${bit}`).toEqual({ kind: 'bad' });
    }
  });
});

describe('a token is not ours', () => {
  test.each(Array.from({ length: TOKEN.byteLength }, (_, byteLength) => byteLength))(
    'when it is cut after %d bytes',
    (byteLength) => {
      expect(tokens.open(TOKEN.subarray(0, byteLength), SCOPE)).toEqual({ kind: 'foreign' });
    },
  );

  test('when it is longer than any of ours, or of another version', () => {
    expect(tokens.open(Buffer.concat([TOKEN, Buffer.alloc(13)]), SCOPE)).toEqual({ kind: 'foreign' });
    const other = Buffer.from(TOKEN);
    other.writeUInt8(2, 0);
    expect(tokens.open(other, SCOPE)).toEqual({ kind: 'foreign' });
  });
});

property.prop([fc.uint8Array({ maxLength: 60 })])('no bytes are taken for a good token', (bytes) => {
  expect(tokens.open(bytes, SCOPE).kind).not.toBe('good');
});
