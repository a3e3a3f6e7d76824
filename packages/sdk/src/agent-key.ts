import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  sign,
} from 'node:crypto';
import { fromBase64Url } from '@rta/core';

/** The key of an agent: what it proves possession of when it exchanges and binds. */
export interface AgentKey {
  /** Ed25519, 32 bytes. Hand this one to who delegates to you. */
  readonly publicKey: Uint8Array;
  /** The public part as a JWK (RFC 8037). */
  readonly publicJwk: { readonly kty: 'OKP'; readonly crv: 'Ed25519'; readonly x: string };
  /** The private part; it shows nothing of itself when it is printed. */
  readonly privateKey: KeyObject;
  /** Signs with Ed25519 (RFC 8032); 64 bytes. */
  sign(message: Uint8Array): Uint8Array;
}

/** Draws a new key. It lives as long as the process: keep the JWK of {@link importAgentKey} to keep a key. */
export function generateAgentKey(): AgentKey {
  return agentKey(generateKeyPairSync('ed25519').privateKey);
}

/**
 * Takes a key that was kept: a private Ed25519 JWK.
 *
 * @throws TypeError where it is not one.
 */
export function importAgentKey(jwk: JsonWebKey): AgentKey {
  if (jwk.kty !== 'OKP' || jwk.crv !== 'Ed25519' || typeof jwk.d !== 'string') {
    throw new TypeError('expected a private JWK with kty OKP and crv Ed25519');
  }
  return agentKey(createPrivateKey({ key: jwk, format: 'jwk' }));
}

function agentKey(privateKey: KeyObject): AgentKey {
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' });
  return {
    privateKey,
    publicKey: fromBase64Url(x),
    publicJwk: { kty: 'OKP', crv: 'Ed25519', x },
    sign: (message) => Uint8Array.from(sign(null, message, privateKey)),
  };
}
