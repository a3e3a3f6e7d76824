import { createHmac, createSecretKey } from 'node:crypto';
import { constantTimeEqual } from '@rta/core';
import { checkHmacSecret, checkKeyId, type TokenKey } from './token-key.ts';

/** What an HMAC key is made of. */
export interface HmacKeyOptions {
  /** 0 to 2^32 − 1. */
  readonly keyId: number;
  /** 32 to 64 random bytes; copied. */
  readonly secret: Uint8Array;
}

/**
 * Creates a key of suite `hmac-sha256` on `node:crypto`. Whoever can verify with it can also sign.
 *
 * @throws RtaError `RTA_TOKEN_KEY` for a key id or a secret that cannot be used.
 * @see docs/spec/token.md T-2.2, T-3.2
 */
export function createHmacKey({ keyId, secret }: HmacKeyOptions): TokenKey {
  checkKeyId(keyId);
  checkHmacSecret(secret);
  const key = createSecretKey(secret);
  const sign = (message: Uint8Array): Uint8Array =>
    new Uint8Array(createHmac('sha256', key).update(message).digest());
  return Object.freeze({
    suite: 'hmac-sha256',
    keyId,
    sign,
    verify: (message, signature) => constantTimeEqual(sign(message), signature),
  } satisfies TokenKey);
}
