import { type ErrorTable, errorFactory } from '@rta/core';

/** Error codes of `@rta/audit`. */
export const AUDIT_ERRORS = {
  RTA_AUDIT_RECORD: {
    summary: 'a line of the log is no audit record',
    remedy: 'verify the log: a line that the node wrote is always one',
    retryable: false,
  },
  RTA_AUDIT_KEYS: {
    summary: 'a set of audit keys cannot be used',
    remedy: 'pass the `audit.pub` of the node, a JWK Set of Ed25519 keys, as it was written',
    retryable: false,
  },
  RTA_AUDIT_QUERY_LIMIT: {
    summary: 'the log holds more sessions than a query by session follows',
    remedy: 'ask for a shorter time',
    retryable: false,
  },
} as const satisfies ErrorTable;

/** Codes that `@rta/audit` throws. */
export type AuditErrorCode = keyof typeof AUDIT_ERRORS;

export const auditError = errorFactory(AUDIT_ERRORS);
