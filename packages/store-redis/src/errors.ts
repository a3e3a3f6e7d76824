import { type ErrorTable, errorFactory } from '@rta/core';

/** Error codes that only a store in Redis has; the others are those of the port. */
export const REDIS_STORE_ERRORS = {
  RTA_STORE_LOST: {
    summary: 'the store has less than it had acknowledged, and refuses everything',
    remedy:
      'stop every node, restore Redis or decide what the loss means, then open with `acceptLoss` (README)',
    retryable: false,
    httpStatus: 503,
  },
  RTA_STORE_UNSAFE: {
    summary: 'what is kept in this Redis could be lost: it is not set up for it',
    remedy:
      'see the message for the setting of Redis; where Redis does not tell, say what is true in `vouched`',
    retryable: false,
    httpStatus: 503,
  },
  RTA_STORE_REFUSED: {
    summary: 'this user may not do in Redis what the store needs',
    remedy: 'check the user name and password, and give the user the commands and keys that the README names',
    retryable: false,
    httpStatus: 503,
  },
} as const satisfies ErrorTable;

/** Codes that a store in Redis throws beside those of the port. */
export type RedisStoreErrorCode = keyof typeof REDIS_STORE_ERRORS;

/** Makes errors of this package. */
export const redisStoreError = errorFactory(REDIS_STORE_ERRORS);
