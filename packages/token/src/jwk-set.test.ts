import { expect, it } from 'vitest';
import { createEd25519Key, createEd25519PublicKey } from './ed25519-key.ts';
import { createHmacKey } from './hmac-key.ts';
import { publishedKeys } from './jwk-set.ts';
import { createEd25519Key as createNobleKey } from './noble-keys.ts';

// RFC 8032 §7.1, TEST 1
const SEED = Uint8Array.from(
  Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex'),
);
const JWK = {
  kty: 'OKP',
  crv: 'Ed25519',
  alg: 'EdDSA',
  use: 'sig',
  kid: '4294967295',
  // RFC 8037 appendix A.2
  x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
};

it('publishes the public half of Ed25519 keys, and nothing else of them [T-6.7]', () => {
  const keyId = 4_294_967_295;
  const key = createEd25519Key({ keyId, privateKey: SEED });
  const { publicKey } = key;
  expect(publishedKeys([key])).toEqual([JWK]);
  expect(publishedKeys([createEd25519PublicKey({ keyId, publicKey })])).toEqual([JWK]);
  expect(publishedKeys([createNobleKey({ keyId, privateKey: SEED })])).toEqual([JWK]);
});

it('publishes nothing of HMAC keys [T-6.7]', () => {
  expect(publishedKeys([createHmacKey({ keyId: 1, secret: SEED })])).toEqual([]);
});
