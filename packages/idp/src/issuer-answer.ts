import type { RtaError } from '@rta/core';
import { idpError } from './errors.ts';
import type { IssuerRequest } from './json-fetcher.ts';

/** The error for an answer of an issuer that has not the status 200. */
export function answerError(issuer: string, request: IssuerRequest, status: number): RtaError {
  const details = { issuer, request, status };
  if (status === 429 || status >= 500) return idpError('RTA_IDP_UNAVAILABLE', undefined, { details });
  if (request === 'introspection' && (status === 401 || status === 403)) {
    return idpError('RTA_IDP_CLIENT_AUTH', undefined, { details });
  }
  return idpError('RTA_IDP_RESPONSE', undefined, { details });
}
