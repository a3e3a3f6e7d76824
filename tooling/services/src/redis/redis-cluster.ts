import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '../free-port.ts';
import type { RunningRedis } from './redis-process.ts';
import { startRedis } from './redis-server.ts';

/** A cluster of two primaries. */
export interface RedisCluster extends AsyncDisposable {
  /** Has the slots 0 to 8191. */
  readonly lower: RunningRedis;
  /** Has the slots 8192 to 16383. */
  readonly upper: RunningRedis;
  /** Ends both and deletes their files. Idempotent. */
  close(): Promise<void>;
}

/** How often the two are asked whether they know of each other. */
const ASK_EVERY_MS = 20;

/**
 * Starts a cluster of two primaries that share the slots, without replicas.
 *
 * @throws RtaError as `startRedis` does.
 */
export async function startRedisCluster(): Promise<RedisCluster> {
  const servers: RunningRedis[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.close()));
  };
  const startOne = async (slots: readonly [from: number, to: number]) => {
    const busPort = await freePort();
    const config = { 'cluster-enabled': 'yes', 'cluster-port': String(busPort) };
    const server = await startRedis({ config });
    servers.push(server);
    await server.command('CLUSTER', 'ADDSLOTSRANGE', ...slots);
    return { server, busPort };
  };
  try {
    const { server: lower } = await startOne([0, 8_191]);
    const { server: upper, busPort } = await startOne([8_192, 16_383]);
    await lower.command('CLUSTER', 'MEET', upper.host, upper.port, busPort);
    for (const server of servers) await inOrder(server);
    return { lower, upper, close, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Waits until a server knows who has which slot. */
async function inOrder(server: RunningRedis): Promise<void> {
  while (!String(await server.command('CLUSTER', 'INFO')).includes('cluster_state:ok')) {
    await pause(ASK_EVERY_MS);
  }
}
