import { AUTHORITY_ERRORS } from '@rta/authority';
import { CORE_ERRORS, isRtaError, type RtaError } from '@rta/core';
import { IDP_ERRORS } from '@rta/idp';
import { fitText, type Messages } from '@rta/protocol';
import { reportFault } from '../diagnostics.ts';
import { SERVER_ERRORS, serverError } from '../errors.ts';

/** Errors that are about a request. Those of stores and brokers are about this node, and nobody else's business. */
const ABOUT_REQUESTS = { ...CORE_ERRORS, ...IDP_ERRORS, ...AUTHORITY_ERRORS, ...SERVER_ERRORS };

/**
 * An error as a peer may see it: one about its request as it is, any other as a fault of the node, which is reported
 * here.
 *
 * @see docs/spec/protocol.md P-8.4
 */
function publicError(error: unknown): RtaError {
  if (isRtaError(error) && Object.hasOwn(ABOUT_REQUESTS, error.code)) return error;
  reportFault('connection', error);
  return serverError('RTA_SERVER_INTERNAL');
}

/** The same as the members of ERROR. */
export function errorMessage(error: unknown): Messages['error'] {
  const { code, message, retryable } = publicError(error);
  return { code, message: fitText(message), retryable };
}
