import { isRtaError } from '@rta/core';

/** The code of the RtaError that a call throws; any other error as text; `none` where it returns. */
export function codeOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    return isRtaError(error) ? error.code : String(error);
  }
  return 'none';
}
