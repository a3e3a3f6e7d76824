import { parseSessionId } from '@rta/core';
import { describe, expect, it } from 'vitest';
import { codeOf } from '../test/code-of.ts';
import { createEd25519Key, createEd25519PublicKey } from './ed25519-key.ts';
import { createHmacKey } from './hmac-key.ts';
import type { TokenVerifier } from './token-key.ts';
import { encodeToken } from './v1/codec.ts';
import { verifyToken } from './verify-token.ts';

const contents = {
  sessionId: parseSessionId('AAECAwQFBgcICQoLDA0ODw'),
  contextHash: new Uint8Array(32).fill(5),
  issuedAtMs: 1_767_225_600_000,
};
const signing = createEd25519Key({ keyId: 5, privateKey: new Uint8Array(32).fill(1) });

describe('verifyToken', () => {
  it('gives the claims of a genuine token to a holder of the public key', () => {
    const verifier = createEd25519PublicKey({ keyId: 5, publicKey: signing.publicKey });
    const claims = verifyToken(encodeToken(contents, signing), () => verifier);
    expect(claims).toEqual({ suite: 'ed25519', keyId: 5, ...contents });
  });

  it('refuses a token whose key nobody knows [T-4.1]', () => {
    expect(codeOf(() => verifyToken(encodeToken(contents, signing), () => undefined))).toBe(
      'RTA_TOKEN_KEY_UNKNOWN',
    );
  });

  it('refuses a token where the key that was found has another id [T-3.1]', () => {
    const sameKeyOtherId = createEd25519PublicKey({ keyId: 6, publicKey: signing.publicKey });
    expect(codeOf(() => verifyToken(encodeToken(contents, signing), () => sameKeyOtherId))).toBe(
      'RTA_TOKEN_KEY_UNKNOWN',
    );
  });

  it('refuses an HMAC made with the public key of an Ed25519 key [T-4.2]', () => {
    const attacker = createHmacKey({ keyId: 5, secret: signing.publicKey });
    expect(codeOf(() => verifyToken(encodeToken(contents, attacker), () => signing))).toBe(
      'RTA_TOKEN_SUITE_MISMATCH',
    );
  });

  it('does not ask a key of another suite for its opinion [T-4.2]', () => {
    const asked: number[] = [];
    const credulous: TokenVerifier = {
      suite: 'hmac-sha256',
      keyId: 5,
      verify: () => {
        asked.push(1);
        return true;
      },
    };
    expect(codeOf(() => verifyToken(encodeToken(contents, signing), () => credulous))).toBe(
      'RTA_TOKEN_SUITE_MISMATCH',
    );
    expect(asked).toEqual([]);
  });

  it('gives the claims that were verified though the memory changes meanwhile [T-4.3]', () => {
    const token = encodeToken(contents, signing);
    const overwriting: TokenVerifier = {
      suite: 'ed25519',
      keyId: 5,
      verify: (message, signature) => {
        token.fill(0xee);
        return signing.verify(message, signature);
      },
    };
    expect(verifyToken(token, () => overwriting)).toEqual({ suite: 'ed25519', keyId: 5, ...contents });
  });
});
