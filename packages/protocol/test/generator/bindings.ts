import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { ascii, bytes, hex, repeat } from '../wire.ts';
import type { Binding } from './format.ts';

/** The DER prefix of an Ed25519 private key (RFC 8410 §7); the seed follows. */
const PKCS8_PREFIX = '302e020100300506032b657004220420';

function binding(
  name: string,
  challenge: string,
  channelBinding: string,
  session: string,
  seed: string,
): Binding {
  const privateKey = createPrivateKey({
    key: Buffer.from(PKCS8_PREFIX + seed, 'hex'),
    format: 'der',
    type: 'pkcs8',
  });
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' });
  const statement = ascii('RTA bind v1\0') + challenge + channelBinding + session;
  return {
    name,
    challenge,
    channelBinding,
    session: Buffer.from(session, 'hex').toString('base64url'),
    statement,
    seed,
    publicKey: Buffer.from(x, 'base64url').toString('hex'),
    signature: hex(sign(null, bytes(statement), privateKey)),
  };
}

/** Statements and their Ed25519 signatures, which are deterministic (RFC 8032 §5.1.6). */
export function bindings(): Binding[] {
  // The seed of RFC 8032 §7.1, test 1.
  const seed = '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60';
  const session = '000102030405060708090a0b0c0d0e0f';
  return [
    binding('ordinary', repeat('aa', 32), repeat('bb', 32), session, seed),
    binding('another challenge', repeat('ab', 32), repeat('bb', 32), session, seed),
    binding('another certificate', repeat('aa', 32), repeat('bc', 32), session, seed),
    binding('another session', repeat('aa', 32), repeat('bb', 32), repeat('ff', 16), seed),
  ];
}
