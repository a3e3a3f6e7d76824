import { type ErrorTable, errorFactory } from '@rta/core';

/**
 * Error codes of `@rta/token`. A refused token has exactly one of the codes from `RTA_TOKEN_LENGTH` to
 * `RTA_TOKEN_SIGNATURE`: the first that applies, in the order of this table (docs/spec/token.md T-4.1).
 */
export const TOKEN_ERRORS = {
  RTA_TOKEN_LENGTH: {
    summary: 'the token is neither 96 nor 128 bytes long',
    remedy: 'pass exactly one RTAToken, decoded from base64url, with nothing before or after it',
    retryable: false,
    httpStatus: 401,
  },
  RTA_TOKEN_VERSION: {
    summary: 'the token has a version that this program does not know',
    remedy: 'use tokens of version 1, or update the program that reads them',
    retryable: false,
    httpStatus: 401,
  },
  RTA_TOKEN_SUITE: {
    summary: 'the token names a suite that does not exist',
    remedy: 'use suite 1 (HMAC-SHA-256) or 2 (Ed25519)',
    retryable: false,
    httpStatus: 401,
  },
  RTA_TOKEN_SUITE_LENGTH: {
    summary: 'the length of the token is not that of its suite',
    remedy: 'pass the token unchanged: 96 bytes in suite 1, 128 bytes in suite 2',
    retryable: false,
    httpStatus: 401,
  },
  RTA_TOKEN_FLAGS: {
    summary: 'the token has flags that this program does not know',
    remedy: 'use tokens without flags, or update the program that reads them',
    retryable: false,
    httpStatus: 401,
  },
  RTA_TOKEN_ISSUED_AT: {
    summary: 'the time of issue is beyond the valid range',
    remedy: 'give UNIX milliseconds from 0 to 9007199254740991',
    retryable: false,
    httpStatus: 401,
  },
  RTA_TOKEN_KEY_UNKNOWN: {
    summary: 'no accepted key has the key id of the token',
    remedy: 'get a new token; if every token fails so, check that the verifier holds the current keys',
    retryable: false,
    httpStatus: 401,
  },
  RTA_TOKEN_SUITE_MISMATCH: {
    summary: 'the token names another suite than that of its key',
    remedy: 'get a new token; one that was issued by the holder of the key never has this fault',
    retryable: false,
    httpStatus: 401,
  },
  RTA_TOKEN_SIGNATURE: {
    summary: 'the signature does not belong to this token and key',
    remedy: 'get a new token; if every token fails so, check that both sides hold the same key',
    retryable: false,
    httpStatus: 401,
  },
  RTA_TOKEN_KEY: {
    summary: 'the key cannot be used for tokens',
    remedy: 'see the message for what was expected: key id, type and length of the key',
    retryable: false,
  },
  RTA_TOKEN_KEY_DUPLICATE: {
    summary: 'the key ring already holds a key with this id',
    remedy: 'give every key an id of its own, and never use an id again',
    retryable: false,
  },
  RTA_TOKEN_KEY_LIMIT: {
    summary: 'the key ring is full',
    remedy: 'retire keys whose tokens are all replaced',
    retryable: false,
  },
  RTA_TOKEN_KEY_CURRENT: {
    summary: 'the key that signs new tokens cannot be taken away without another one',
    remedy: 'rotate to another key first; to revoke it at once, give its successor',
    retryable: false,
  },
  RTA_TOKEN_KEY_REVOKED: {
    summary: 'the key was revoked and never comes back',
    remedy: 'make a new key with a new id',
    retryable: false,
  },
  RTA_TOKEN_ROTATION: {
    summary: 'the rotation policy would let tokens die early, or sign with keys that nodes do not accept yet',
    remedy: 'see the message for what was expected of `rotateEveryMs`, `overlapMs` and `announceMs`',
    retryable: false,
  },
} as const satisfies ErrorTable;

/** Codes that `@rta/token` throws. */
export type TokenErrorCode = keyof typeof TOKEN_ERRORS;

export const tokenError = errorFactory(TOKEN_ERRORS);
