import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A `rta-server` in a process of its own. */
export interface ServerProcess extends AsyncDisposable {
  readonly httpPort: number;
  readonly agentsPort: number;
}

const SERVER_MAIN = fileURLToPath(new URL('../../rta-server/dist/main.js', import.meta.url));

/**
 * Starts `rta-server start --config FILE` and waits until it listens.
 *
 * @throws Error with what the server wrote where it ends before that.
 */
export async function startServerProcess(configFile: string): Promise<ServerProcess> {
  const child = spawn(process.execPath, [SERVER_MAIN, 'start', '--config', configFile], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const complaints: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => complaints.push(text));

  const ports = await Promise.race([
    portsOf(child),
    once(child, 'exit').then(([code]) => {
      throw new Error(`rta-server ended with ${String(code)}: ${complaints.join('')}`);
    }),
  ]);
  return {
    ...ports,
    async [Symbol.asyncDispose]() {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** The server tells its ports in the log line `started`. */
async function portsOf(child: ChildProcess): Promise<{ httpPort: number; agentsPort: number }> {
  if (child.stdout === null) throw new Error('rta-server has no output');
  const lines = createInterface({ input: child.stdout });
  return new Promise((resolve) => {
    lines.on('line', (line) => {
      const entry = JSON.parse(line) as { msg?: string; httpPort?: number; agentsPort?: number };
      const { msg, httpPort, agentsPort } = entry;
      if (msg === 'started' && httpPort !== undefined && agentsPort !== undefined) {
        resolve({ httpPort, agentsPort });
      }
    });
  });
}
