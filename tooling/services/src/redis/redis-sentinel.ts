import { setTimeout as pause } from 'node:timers/promises';
import { type RunningRedis, startRedisProcess } from './redis-process.ts';

/** A Sentinel that watches one primary. */
export interface RedisSentinel extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** The name that it knows the primary by. */
  readonly primaryName: string;
  /** Makes a primary of the replica, and resolves when the sentinel gives its address. */
  failOver(): Promise<void>;
  /** Ends it. Idempotent. */
  close(): Promise<void>;
}

const PRIMARY_NAME = 'rta-primary';

/** How often the sentinel is asked. */
const ASK_EVERY_MS = 50;

/**
 * Starts a sentinel, which does nothing by itself: it takes nobody for dead within a minute.
 *
 * @param password - of the sentinel itself.
 * @throws RtaError as `startRedis` does.
 */
export async function startRedisSentinel(primary: RunningRedis, password: string): Promise<RedisSentinel> {
  const sentinel = await startRedisProcess({
    configure: async (port) => [
      `port ${port}`,
      `requirepass ${password}`,
      `sentinel monitor ${PRIMARY_NAME} ${primary.host} ${primary.port} 1`,
      `sentinel down-after-milliseconds ${PRIMARY_NAME} 60000`,
    ],
    args: ['--sentinel'],
    ready: 'Sentinel ID is',
    password,
    authority: undefined,
  });
  const primaryPort = async (): Promise<number> => {
    const [, port] = (await sentinel.command(
      'SENTINEL',
      'GET-MASTER-ADDR-BY-NAME',
      PRIMARY_NAME,
    )) as string[];
    return Number(port);
  };
  const begin = async (): Promise<boolean> => {
    try {
      await sentinel.command('SENTINEL', 'FAILOVER', PRIMARY_NAME);
      return true;
    } catch (error) {
      // It has not heard of the replica yet.
      if (String(error).includes('NOGOODSLAVE')) return false;
      throw error;
    }
  };
  return {
    host: sentinel.host,
    port: sentinel.port,
    primaryName: PRIMARY_NAME,
    async failOver() {
      const before = await primaryPort();
      while (!(await begin())) await pause(ASK_EVERY_MS);
      while ((await primaryPort()) === before) await pause(ASK_EVERY_MS);
    },
    close: () => sentinel.close(),
    [Symbol.asyncDispose]: () => sentinel.close(),
  };
}
