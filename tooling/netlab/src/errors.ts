import { type ErrorTable, errorFactory } from '@rta/core';

/** Error codes of `@rta/netlab`. */
export const NETLAB_ERRORS = {
  RTA_NETLAB_UNAVAILABLE: {
    summary: 'this machine cannot have a loss laboratory',
    remedy: 'do what the message says is missing; `netlabAvailability` tells beforehand',
    retryable: false,
  },
  RTA_NETLAB_SETUP: {
    summary: 'the laboratory could not be set up',
    remedy: 'see the message for what the relay said: namespaces and TUN devices may be forbidden here',
    retryable: false,
  },
  RTA_NETLAB_ADDRESS: {
    summary: 'the client side cannot have its addresses changed like this',
    remedy: 'remove only what it has, keep one, and stay within `maxClientAddresses`',
    retryable: false,
  },
  RTA_NETLAB_CLOSED: {
    summary: 'the laboratory is closed',
    remedy: 'open another; where nobody closed it, the message says how its relay ended',
    retryable: false,
  },
} as const satisfies ErrorTable;

/** Codes that `@rta/netlab` throws. */
export type NetlabErrorCode = keyof typeof NETLAB_ERRORS;

/** Makes errors of the loss laboratory. */
export const netlabError = errorFactory(NETLAB_ERRORS);
