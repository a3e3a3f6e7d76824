import { type ErrorTable, errorFactory } from '@rta/core';

/** Error codes of the store port; every adapter translates its own failures to these. */
export const STORE_ERRORS = {
  RTA_STORE_CLOSED: {
    summary: 'the store is closed',
    remedy: 'open another one; a closed store does not come back',
    retryable: false,
    httpStatus: 503,
  },
  RTA_STORE_FULL: {
    summary: 'the store has no room for more, and nothing was written',
    remedy: 'refuse what needed it; then give the store more room, or wait for what expires',
    retryable: true,
    httpStatus: 503,
  },
  RTA_STORE_TOO_LARGE: {
    summary: 'one key, record, batch or line is larger than the store takes',
    remedy: 'see the details for the limit; hash keys that others choose before you claim them',
    retryable: false,
    httpStatus: 413,
  },
  RTA_STORE_CONFLICT: {
    summary: 'others wrote the record again and again while it was being updated; nothing was written',
    remedy: 'try again; where it happens often, let fewer writers share one record',
    retryable: true,
    httpStatus: 503,
  },
  RTA_STORE_SEQUENCE: {
    summary: 'the audit rows do not go on from the last one',
    remedy: 'read `last()` and append from there; two writers on one log need two logs',
    retryable: false,
  },
  RTA_STORE_UNAVAILABLE: {
    summary: 'what the store keeps its state in does not answer',
    remedy:
      'look at the cause, on the machine that the store is on; what was under way is done or not, never half, so read it again',
    retryable: true,
    httpStatus: 503,
  },
  RTA_STORE_MALFORMED: {
    summary: 'what the store kept cannot be read',
    remedy: 'restore it from a copy: it was changed by something else than this store',
    retryable: false,
    httpStatus: 500,
  },
} as const satisfies ErrorTable;

/** Codes that a store throws. */
export type StoreErrorCode = keyof typeof STORE_ERRORS;

/** Makes errors of the store port; adapters use it too. */
export const storeError = errorFactory(STORE_ERRORS);
