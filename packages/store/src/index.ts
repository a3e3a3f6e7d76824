export type { AuditRow } from '@rta/audit';
export { checkAuditRows } from './audit-rows.ts';
export { STORE_ERRORS, type StoreErrorCode, storeError } from './errors.ts';
export { checkExpiry, checkKey } from './key.ts';
export { resolveLimits, STORE_LIMITS, type StoreLimits } from './limits.ts';
export { createMemoryStore, type MemoryStoreOptions } from './memory-store.ts';
export {
  decodeRecord,
  type EncodedRecord,
  type EncodedWrite,
  encodeRecord,
  encodeWrites,
} from './record-text.ts';
export {
  type AuditLog,
  COLLECTION_NAMES,
  type CollectionName,
  type Records,
  type RecordUpdate,
  type RecordWrite,
  type SingleUseKeys,
  type Store,
  type StoreFeatures,
} from './store.ts';
