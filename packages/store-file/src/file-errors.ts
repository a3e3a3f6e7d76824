import { storeError } from '@rta/store';

/** What the file system says, in the words of the port. */
export function translated(error: unknown): Error {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  const isFull = code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG';
  return storeError(isFull ? 'RTA_STORE_FULL' : 'RTA_STORE_UNAVAILABLE', `the audit file: ${code}`, {
    cause: error,
  });
}

/** Makes a call to the file system, and translates what it throws. */
export async function withCode<Value>(call: () => Promise<Value>): Promise<Value> {
  try {
    return await call();
  } catch (error) {
    throw translated(error);
  }
}
