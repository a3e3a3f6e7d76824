import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Launch } from './service.ts';

/** The end of what a server wrote is shown where it does not start. */
const COMPLAINT_CHARACTERS = 4_096;

/** Reads until the owner is gone, then ends the process and deletes its folder. */
const GUARD = 'while read -r _; do :; done; kill -9 "$1"; rm -rf -- "$2"';

/** A server's process, which does not outlive the process that started it, however that ends. */
export interface OwnedProcess {
  /** Resolves when the process writes this to standard output. Rejects where it ends first. */
  wrote(text: string): Promise<void>;
  /** Sends the signal and waits for the end. Idempotent. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** The end of what it wrote. */
  said(): string;
}

/** Starts a process that owns a folder: where this process is killed, both go. */
export function startOwned(launch: Launch, args: readonly string[], folder: string): OwnedProcess {
  const [program, ...first] = launch.command;
  const child: ChildProcess = spawn(program, [...first, ...args], {
    cwd: folder,
    env: { ...process.env, ...launch.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let ended = false;
  const watchers = new Set<() => void>();
  const changed = (): void => {
    for (const watcher of watchers) watcher();
  };
  const take = (text: string): void => {
    output = (output + text).slice(-COMPLAINT_CHARACTERS);
    changed();
  };
  child.stdout?.setEncoding('utf8').on('data', take);
  child.stderr?.setEncoding('utf8').on('data', take);
  const guard =
    child.pid === undefined
      ? undefined
      : spawn('sh', ['-c', GUARD, 'guard', String(child.pid), folder], {
          cwd: '/',
          stdio: ['pipe', 'ignore', 'ignore'],
        });
  // The guard may end before its input does.
  guard?.stdin?.on('error', () => undefined);
  const finish = (): void => {
    ended = true;
    guard?.kill('SIGKILL');
    changed();
  };
  child.once('exit', finish);
  child.once('error', (error) => {
    take(error.message);
    finish();
  });

  return {
    wrote(text) {
      return new Promise((resolve, reject) => {
        const look = (): void => {
          if (output.includes(text)) resolve();
          else if (ended) reject(new Error(output));
          else return;
          watchers.delete(look);
        };
        watchers.add(look);
        look();
      });
    },
    async end(signal) {
      if (ended) return;
      const exit = once(child, 'exit');
      child.kill(signal);
      await exit;
    },
    said: () => output,
  };
}
