import { constants } from 'node:os';
import { type ErrorTable, errorFactory, isRtaError } from '@rta/core';
import { storeError } from '@rta/store';

/** Error codes of opening a store in LMDB; what happens later has the codes of the port. */
export const LMDB_ERRORS = {
  RTA_LMDB_LOCKED: {
    summary: 'the store is open already, in this process or in another one',
    remedy: 'stop the other one, or give this one a folder of its own; several nodes share a Redis',
    retryable: true,
  },
  RTA_LMDB_SCHEMA: {
    summary: 'the store was written by another version, or by another program',
    remedy: 'open it with the version that wrote it; the details say which schema was found',
    retryable: false,
  },
  RTA_LMDB_EXPOSED: {
    summary: 'the folder of the store, or a file in it, is open to other users of the machine',
    remedy: 'chmod the folder to 700 and its files to 600, after a look at who could have changed them',
    retryable: false,
  },
} as const satisfies ErrorTable;

/** Codes that opening a store in LMDB throws. */
export type LmdbErrorCode = keyof typeof LMDB_ERRORS;

/** Makes errors of this package. */
export const lmdbError = errorFactory(LMDB_ERRORS);

const { ENOSPC, EDQUOT, EFBIG } = constants.errno;
/** `MDB_MAP_FULL` and the errors of the operating system that say that there is no room. */
const FULL: readonly unknown[] = [-30_792, ENOSPC, EDQUOT, EFBIG, 'ENOSPC', 'EDQUOT', 'EFBIG'];
/** `MDB_PAGE_NOTFOUND`, `MDB_CORRUPTED`, `MDB_VERSION_MISMATCH`, `MDB_INVALID`. */
const DAMAGED: readonly unknown[] = [-30_797, -30_796, -30_794, -30_793];

/** What LMDB or the file system said, in the words of the port. */
export function translated(error: unknown): Error {
  if (isRtaError(error)) return error;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const details = { code: String(code) };
  if (FULL.includes(code)) return storeError('RTA_STORE_FULL', undefined, { details, cause: error });
  if (DAMAGED.includes(code)) return storeError('RTA_STORE_MALFORMED', undefined, { details, cause: error });
  return storeError('RTA_STORE_UNAVAILABLE', undefined, { details, cause: error });
}
