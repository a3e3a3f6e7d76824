import { type ErrorTable, errorFactory } from './errors.ts';

/** Error codes of `@rta/core`. */
export const CORE_ERRORS = {
  RTA_CORE_NOT_CANONICAL: {
    summary: 'the value cannot be written as RFC 8785 canonical JSON',
    remedy: 'use only null, booleans, finite numbers, well-formed strings, arrays and plain objects',
    retryable: false,
    httpStatus: 400,
  },
  RTA_CORE_BASE64URL: {
    summary: 'the text is not base64url without padding',
    remedy: 'encode the bytes with the base64url alphabet of RFC 4648 §5 and leave the padding out',
    retryable: false,
    httpStatus: 400,
  },
  RTA_CORE_SESSION_ID: {
    summary: 'the value is not a session id',
    remedy: 'pass 16 bytes, or their 22 base64url characters',
    retryable: false,
    httpStatus: 400,
  },
} as const satisfies ErrorTable;

/** Codes that `@rta/core` throws. */
export type CoreErrorCode = keyof typeof CORE_ERRORS;

export const coreError = errorFactory(CORE_ERRORS);
