import { type Clock, systemClock } from '@rta/core';
import { encodeWrites, type Store } from '@rta/store';
import type { RedisAddress } from './address.ts';
import type { Vouched } from './examination.ts';
import { openLedger } from './ledger.ts';
import { type RedisStoreLimits, resolveRedisLimits } from './limits.ts';
import { keyNames } from './names.ts';
import { createRedisAudit } from './redis-audit.ts';
import { createRedisRecords, writeRecords } from './redis-records.ts';
import { createRedisSingleUse } from './redis-single-use.ts';

/** Options of {@link openRedisStore}. */
export interface RedisStoreOptions extends RedisAddress {
  /** The name of this node, which no other has at the same time: it has its own audit log, and its own account. */
  readonly node: string;
  /** What the names of all keys begin with: stores with the same prefix are one. `rta` by default. */
  readonly keyPrefix?: string;
  /** Says when keys and records expire, and times calls. The machine's by default. */
  readonly clock?: Clock;
  /** Overrides of `REDIS_STORE_LIMITS` and of `STORE_LIMITS`; positive integers. */
  readonly limits?: Partial<RedisStoreLimits>;
  /** Opens, and connects again, only where `features.durable` is true. */
  readonly requireDurable?: boolean;
  /** Replicas that must have a write before it is acknowledged; 0 by default. */
  readonly waitReplicas?: number;
  /** What is true of a Redis that does not answer INFO or CONFIG. */
  readonly vouched?: Vouched;
  /** Opens though something was lost: the `lossId` of the error. Another loss has another. */
  readonly acceptLoss?: string;
}

/**
 * Opens a store in Redis, which several nodes share.
 *
 * @throws RtaError `RTA_STORE_UNAVAILABLE` where no primary answers; `RTA_STORE_REFUSED` where it does not take the
 *   user; `RTA_STORE_UNSAFE` where it would lose what is kept; `RTA_STORE_LOST` where it has lost something;
 *   `RTA_STORE_MALFORMED` where the keys are of something else. TypeError and RangeError for options that are none.
 */
export async function openRedisStore(options: RedisStoreOptions): Promise<Store> {
  const { node, keyPrefix = 'rta', clock = systemClock, waitReplicas = 0 } = options;
  if (!Number.isSafeInteger(waitReplicas) || waitReplicas < 0) {
    throw new RangeError('waitReplicas must be 0 or a positive integer');
  }
  const limits = resolveRedisLimits(options.limits);
  const names = keyNames(keyPrefix, node, limits);
  const ledger = await openLedger({
    address: options,
    names,
    node,
    clock,
    limits,
    vouched: options.vouched ?? {},
    requireDurable: options.requireDurable ?? false,
    waitReplicas,
    acceptLoss: options.acceptLoss,
  });
  const parts = { ledger, names, clock, limits };
  const close = (): Promise<void> => ledger.close();
  return {
    features: { durable: ledger.durable, shared: true },
    sessions: createRedisRecords('sessions', parts),
    subjects: createRedisRecords('subjects', parts),
    approvals: createRedisRecords('approvals', parts),
    changes: createRedisRecords('changes', parts),
    cursors: createRedisRecords('cursors', parts),
    streams: createRedisRecords('streams', parts),
    outbox: createRedisRecords('outbox', parts),
    singleUse: createRedisSingleUse(parts),
    audit: createRedisAudit(parts),
    async write(writes) {
      ledger.checkOpen();
      await writeRecords(parts, encodeWrites(writes, limits));
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
