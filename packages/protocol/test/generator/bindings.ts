import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { ascii, bytes, hex, repeat, uint } from '../wire.ts';
import type { Binding, Resumption } from './format.ts';

/** The DER prefix of an Ed25519 private key (RFC 8410 §7); the seed follows. */
const PKCS8_PREFIX = '302e020100300506032b657004220420';
/** The seed of RFC 8032 §7.1, test 1. */
const SEED = '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60';
const SESSION = '000102030405060708090a0b0c0d0e0f';

/** What stands in the file of every statement: who signed it, and how. */
function signed(statement: string): Pick<Binding, 'statement' | 'seed' | 'publicKey' | 'signature'> {
  const privateKey = createPrivateKey({
    key: Buffer.from(PKCS8_PREFIX + SEED, 'hex'),
    format: 'der',
    type: 'pkcs8',
  });
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' });
  return {
    statement,
    seed: SEED,
    publicKey: Buffer.from(x, 'base64url').toString('hex'),
    signature: hex(sign(null, bytes(statement), privateKey)),
  };
}

const base64url = (data: string): string => Buffer.from(data, 'hex').toString('base64url');

function binding(name: string, challenge: string, channelBinding: string, session: string): Binding {
  const statement = ascii('RTA bind v1\0') + challenge + channelBinding + session;
  return { name, challenge, channelBinding, session: base64url(session), ...signed(statement) };
}

function resumption(
  name: string,
  parts: Partial<Pick<Resumption, 'nonce' | 'issuedAtMs' | 'channelBinding' | 'session'>> = {},
): Resumption {
  const {
    nonce = repeat('cc', 16),
    issuedAtMs = 1_767_225_600_000,
    channelBinding = repeat('bb', 32),
    session = SESSION,
  } = parts;
  const statement = ascii('RTA resume v1\0') + nonce + uint(issuedAtMs, 8) + channelBinding + session;
  return { name, nonce, issuedAtMs, channelBinding, session: base64url(session), ...signed(statement) };
}

/** Statements and their Ed25519 signatures, which are deterministic (RFC 8032 §5.1.6). */
export function bindings(): Binding[] {
  return [
    binding('ordinary', repeat('aa', 32), repeat('bb', 32), SESSION),
    binding('another challenge', repeat('ab', 32), repeat('bb', 32), SESSION),
    binding('another certificate', repeat('aa', 32), repeat('bc', 32), SESSION),
    binding('another session', repeat('aa', 32), repeat('bb', 32), repeat('ff', 16)),
  ];
}

/** The same for RESUME. */
export function resumptions(): Resumption[] {
  return [
    resumption('ordinary'),
    resumption('another nonce', { nonce: repeat('cd', 16) }),
    resumption('a millisecond later', { issuedAtMs: 1_767_225_600_001 }),
    resumption('the first time there is', { issuedAtMs: 0 }),
    resumption('the last time there is', { issuedAtMs: Number.MAX_SAFE_INTEGER }),
    resumption('another certificate', { channelBinding: repeat('bc', 32) }),
    resumption('another session', { session: repeat('ff', 16) }),
  ];
}
