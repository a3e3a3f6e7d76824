export type { AuditLog, AuditRow, Records, SingleUseKeys, Store, StoreFeatures } from './store.ts';
