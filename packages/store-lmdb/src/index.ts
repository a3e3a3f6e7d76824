export { LMDB_ERRORS, type LmdbErrorCode } from './errors.ts';
export { LMDB_LIMITS, type LmdbLimits } from './limits.ts';
export { type LmdbStoreOptions, openLmdbStore } from './lmdb-store.ts';
