import type { RunningRedis } from './redis-process.ts';
import { type RedisOptions, startRedis } from './redis-server.ts';

/** A primary and its replica. */
export interface RedisPair extends AsyncDisposable {
  readonly primary: RunningRedis;
  readonly replica: RunningRedis;
  /** Waits until the replica has everything that was written so far. */
  inStep(): Promise<void>;
  /** Makes a primary of the replica, which keeps what it has got so far. */
  promote(): Promise<void>;
  /** Ends both and deletes their files. Idempotent. */
  close(): Promise<void>;
}

/** How often the replica is asked whether it has caught up, and how long one question lasts. */
const SYNC_ATTEMPTS = 100;
const SYNC_WAIT_MS = 100;

/**
 * Starts two Redis servers, one of which replicates the other and has caught up.
 *
 * @throws RtaError as `startRedis` does.
 */
export async function startRedisPair(options: RedisOptions = {}): Promise<RedisPair> {
  const primary = await startRedis(options);
  let replica: RunningRedis | undefined;
  try {
    const { config = {} } = options;
    replica = await startRedis({
      ...options,
      config: { ...config, replicaof: `${primary.host} ${primary.port}` },
    });
    await inStep(primary);
  } catch (error) {
    await replica?.close();
    await primary.close();
    throw error;
  }
  const { close: closeReplica, command } = replica;
  const close = async (): Promise<void> => {
    await closeReplica();
    await primary.close();
  };
  return {
    primary,
    replica,
    inStep: () => inStep(primary),
    async promote() {
      await command('REPLICAOF', 'NO', 'ONE');
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** WAIT counts the replicas that have what this connection wrote, and so what was written before. */
async function inStep(primary: RunningRedis): Promise<void> {
  await primary.command('SET', 'rta-services:in-step', '1', 'PX', 1);
  for (let attempt = 0; attempt < SYNC_ATTEMPTS; attempt++) {
    if (Number(await primary.command('WAIT', 1, SYNC_WAIT_MS)) === 1) return;
  }
  throw new Error('the replica does not catch up');
}
