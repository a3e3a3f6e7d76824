import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CACHE, PEERS } from './paths.ts';

const run = promisify(execFile);

/** A program and the arguments that come first. */
export type Command = readonly [program: string, ...args: string[]];

/** What a peer is made with. */
export interface Toolchain {
  /** What this machine lacks, and what to install; undefined where it has everything. */
  missing(): Promise<string | undefined>;
  /** Installs or builds the peer where that has not been done, and gives the command that starts it. */
  prepare(): Promise<Command>;
}

/** What says that a Python is recent enough and makes environments of its own. */
const PYTHON_PROBE = 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))';

/** The peers read their commands from a pipe, as Windows does not have it. */
const UNIX = 'Linux or macOS';

/** A machine may build for the first time, and for several packages at once. */
const BUILD_OPTIONS = { timeout: 600_000, maxBuffer: 16_777_216 };

/** Python: the packages of `requirements.txt`, each held to its hashes, in an environment of their own. */
export const python: Toolchain = {
  async missing() {
    if (process.platform === 'win32') return UNIX;
    const found = await findPython();
    return found === undefined
      ? 'Python 3.11 or later with venv (e.g. `apt-get install python3-venv`)'
      : undefined;
  },

  async prepare() {
    const requirements = join(PEERS, 'aioquic', 'requirements.txt');
    const digest = createHash('sha256')
      .update(await readFile(requirements))
      .digest('hex');
    const environment = join(CACHE, `python-${digest.slice(0, 16)}`);
    if (!existsSync(environment)) await installPython(requirements, environment);
    // Compiled files would be left among the sources.
    return [join(environment, 'bin', 'python'), '-B', join(PEERS, 'aioquic', 'peer.py')];
  },
};

/**
 * Installs beside, and puts the finished environment in its place in one step: one that exists is complete, and who
 * comes second at the same time finds it there.
 */
async function installPython(requirements: string, environment: string): Promise<void> {
  const found = await findPython();
  if (found === undefined) throw new Error('there is no Python to install with');
  await mkdir(CACHE, { recursive: true });
  const unfinished = await mkdtemp(join(CACHE, 'unfinished-'));
  try {
    await run(found, ['-m', 'venv', unfinished], BUILD_OPTIONS);
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
    const pinned = ['--require-hashes', '--only-binary', ':all:', '--no-deps', '-r', requirements];
    await run(join(unfinished, 'bin', 'python'), [...pip, ...pinned], BUILD_OPTIONS);
    await rename(unfinished, environment);
  } catch (error) {
    if (!existsSync(environment)) throw error;
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

async function findPython(): Promise<string | undefined> {
  for (const name of ['python3', 'python']) {
    if (await succeeds(name, ['-c', PYTHON_PROBE])) return name;
  }
  return undefined;
}

/** Rust: the crates of `Cargo.lock`. cargo itself lets one process build at a time, and builds only what changed. */
export const rust: Toolchain = {
  async missing() {
    if (process.platform === 'win32') return UNIX;
    if (!(await hasCargo())) return 'Rust 1.85 or later with cargo (e.g. by rustup)';
    // One crate is C and assembly in part.
    return (await succeeds('cc', ['--version'])) ? undefined : 'a C compiler (e.g. `apt-get install gcc`)';
  },

  async prepare() {
    const target = join(CACHE, 'cargo');
    const manifest = join(PEERS, 'quinn', 'Cargo.toml');
    const args = ['build', '--locked', '--quiet', '--manifest-path', manifest, '--target-dir', target];
    await run('cargo', args, BUILD_OPTIONS);
    return [join(target, 'debug', 'quinn-peer')];
  },
};

async function hasCargo(): Promise<boolean> {
  try {
    const { stdout } = await run('cargo', ['--version']);
    const [, minor] = /^cargo 1\.(\d+)\./.exec(stdout) ?? [];
    return Number(minor) >= 85;
  } catch {
    return false;
  }
}

async function succeeds(program: string, args: readonly string[]): Promise<boolean> {
  try {
    await run(program, args);
    return true;
  } catch {
    return false;
  }
}
