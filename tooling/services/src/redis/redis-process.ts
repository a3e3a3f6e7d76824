import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { servicesError } from '../errors.ts';
import { freePort } from '../free-port.ts';
import { type OwnedProcess, startOwned } from '../owned-process.ts';
import { redis } from './redis.ts';

/** A Redis of one's own, on the loopback interface. */
export interface RunningRedis extends AsyncDisposable {
  readonly host: string;
  /** Stays the same over restarts. */
  readonly port: number;
  /** With the password of the user `default`, where there is one. */
  readonly url: string;
  /** A command as the user `default`; its reply as ioredis gives it. */
  command(name: string, ...args: readonly (string | number)[]): Promise<unknown>;
  /** Ends it as a power failure would: SIGKILL. */
  kill(): Promise<void>;
  /** Ends it in good order. */
  stop(): Promise<void>;
  /** Starts it again with the files that it left. */
  start(): Promise<void>;
  /** Ends it in good order and starts it again. */
  restart(): Promise<void>;
  /** Ends it and deletes its files. Idempotent. */
  close(): Promise<void>;
}

/** How a process of Redis is set up. */
export interface RedisSetup {
  /** Lines of the configuration, beside its address and its folder; may put files into the folder. */
  readonly configure: (port: number, folder: string) => Promise<readonly string[]>;
  /** Arguments after the configuration. */
  readonly args: readonly string[];
  /** What it writes when it is ready. */
  readonly ready: string;
  readonly password: string | undefined;
  /** PEM of the authority, where connections are by TLS. */
  readonly authority: string | undefined;
}

const HOST = '127.0.0.1';

/** Somebody else may take the port between that it was found and that it is used. */
const START_ATTEMPTS = 3;

/**
 * Starts a process of Redis with a folder of its own. It ends with the process that started it, however that ends.
 *
 * @throws RtaError `RTA_SERVICES_UNAVAILABLE` where there is none, `RTA_SERVICES_START` where it does not start.
 */
export async function startRedisProcess(setup: RedisSetup): Promise<RunningRedis> {
  const obtained = await redis.obtain();
  if (!obtained.available) {
    throw servicesError('RTA_SERVICES_UNAVAILABLE', `${obtained.because}: ${obtained.install}`);
  }
  const { launch } = obtained;
  const folder = await mkdtemp(join(tmpdir(), 'rta-redis-'));
  const file = join(folder, 'redis.conf');
  let running: OwnedProcess | undefined;
  let administrator: Redis | undefined;

  const start = async (): Promise<void> => {
    const started = startOwned(launch, [file, ...setup.args], folder);
    try {
      await started.wrote(setup.ready);
    } catch (cause) {
      throw servicesError('RTA_SERVICES_START', started.said(), { cause });
    }
    running = started;
  };

  const startOnFreePort = async (): Promise<number> => {
    for (let attempt = 1; ; attempt++) {
      const port = await freePort();
      const lines = [
        `bind ${HOST}`,
        `dir ${folder}`,
        'daemonize no',
        ...(await setup.configure(port, folder)),
      ];
      await writeFile(file, `${lines.join('\n')}\n`, { mode: 0o600 });
      try {
        await start();
        return port;
      } catch (error) {
        if (attempt === START_ATTEMPTS || !String(error).includes('in use')) throw error;
      }
    }
  };

  const end = async (signal: 'SIGTERM' | 'SIGKILL'): Promise<void> => {
    administrator?.disconnect();
    administrator = undefined;
    await running?.end(signal);
    running = undefined;
  };

  const close = async (): Promise<void> => {
    await end('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  };

  let port: number;
  try {
    port = await startOnFreePort();
  } catch (error) {
    await close();
    throw error;
  }
  const url = urlOf(port, setup);
  return {
    host: HOST,
    port,
    url,
    command(name, ...args) {
      administrator ??= connect(url, setup);
      return administrator.call(name, ...args);
    },
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
    start,
    async restart() {
      await end('SIGTERM');
      await start();
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function urlOf(port: number, { password, authority }: RedisSetup): string {
  const credentials = password === undefined ? '' : `:${encodeURIComponent(password)}@`;
  return `${authority === undefined ? 'redis' : 'rediss'}://${credentials}${HOST}:${port}`;
}

function connect(url: string, { authority }: RedisSetup): Redis {
  const client = new Redis(url, {
    retryStrategy: () => null,
    protocol: 2,
    enableReadyCheck: false,
    disableClientInfo: true,
    ...(authority === undefined ? {} : { tls: { ca: authority } }),
  });
  // What goes wrong is said by the command that it goes wrong for.
  client.on('error', () => undefined);
  return client;
}
