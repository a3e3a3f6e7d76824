import { parseSessionId } from '@rta/core';
import { describe, expect, it } from 'vitest';
import { codeOf } from '../test/code-of.ts';
import { createEd25519Key, createEd25519PublicKey } from './ed25519-key.ts';
import { createHmacKey } from './hmac-key.ts';
import { createKeyRing } from './key-ring.ts';
import type { TokenKey, TokenSigner } from './token-key.ts';
import { encodeToken } from './v1/codec.ts';
import { equalTokens } from './v1/presented.ts';

const key = (keyId: number): TokenKey => createHmacKey({ keyId, secret: new Uint8Array(32).fill(keyId + 1) });
const tokenOf = (signer: TokenSigner): Uint8Array =>
  encodeToken(
    {
      sessionId: parseSessionId('AAECAwQFBgcICQoLDA0ODw'),
      contextHash: new Uint8Array(32).fill(5),
      issuedAtMs: 1_767_225_600_000,
    },
    signer,
  );
describe('createKeyRing', () => {
  it('accepts tokens of the signing key and of the accepted keys, of either suite', () => {
    const edKey = createEd25519Key({ keyId: 9, privateKey: new Uint8Array(32).fill(1) });
    const published = createEd25519PublicKey({ keyId: 9, publicKey: edKey.publicKey });
    const ring = createKeyRing({ current: key(1), accepted: [published] });
    expect(ring.verify(tokenOf(ring.signer)).keyId).toBe(1);
    expect(ring.verify(tokenOf(edKey)).keyId).toBe(9);
  });

  it('names the signing key first, then the accepted ones', () => {
    expect(createKeyRing({ current: key(3), accepted: [key(1), key(2)] }).keyIds).toEqual([3, 1, 2]);
  });

  it('refuses two keys with one id, also in different suites [T-3.1, T-6.3]', () => {
    const sameId = createEd25519Key({ keyId: 1, privateKey: new Uint8Array(32).fill(1) });
    expect(codeOf(() => createKeyRing({ current: key(1), accepted: [sameId] }))).toBe(
      'RTA_TOKEN_KEY_DUPLICATE',
    );
    expect(codeOf(() => createKeyRing({ current: key(1), accepted: [key(2), key(2)] }))).toBe(
      'RTA_TOKEN_KEY_DUPLICATE',
    );
  });

  it('holds 8 keys and refuses the ninth [T-6.3]', () => {
    const seven = [2, 3, 4, 5, 6, 7, 8].map(key);
    expect(createKeyRing({ current: key(1), accepted: seven }).keyIds).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(codeOf(() => createKeyRing({ current: key(1), accepted: [...seven, key(9)] }))).toBe(
      'RTA_TOKEN_KEY_LIMIT',
    );
  });
});

describe('rotate', () => {
  it('signs with the next key and still accepts tokens of the previous one [T-6.1]', () => {
    const ring = createKeyRing({ current: key(1) });
    const old = tokenOf(ring.signer);
    ring.rotate(key(2));
    expect(ring.verify(tokenOf(ring.signer)).keyId).toBe(2);
    expect(ring.verify(old).keyId).toBe(1);
    expect(ring.keyIds).toEqual([2, 1]);
  });

  it('leaves the current token of a session equal to itself [T-6.1]', () => {
    const ring = createKeyRing({ current: key(1) });
    const current = tokenOf(ring.signer);
    const presented = current.slice();
    ring.rotate(key(2));
    expect(equalTokens(presented, current)).toBe(true);
  });

  it.each([1, 2])(
    'refuses a key with the id %i that the ring holds, and changes nothing [T-6.3]',
    (keyId) => {
      const ring = createKeyRing({ current: key(2), accepted: [key(1)] });
      const other = createHmacKey({ keyId, secret: new Uint8Array(32).fill(99) });
      expect(codeOf(() => ring.rotate(other))).toBe('RTA_TOKEN_KEY_DUPLICATE');
      expect(ring.keyIds).toEqual([2, 1]);
      expect(ring.verify(tokenOf(key(1))).keyId).toBe(1);
      expect(codeOf(() => ring.verify(tokenOf(other)))).toBe('RTA_TOKEN_SIGNATURE');
    },
  );

  it('refuses to go over the limit, changes nothing, and has room again after a retirement [T-6.3]', () => {
    const ring = createKeyRing({ current: key(1), accepted: [2, 3, 4, 5, 6, 7, 8].map(key) });
    expect(codeOf(() => ring.rotate(key(9)))).toBe('RTA_TOKEN_KEY_LIMIT');
    expect(ring.signer.keyId).toBe(1);
    ring.retire(2);
    ring.rotate(key(9));
    expect(ring.keyIds).toEqual([9, 3, 4, 5, 6, 7, 8, 1]);
  });
});

describe('retire', () => {
  it('refuses tokens of the key from then on [T-6.2]', () => {
    const ring = createKeyRing({ current: key(1) });
    const old = tokenOf(ring.signer);
    ring.rotate(key(2));
    expect(ring.retire(1)).toBe(true);
    expect(codeOf(() => ring.verify(old))).toBe('RTA_TOKEN_KEY_UNKNOWN');
  });

  it('says that a key was not there', () => {
    expect(createKeyRing({ current: key(1) }).retire(2)).toBe(false);
  });

  it('refuses to retire the key that signs, and goes on with it [T-6.2]', () => {
    const ring = createKeyRing({ current: key(1) });
    expect(codeOf(() => ring.retire(1))).toBe('RTA_TOKEN_KEY_CURRENT');
    expect(ring.verify(tokenOf(ring.signer)).keyId).toBe(1);
  });
});
