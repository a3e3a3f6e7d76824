import { isRtaError } from '@rta/core';
import { CLOSE_CODE, closeCodeOf, isProtocolErrorCode } from '@rta/protocol';
import { reportFault } from '../diagnostics.ts';

/**
 * With which code and words a connection is closed for an error that was met on it. A fault of this node is reported
 * here, and the peer learns nothing of it.
 *
 * @see docs/spec/protocol.md §8
 */
export function closeReasonOf(error: unknown): [code: number, reason: string] {
  if (isRtaError(error)) {
    if (isProtocolErrorCode(error.code)) return [closeCodeOf(error.code), error.code];
    if (error.code === 'RTA_TRANSPORT_BUFFER_FULL') return [CLOSE_CODE.slowReader, error.code];
    if (error.code === 'RTA_SERVER_OVERLOAD') return [CLOSE_CODE.limit, error.message];
  }
  reportFault('connection', error);
  return [CLOSE_CODE.internal, 'fault of the server'];
}
