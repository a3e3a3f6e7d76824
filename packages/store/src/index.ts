export { STORE_ERRORS, type StoreErrorCode, storeError } from './errors.ts';
export { STORE_LIMITS, type StoreLimits } from './limits.ts';
export { createMemoryStore, type MemoryStoreOptions } from './memory-store.ts';
export type { AuditLog, AuditRow, Records, SingleUseKeys, Store, StoreFeatures } from './store.ts';
