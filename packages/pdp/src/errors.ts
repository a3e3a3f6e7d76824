import type { ErrorTable } from '@rta/core';

/**
 * Error codes of the PDP port. An outcome is never thrown: these stand in {@link Decision.failure}, and in what
 * `health` tells.
 */
export const PDP_ERRORS = {
  RTA_PDP_CLOSED: {
    summary: 'the PDP is closed',
    remedy: 'ask a PDP that is open; this one was closed by its owner',
    retryable: false,
    httpStatus: 503,
  },
  RTA_PDP_TIMEOUT: {
    summary: 'the PDP did not answer in time',
    remedy: 'look at the load and the network of the PDP, or allow it more time',
    retryable: true,
    httpStatus: 503,
  },
  RTA_PDP_THREW: {
    summary: 'the PDP threw an error where it owed an answer',
    remedy: 'repair the adapter: a failure is a denial with a cause; its contract suite finds this',
    retryable: true,
    httpStatus: 503,
  },
  RTA_PDP_ANSWER: {
    summary: 'the answer of the PDP is not a decision',
    remedy: 'repair the adapter, or look at what stands between it and its PDP',
    retryable: true,
    httpStatus: 503,
  },
  RTA_PDP_RULE: {
    summary: 'a rule of the static PDP threw an error',
    remedy: 'let the rule test for what it reads',
    retryable: false,
  },
} as const satisfies ErrorTable;

/** Codes of failed decisions that every PDP shares. */
export type PdpErrorCode = keyof typeof PDP_ERRORS;
