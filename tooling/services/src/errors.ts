import { type ErrorTable, errorFactory } from '@rta/core';

/** Error codes of `@rta/services`. */
export const SERVICES_ERRORS = {
  RTA_SERVICES_UNAVAILABLE: {
    summary: 'this machine has no such server, and none could be fetched',
    remedy: 'install what the message names',
    retryable: false,
  },
  RTA_SERVICES_START: {
    summary: 'the server ended instead of starting',
    remedy: 'see the message for the end of what it wrote',
    retryable: false,
  },
} as const satisfies ErrorTable;

/** Codes that `@rta/services` throws. */
export type ServicesErrorCode = keyof typeof SERVICES_ERRORS;

/** Makes errors of this package. */
export const servicesError = errorFactory(SERVICES_ERRORS);
