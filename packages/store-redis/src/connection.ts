import { Redis } from 'ioredis';
import { type HostAndPort, parseRedisUrl, type RedisAddress } from './address.ts';
import { redisStoreError } from './errors.ts';
import type { RedisStoreLimits } from './limits.ts';
import { replyCode, translated } from './reply-error.ts';
import type { Script } from './scripts/script.ts';

/** What can be sent to Redis. */
export type Argument = string | number;

/** One connection to Redis. It does not come back by itself, and sends nothing twice. */
export interface Connection {
  /** @throws RtaError of the port, or of this package. */
  send(name: string, ...args: readonly Argument[]): Promise<unknown>;
  /** Runs a script. @throws as `send` does. */
  run(script: Script, keys: readonly string[], args: readonly Argument[]): Promise<unknown>;
  /**
   * Waits for replicas to have everything that was written over this connection so far.
   *
   * @returns how many have it.
   */
  awaitReplicas(count: number): Promise<number>;
  /** Resolves when the connection has ended, for whatever reason. */
  readonly ended: Promise<void>;
  /** Ends it at once; what waits for an answer fails. */
  disconnect(): void;
}

/**
 * Connects, as the user of the URL.
 *
 * @param instead - of the host of the URL.
 * @param signal - ends the connection, whatever has become of it.
 * @throws RtaError `RTA_STORE_UNAVAILABLE`, `RTA_STORE_REFUSED`. TypeError for a URL that is none.
 */
export async function dialRedis(
  address: RedisAddress,
  instead: HostAndPort | undefined,
  limits: RedisStoreLimits,
  signal: AbortSignal,
): Promise<Connection> {
  const { username, password, database } = parseRedisUrl(address.url);
  const client = createClient(address, instead, limits);
  signal.addEventListener('abort', () => client.disconnect(), { once: true });
  let complaint: unknown;
  client.on('error', (error: unknown) => {
    complaint = error;
  });
  try {
    await client.connect();
  } catch (error) {
    client.disconnect();
    throw translated(complaint ?? error);
  }
  const connection = overClient(client, limits);
  try {
    if (password !== undefined) await authenticate(connection, username, password);
    if (database !== 0) await connection.send('SELECT', database);
    return connection;
  } catch (error) {
    connection.disconnect();
    throw error;
  }
}

function createClient(
  { url, tls, sentinels }: RedisAddress,
  instead: HostAndPort | undefined,
  limits: RedisStoreLimits,
): Redis {
  const { host, port, isTls } = parseRedisUrl(url);
  const tlsOptions = {
    ...(tls?.authority === undefined ? {} : { ca: tls.authority }),
    ...(tls?.certificate === undefined ? {} : { cert: tls.certificate }),
    ...(tls?.privateKey === undefined ? {} : { key: tls.privateKey }),
  };
  return new Redis({
    ...(sentinels === undefined || instead !== undefined
      ? { host, port, ...instead }
      : {
          name: host,
          sentinels: sentinels.addresses.map((one) => ({ ...one })),
          sentinelRetryStrategy: () => null,
          ...(sentinels.password === undefined ? {} : { sentinelPassword: sentinels.password }),
        }),
    ...(isTls ? { tls: tlsOptions } : {}),
    connectTimeout: limits.connectTimeoutMs,
    // Who is taken for gone is not waited for.
    disconnectTimeout: 100,
    protocol: 2,
    lazyConnect: true,
    disableClientInfo: true,
    // The link connects again, after it has looked at what it is connected to. A write is never sent twice.
    retryStrategy: () => null,
    enableReadyCheck: false,
    enableOfflineQueue: false,
    maxRetriesPerRequest: null,
  });
}

async function authenticate(
  connection: Connection,
  username: string | undefined,
  password: string,
): Promise<void> {
  try {
    await connection.send('AUTH', ...(username === undefined ? [] : [username]), password);
  } catch (error) {
    const { details } = translated(error);
    // Also where Redis has no password: who gives one counts on its being checked.
    if (typeof details['reply'] === 'string')
      throw redisStoreError('RTA_STORE_REFUSED', undefined, { details });
    throw error;
  }
}

function overClient(client: Redis, limits: RedisStoreLimits): Connection {
  const ended = new Promise<void>((resolve) => {
    client.once('end', resolve);
  });

  const call = async (name: string, args: readonly Argument[]): Promise<unknown> => {
    try {
      return await client.call(name, [...args]);
    } catch (error) {
      // A primary no more, or not of these keys: whoever is one now is found by connecting anew.
      if (['READONLY', 'MOVED'].includes(replyCode(error) ?? '')) client.disconnect();
      throw error;
    }
  };

  const send = async (name: string, ...args: readonly Argument[]): Promise<unknown> => {
    try {
      return await call(name, args);
    } catch (error) {
      throw translated(error);
    }
  };

  // Redis keeps a connection waiting while it counts replicas, so that one question answers all who ask meanwhile.
  let asking: Promise<number> | undefined;
  let next: Promise<number> | undefined;
  const ask = (count: number): Promise<number> => {
    const asked = send('WAIT', count, limits.replicaTimeoutMs).then(Number);
    asking = asked;
    return asked.finally(() => {
      if (asking === asked) asking = undefined;
    });
  };

  return {
    send,
    async run(script, keys, args) {
      const rest = [keys.length, ...keys, ...args];
      try {
        return await call('EVALSHA', [script.sha, ...rest]);
      } catch (error) {
        if (replyCode(error) !== 'NOSCRIPT') throw translated(error);
        return send('EVAL', script.text, ...rest);
      }
    },
    awaitReplicas(count) {
      if (asking === undefined) return ask(count);
      // The question that is under way may have been asked before the write.
      next ??= asking
        .catch(() => 0)
        .then(() => {
          next = undefined;
          return ask(count);
        });
      return next;
    },
    ended,
    disconnect: () => client.disconnect(),
  };
}
