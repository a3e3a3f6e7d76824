import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { debianProgram, isDebian } from '../debian.ts';
import type { Launch, Obtained, Service } from '../service.ts';

const run = promisify(execFile);

const INSTALL = 'e.g. `apt-get install redis-server`, `brew install redis`, or name one in RTA_REDIS_SERVER';

/** Redis: the program that the environment names, the one on the `PATH`, or else fetched from the packages of Debian and its like. */
export const redis: Service = {
  name: 'redis-server',
  async obtain(): Promise<Obtained> {
    if (process.platform === 'win32') return missing('there is no Redis for Windows');
    const named = process.env['RTA_REDIS_SERVER'];
    if (named !== undefined) {
      const launch = plain(named);
      return (await works(launch)) ? { available: true, launch } : missing('RTA_REDIS_SERVER does not start');
    }
    const installed = plain('redis-server');
    if (await works(installed)) return { available: true, launch: installed };
    if (!isDebian()) return missing('it is not on the PATH');
    try {
      const launch = await debianProgram('redis-server', 'redis-server');
      return (await works(launch)) ? { available: true, launch } : missing('the fetched one does not start');
    } catch {
      return missing('it is not on the PATH, and apt does not get it');
    }
  },
};

function plain(program: string): Launch {
  return { command: [program], environment: {} };
}

function missing(because: string): Obtained {
  return { available: false, because, install: INSTALL };
}

async function works({ command: [program, ...args], environment }: Launch): Promise<boolean> {
  try {
    const env = { ...process.env, ...environment };
    const { stdout } = await run(program, [...args, '--version'], { env });
    return /^(Redis|Valkey) server v=/.test(stdout);
  } catch {
    return false;
  }
}
