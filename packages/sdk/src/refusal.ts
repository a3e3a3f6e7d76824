import { isRtaError } from '@rta/core';
import type { Messages } from '@rta/protocol';
import { sdkError } from './errors.ts';

/** What a server's ERROR frame says, as an error of the SDK. */
export function refusal({ code, message, retryable }: Messages['error']): Error {
  return sdkError('RTA_SDK_REFUSED', `${code}: ${message}`, {
    details: { serverCode: code, retryable },
  });
}

/** The server's code where the server refused; undefined for every other error. */
export function serverCodeOf(error: unknown): string | undefined {
  if (!isRtaError(error, 'RTA_SDK_REFUSED')) return undefined;
  const { serverCode } = error.details;
  return typeof serverCode === 'string' ? serverCode : undefined;
}
