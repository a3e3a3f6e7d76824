import { parseSessionId } from '@rta/core';
import { describe, expect, it } from 'vitest';
import { codeOf } from '../test/code-of.ts';
import { createEd25519Key, createEd25519PublicKey } from './ed25519-key.ts';
import { createHmacKey } from './hmac-key.ts';
import { createKeyRing } from './key-ring.ts';
import { createStaticKeySource } from './key-source.ts';
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

describe('an announced key', () => {
  it('moves up when its time comes, and is held once [T-6.1]', () => {
    const next = key(2);
    const ring = createKeyRing({ current: key(1), accepted: [next] });
    ring.rotate(next);
    expect(ring.keyIds).toEqual([2, 1]);
    expect(ring.keys.map(({ keyId }) => keyId)).toEqual([2, 1]);
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

describe('revoke', () => {
  it('refuses tokens of the key from then on, and the key for ever [T-6.4]', () => {
    const ring = createKeyRing({ current: key(2), accepted: [key(1)] });
    expect(ring.revoke(1)).toBe(true);
    expect(codeOf(() => ring.verify(tokenOf(key(1))))).toBe('RTA_TOKEN_KEY_UNKNOWN');
    expect(codeOf(() => ring.rotate(key(1)))).toBe('RTA_TOKEN_KEY_REVOKED');
    expect(codeOf(() => ring.replace({ current: key(1), accepted: [], revoked: [] }))).toBe(
      'RTA_TOKEN_KEY_REVOKED',
    );
    expect(ring.keyIds).toEqual([2]);
    expect(ring.revokedKeyIds).toEqual([1]);
  });

  it('remembers an id that it does not hold, and says once that it is new [T-6.4]', () => {
    const ring = createKeyRing({ current: key(2) });
    expect(ring.revoke(7)).toBe(true);
    expect(ring.revoke(7)).toBe(false);
    expect(codeOf(() => ring.rotate(key(7)))).toBe('RTA_TOKEN_KEY_REVOKED');
  });

  it('refuses the id also to a key of another suite [T-3.1, T-6.4]', () => {
    const ring = createKeyRing({ current: key(2), revoked: [1] });
    const other = createEd25519Key({ keyId: 1, privateKey: new Uint8Array(32).fill(9) });
    expect(codeOf(() => ring.rotate(other))).toBe('RTA_TOKEN_KEY_REVOKED');
  });

  it('takes the key that signs with its successor only [T-6.4]', () => {
    const ring = createKeyRing({ current: key(1) });
    const old = tokenOf(ring.signer);
    expect(codeOf(() => ring.revoke(1))).toBe('RTA_TOKEN_KEY_CURRENT');
    expect(codeOf(() => ring.revoke(1, { successor: key(1) }))).toBe('RTA_TOKEN_KEY_DUPLICATE');
    expect(ring.verify(old).keyId).toBe(1);

    expect(ring.revoke(1, { successor: key(2) })).toBe(true);
    expect(ring.signer.keyId).toBe(2);
    expect(codeOf(() => ring.verify(old))).toBe('RTA_TOKEN_KEY_UNKNOWN');
  });

  it('lets an announced key be the successor, and no revoked one [T-6.4]', () => {
    const next = key(2);
    const ring = createKeyRing({ current: key(1), accepted: [next], revoked: [3] });
    expect(codeOf(() => ring.revoke(1, { successor: key(3) }))).toBe('RTA_TOKEN_KEY_REVOKED');
    expect(ring.keyIds).toEqual([1, 2]);
    ring.revoke(1, { successor: next });
    expect(ring.keyIds).toEqual([2]);
  });

  it('takes no successor for a key that does not sign', () => {
    const ring = createKeyRing({ current: key(2), accepted: [key(1)] });
    expect(() => ring.revoke(1, { successor: key(3) })).toThrow(TypeError);
    expect(ring.keyIds).toEqual([2, 1]);
  });

  it('leaves the current token of a session equal to itself: who keeps it, replaces it [T-6.5]', () => {
    const ring = createKeyRing({ current: key(1) });
    const current = tokenOf(ring.signer);
    const presented = current.slice();
    ring.revoke(1, { successor: key(2) });
    expect(equalTokens(presented, current)).toBe(true);
    expect(codeOf(() => ring.verify(presented))).toBe('RTA_TOKEN_KEY_UNKNOWN');
  });

  it('keeps a ring from starting with a key that was revoked [T-6.4]', () => {
    expect(codeOf(() => createKeyRing({ current: key(1), revoked: [1] }))).toBe('RTA_TOKEN_KEY_REVOKED');
    expect(codeOf(() => createKeyRing({ current: key(1), accepted: [key(2)], revoked: [2] }))).toBe(
      'RTA_TOKEN_KEY_REVOKED',
    );
  });
});

describe('replace', () => {
  it('takes all keys of a source at once, and says what it revoked [T-6.6]', async () => {
    const ring = createKeyRing({ current: key(1), accepted: [key(2)], revoked: [9] });
    const source = createStaticKeySource({ current: key(3), accepted: [key(2)], revoked: [1, 9] });

    expect(ring.replace(await source.load())).toEqual([1]);
    expect(ring.keyIds).toEqual([3, 2]);
    expect(ring.revokedKeyIds).toEqual([9, 1]);
  });

  it('forgets no revocation that the source has forgotten [T-6.4, T-6.6]', () => {
    const ring = createKeyRing({ current: key(2), revoked: [1] });
    expect(ring.replace({ current: key(3), accepted: [], revoked: [] })).toEqual([]);
    expect(ring.revokedKeyIds).toEqual([1]);
  });

  it.each([
    ['a key twice', { current: key(3), accepted: [key(3)], revoked: [] }, 'RTA_TOKEN_KEY_DUPLICATE'],
    ['a key that it revokes', { current: key(3), accepted: [], revoked: [3] }, 'RTA_TOKEN_KEY_REVOKED'],
    [
      'nine keys',
      { current: key(3), accepted: [4, 5, 6, 7, 8, 9, 10, 11].map(key), revoked: [] },
      'RTA_TOKEN_KEY_LIMIT',
    ],
  ])('refuses a set with %s as a whole [T-6.3, T-6.6]', (_, keys, code) => {
    const ring = createKeyRing({ current: key(1), accepted: [key(2)] });
    expect(codeOf(() => ring.replace(keys))).toBe(code);
    expect(ring.keyIds).toEqual([1, 2]);
    expect(ring.revokedKeyIds).toEqual([]);
  });

  it('gives up the keys that a set revokes also where the set is refused [T-6.6]', () => {
    const ring = createKeyRing({ current: key(1), accepted: [key(2)] });
    expect(codeOf(() => ring.replace({ current: key(3), accepted: [key(3)], revoked: [2] }))).toBe(
      'RTA_TOKEN_KEY_DUPLICATE',
    );
    expect(codeOf(() => ring.verify(tokenOf(key(2))))).toBe('RTA_TOKEN_KEY_UNKNOWN');
    // Told again in a set that can be taken, it is still news.
    expect(ring.replace({ current: key(3), accepted: [], revoked: [2] })).toEqual([2]);
  });
});
