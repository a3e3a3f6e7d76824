import * as node from '@rta/token';
import * as noble from '@rta/token/noble';
import { describe, expect, it } from 'vitest';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));

// RFC 8032 §7.1, TEST 2.
const KEY = hex('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c');
const STATEMENT = hex('72');
const SIGNATURE = hex(
  '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
);
const withByte = (bytes: Uint8Array, at: number): Uint8Array => {
  const changed = bytes.slice();
  changed[at] = (changed[at] ?? 0) ^ 1;
  return changed;
};

describe.each([
  ['node:crypto', node],
  ['noble', noble],
])('verifyEd25519 of %s', (_, { verifyEd25519 }) => {
  it('accepts a signature of the key', () => {
    expect(verifyEd25519(KEY, STATEMENT, SIGNATURE)).toBe(true);
  });

  it.each<[string, Uint8Array, Uint8Array, Uint8Array]>([
    ['another statement', KEY, hex('73'), SIGNATURE],
    ['a longer statement', KEY, hex('7200'), SIGNATURE],
    ['no statement', KEY, hex(''), SIGNATURE],
    ['another key', withByte(KEY, 0), STATEMENT, SIGNATURE],
    ['another R', KEY, STATEMENT, withByte(SIGNATURE, 0)],
    ['another S', KEY, STATEMENT, withByte(SIGNATURE, 40)],
    ['a short signature', KEY, STATEMENT, SIGNATURE.subarray(0, 63)],
    ['a long signature', KEY, STATEMENT, new Uint8Array([...SIGNATURE, 0])],
    ['no signature', KEY, STATEMENT, hex('')],
    ['a short key', KEY.subarray(0, 31), STATEMENT, SIGNATURE],
    ['a long key', new Uint8Array([...KEY, 0]), STATEMENT, SIGNATURE],
    ['no key', hex(''), STATEMENT, SIGNATURE],
    ['a key that is no point', hex(`02${'00'.repeat(31)}`), STATEMENT, SIGNATURE],
    ['a key that is no number of the field', hex(`${'ff'.repeat(31)}7f`), STATEMENT, SIGNATURE],
  ])('refuses %s without throwing [T-2.4]', (_what, key, statement, signature) => {
    expect(verifyEd25519(key, statement, signature)).toBe(false);
  });

  it('refuses the second spelling of a signature: S plus the group order', () => {
    const order = 2n ** 252n + 27742317777372353535851937790883648493n;
    let s = BigInt(`0x${Buffer.from(SIGNATURE.subarray(32).toReversed()).toString('hex')}`) + order;
    const second = SIGNATURE.slice();
    for (let i = 32; i < 64; i++, s >>= 8n) second[i] = Number(s & 255n);
    expect(verifyEd25519(KEY, STATEMENT, second)).toBe(false);
  });

  it('refuses a key of small order, with which one signature does for every statement on some runtimes', () => {
    const neutral = hex(`01${'00'.repeat(31)}`);
    // [1]B = B + [k]·0, whatever the statement makes of k.
    const universal = hex(`58${'66'.repeat(31)}01${'00'.repeat(31)}`);
    expect(verifyEd25519(neutral, STATEMENT, universal)).toBe(false);
  });
});
