import { STORE_LIMITS, type StoreLimits } from '@rta/store';

/**
 * Limits of a store in Redis, beside those of the port (invariant I9). The bytes of all records together are bounded
 * by `maxmemory` of Redis.
 */
export const REDIS_STORE_LIMITS = {
  /** Records in one collection, those that have expired and were not yet removed included. */
  recordCount: 1_000_000,
  /** Single-use keys: at about 150 bytes each, 1.5 GB. */
  singleUseCount: 10_000_000,
  /** Audit rows of one node. The log never forgets one, so it fills up: see the README for a log in a file. */
  auditCount: 10_000_000,
  /** Calls at once, in Redis or waiting for a connection; one more fails. */
  callCount: 10_000,
  /** Characters of all calls at once: keys, records and lines, which wait in memory until Redis has taken them. */
  callCharacters: 67_108_864,
  /** A call fails after this, and a Redis that has not answered by then is taken for gone. */
  commandTimeoutMs: 5_000,
  /**
   * Replicas have this long to have a write, where `waitReplicas` asks for it; other calls wait meanwhile. Two such times
   * must fit into `commandTimeoutMs`.
   */
  replicaTimeoutMs: 1_000,
  /** Connecting, TLS included, has this long. */
  connectTimeoutMs: 5_000,
  /** Nodes of a cluster that are asked where the keys are, one after the other. */
  moveCount: 5,
  /** The first pause between attempts to connect again; it doubles with each. */
  minReconnectMs: 50,
  /** The longest pause between attempts to connect again. */
  maxReconnectMs: 2_000,
  /** By how much clocks of nodes may differ: an expired key is removed this much later, by any clock. */
  clockToleranceMs: 60_000,
  /** Records or audit rows that are read in one go. */
  pageCount: 128,
  /** Characters of a key prefix and of the name of a node. */
  nameCharacters: 128,
} as const;

/** A value for each limit of a store in Redis. */
export type RedisStoreLimits = Omit<StoreLimits, 'recordsBytes' | 'auditBytes'> & {
  readonly [Name in keyof typeof REDIS_STORE_LIMITS]: number;
};

/** @throws RangeError for a limit that is not a positive integer. */
export function resolveRedisLimits(overrides: Partial<RedisStoreLimits> = {}): RedisStoreLimits {
  const limits: RedisStoreLimits = { ...STORE_LIMITS, ...REDIS_STORE_LIMITS, ...overrides };
  for (const [name, value] of Object.entries(limits)) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new RangeError(`limit ${name} must be a positive integer`);
    }
  }
  return limits;
}
