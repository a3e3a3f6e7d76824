import { readFileSync } from 'node:fs';
import { verifyAsync as verifyWithCofactor } from '@noble/ed25519';
import { parseSessionId } from '@rta/core';
import type { TokenVerifier } from '@rta/token';
import * as node from '@rta/token';
import * as noble from '@rta/token/noble';
import { describe, expect, it } from 'vitest';
import { codeOf } from './code-of.ts';
import { type RefusedKey, serializeVectors, type VectorKey, type Vectors } from './generator/format.ts';
import { buildVectors } from './generator/vectors.ts';
import { ascii, bytes, hex, join, LABEL, readByHand } from './reference.ts';

const file = new URL('../../../docs/spec/vectors/token.json', import.meta.url);
const text = readFileSync(file, 'utf8');
const vectors = JSON.parse(text) as Vectors;
const accepted = vectors.accepted.map((vector) => [vector.name, vector] as const);
const refused = vectors.refused.map((vector) => [vector.name, vector] as const);

type Implementation = typeof node | typeof noble;
type Material = Pick<VectorKey | RefusedKey, 'keyId' | 'secret' | 'seed' | 'publicKey'>;

/** The key as an issuer has it, or what there is of it. */
function load(rta: Implementation, { keyId, secret, seed, publicKey }: Material): TokenVerifier {
  if (secret !== undefined) return rta.createHmacKey({ keyId, secret: bytes(secret) });
  if (seed !== undefined) return rta.createEd25519Key({ keyId, privateKey: bytes(seed) });
  return rta.createEd25519PublicKey({ keyId, publicKey: bytes(publicKey ?? '') });
}

const keyNamed = (name: string): VectorKey => {
  const key = vectors.keys[name];
  if (key === undefined) throw new Error(`the vectors have no key ${name}`);
  return key;
};

/** Verifies with these keys only; Ed25519 keys by their public half if wanted. */
function verify(rta: Implementation, names: readonly string[], token: string, publicOnly = false) {
  const keys = names.map((name) => {
    const { seed, ...others } = keyNamed(name);
    return load(rta, publicOnly || seed === undefined ? others : { seed, ...others });
  });
  return rta.verifyToken(bytes(token), (keyId) => keys.find((key) => key.keyId === keyId));
}

describe('the published vectors', () => {
  it('are what the generator makes [T-7.1]', () => {
    expect(serializeVectors(buildVectors())).toBe(text);
  });

  it.each(accepted)('hold the claims of "%s" at the specified offsets [T-1.1]', (_, { token, claims }) => {
    expect(readByHand(bytes(token))).toEqual({
      version: 1,
      suite: claims.suite === 'hmac-sha256' ? 1 : 2,
      flags: 0,
      keyId: claims.keyId,
      sessionId: Buffer.from(claims.sessionId, 'base64url').toString('hex'),
      contextHash: claims.contextHash,
      issuedAt: BigInt(claims.issuedAtMs),
      signatureBytes: claims.suite === 'hmac-sha256' ? 32 : 64,
    });
  });

  it('show every code that a token can be refused with [T-4.1]', () => {
    expect([...new Set(vectors.refused.map(({ code }) => code))].sort()).toEqual([
      'RTA_TOKEN_FLAGS',
      'RTA_TOKEN_ISSUED_AT',
      'RTA_TOKEN_KEY_UNKNOWN',
      'RTA_TOKEN_LENGTH',
      'RTA_TOKEN_SIGNATURE',
      'RTA_TOKEN_SUITE',
      'RTA_TOKEN_SUITE_LENGTH',
      'RTA_TOKEN_SUITE_MISMATCH',
      'RTA_TOKEN_VERSION',
    ]);
  });

  it.each(refused.filter(([name]) => name.endsWith('which a check with the cofactor accepts')))(
    'are right about "%s" [T-2.6]',
    async (_, { token, keys }) => {
      const { publicKey = '' } = keyNamed(keys[0] ?? '');
      const message = join(ascii(LABEL), bytes(token).subarray(0, 64));
      const holds = await verifyWithCofactor(bytes(token).subarray(64), message, bytes(publicKey));
      expect(holds).toBe(true);
    },
  );
});

describe.each([
  ['@rta/token', node],
  ['@rta/token/noble', noble],
])('%s', (_, rta) => {
  it.each(accepted)('accepts "%s"', (_name, { token, keys, claims }) => {
    for (const publicOnly of [false, true]) {
      const { contextHash, ...others } = verify(rta, keys, token, publicOnly);
      expect({ ...others, contextHash: hex(contextHash) }).toEqual(claims);
    }
  });

  it.each(accepted)('makes "%s" byte for byte [T-2.2, T-2.3]', (_name, { token, keys, claims }) => {
    const { keyId, secret, seed } = keyNamed(keys[0] ?? '');
    const signer =
      secret === undefined
        ? rta.createEd25519Key({ keyId, privateKey: bytes(seed ?? '') })
        : rta.createHmacKey({ keyId, secret: bytes(secret) });
    const contents = {
      sessionId: parseSessionId(claims.sessionId),
      contextHash: bytes(claims.contextHash),
      issuedAtMs: claims.issuedAtMs,
    };
    expect(hex(rta.encodeToken(contents, signer))).toBe(token);
  });

  it.each(refused)('refuses "%s" [T-4.1]', (_name, { token, keys, code }) => {
    expect(codeOf(() => verify(rta, keys, token))).toBe(code);
    expect(codeOf(() => verify(rta, keys, token, true))).toBe(code);
  });

  it.each(vectors.refusedKeys.map((key) => [key.name, key] as const))(
    'refuses a %s [T-3.2, T-3.3, T-3.4]',
    (_name, key) => {
      expect(codeOf(() => load(rta, key))).toBe(key.code);
    },
  );
});
