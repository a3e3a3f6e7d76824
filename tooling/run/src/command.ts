import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { basename, delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the repository. */
export const ROOT: string = fileURLToPath(new URL('../../..', import.meta.url));

/** A program and its arguments. */
export type Command = readonly [program: string, ...args: string[]];

/** What a command printed, and how it ended. */
export interface Outcome {
  /** 128 and the number of the signal where one ended it, as shells have it. */
  readonly exitCode: number;
  /** Standard output and standard error, as they came. */
  readonly output: string;
}

/** Runs a command in the root and keeps what it prints. It never throws: what cannot be started has ended with 127. */
export function run(command: Command, signal?: AbortSignal): Promise<Outcome> {
  const [program, ...args] = command;
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: ROOT,
      // What is kept may be printed into a log: no colours, whatever this terminal can do.
      env: { ...environment(), NO_COLOR: '1', FORCE_COLOR: undefined },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(signal === undefined ? {} : { signal }),
    });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    const printed = (): string => Buffer.concat(chunks).toString('utf8');
    child.once('error', (error) => resolve({ exitCode: 127, output: `${printed()}${error.message}\n` }));
    child.once('close', (code, endedBy) =>
      resolve({ exitCode: exitCodeOf(code, endedBy), output: printed() }),
    );
  });
}

const leaveItToTheChild = (): void => undefined;

/**
 * Runs a command in the root that takes over this terminal, and gives its exit code. Signals are its business:
 * those that the terminal does not send to it by itself are passed on.
 */
export function runInForeground(command: Command): Promise<number> {
  const [program, ...args] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: ROOT, env: environment(), stdio: 'inherit' });
    const terminate = (): void => void child.kill('SIGTERM');
    process.on('SIGTERM', terminate);
    process.on('SIGINT', leaveItToTheChild);
    child.once('error', reject);
    child.once('close', (code, endedBy) => {
      process.off('SIGTERM', terminate);
      process.off('SIGINT', leaveItToTheChild);
      resolve(exitCodeOf(code, endedBy));
    });
  });
}

function exitCodeOf(code: number | null, endedBy: NodeJS.Signals | null): number {
  if (code !== null) return code;
  return endedBy === null ? 1 : 128 + constants.signals[endedBy];
}

/** The tools of the lockfile come first, its Node among them; nobody reports to anybody. */
function environment(): NodeJS.ProcessEnv {
  const tools = join(ROOT, 'node_modules', '.bin');
  return {
    ...process.env,
    PATH: `${tools}${delimiter}${process.env['PATH'] ?? ''}`,
    TURBO_TELEMETRY_DISABLED: '1',
    DO_NOT_TRACK: '1',
  };
}

/** pnpm, as the one that runs this script, or else as it would be fetched. */
export function pnpm(...args: string[]): Command {
  const parent = process.env['npm_execpath'];
  if (parent === undefined || !basename(parent).startsWith('pnpm')) return ['npx', '-y', 'pnpm@12', ...args];
  return /\.[cm]?js$/.test(parent) ? [process.execPath, parent, ...args] : [parent, ...args];
}

/**
 * The build of some packages, or of all. turbo looks for the package manager on the `PATH`, so pnpm starts it; what
 * does not depend on a package that failed is built all the same.
 */
export function turboBuild(...filters: string[]): Command {
  const options = ['--output-logs=errors-only', '--continue=dependencies-successful'];
  return pnpm('exec', 'turbo', 'run', 'build', ...options, ...filters.map((name) => `--filter=${name}`));
}
