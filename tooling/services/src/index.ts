export { SERVICES_ERRORS, type ServicesErrorCode } from './errors.ts';
export { redis } from './redis/redis.ts';
export { type RedisCluster, startRedisCluster } from './redis/redis-cluster.ts';
export { type RedisPair, startRedisPair } from './redis/redis-pair.ts';
export type { RunningRedis } from './redis/redis-process.ts';
export { type RedisSentinel, startRedisSentinel } from './redis/redis-sentinel.ts';
export { type RedisOptions, startRedis } from './redis/redis-server.ts';
export type { Launch, Obtained, Service } from './service.ts';
export { describeWith } from './suite.ts';
