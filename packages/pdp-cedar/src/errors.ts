import { type ErrorTable, errorFactory } from '@rta/core';

/**
 * Error codes of `@rta/pdp-cedar`. Those of policies are thrown when they are loaded; those of requests stand in the
 * `failure` of a denial.
 */
export const PDP_CEDAR_ERRORS = {
  RTA_PDP_CEDAR_SOURCE: {
    summary: 'the files of policies cannot be read',
    remedy: 'check that the folder exists, may be read, and holds *.cedar files in UTF-8',
    retryable: true,
  },
  RTA_PDP_CEDAR_LIMIT: {
    summary: 'the policies are more than the limit',
    remedy: 'split or shorten what the message names; docs/limits.md has the limits',
    retryable: false,
  },
  RTA_PDP_CEDAR_POLICY: {
    summary: 'a policy is not valid Cedar',
    remedy: 'correct the policy at the file, line and column that the message names',
    retryable: false,
  },
  RTA_PDP_CEDAR_DUPLICATE: {
    summary: 'two policies have the same id',
    remedy: 'give each policy of a file an @id of its own',
    retryable: false,
  },
  RTA_PDP_CEDAR_SCHEMA: {
    summary: 'the schema is not valid Cedar',
    remedy: 'correct the schema at the file, line and column that the message names',
    retryable: false,
  },
  RTA_PDP_CEDAR_VALIDATION: {
    summary: 'a policy does not agree with the schema',
    remedy: 'correct the policy at the file, line and column that the message names, or the schema',
    retryable: false,
  },
  RTA_PDP_CEDAR_REQUEST: {
    summary: 'the request cannot be put to Cedar',
    remedy: 'send what the schema declares; the README of @rta/pdp-cedar says how requests are mapped',
    retryable: false,
    httpStatus: 400,
  },
  RTA_PDP_CEDAR_EVALUATION: {
    summary: 'a policy could not be evaluated for the request',
    remedy:
      'test with `has` before reading what may be absent; a schema finds such policies when they are loaded',
    retryable: false,
  },
  RTA_PDP_CEDAR_ENGINE: {
    summary: 'the Cedar engine failed, and may not answer again in this process',
    remedy: 'restart the process, and report the policy that was loaded or evaluated last',
    retryable: false,
    httpStatus: 503,
  },
  RTA_PDP_CEDAR_CLOSED: {
    summary: 'the Cedar PDP is closed',
    remedy: 'open another one; a closed one loads nothing',
    retryable: false,
    httpStatus: 503,
  },
} as const satisfies ErrorTable;

/** Codes of `@rta/pdp-cedar`. */
export type PdpCedarErrorCode = keyof typeof PDP_CEDAR_ERRORS;

export const pdpCedarError = errorFactory(PDP_CEDAR_ERRORS);
