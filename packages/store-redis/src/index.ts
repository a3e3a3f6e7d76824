export type { RedisAddress } from './address.ts';
export type { RedisStoreDiagnostic } from './diagnostics.ts';
export { REDIS_STORE_ERRORS, type RedisStoreErrorCode } from './errors.ts';
export type { Vouched } from './examination.ts';
export { REDIS_STORE_LIMITS, type RedisStoreLimits } from './limits.ts';
export { openRedisStore, type RedisStoreOptions } from './redis-store.ts';
