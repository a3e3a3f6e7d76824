import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cached } from './cache.ts';
import type { Launch } from './service.ts';

const run = promisify(execFile);

/** A mirror may be far away. */
const FETCH_OPTIONS = { timeout: 300_000, maxBuffer: 16_777_216 };

/** Whether this machine takes its programs from Debian packages. */
export function isDebian(): boolean {
  return process.platform === 'linux' && existsSync('/usr/bin/apt-get') && existsSync('/usr/bin/dpkg');
}

/**
 * A program of a Debian package, with those packages that it needs and the machine lacks: downloaded and checked by
 * apt, and unpacked into the cache. Nothing is installed, so that no service starts, and no rights are needed.
 *
 * @throws Error where apt does not find or get them.
 */
export async function debianProgram(packageName: string, program: string): Promise<Launch> {
  const folder = await cached(`${packageName}-${await releaseName()}-${process.arch}`, async (unfinished) => {
    const archives = join(unfinished, 'archives');
    const aptState = join(unfinished, 'apt');
    await mkdir(archives);
    const { names, options } = await resolve(packageName, aptState);
    await run('apt-get', [...options, 'download', ...names], { ...FETCH_OPTIONS, cwd: archives });
    for (const archive of await readdir(archives)) {
      await run('dpkg', ['-x', join(archives, archive), join(unfinished, 'root')], FETCH_OPTIONS);
    }
    await rm(archives, { recursive: true });
    await rm(aptState, { recursive: true, force: true });
  });
  const root = join(folder, 'root');
  return {
    command: [join(root, 'usr', 'bin', program)],
    environment: { LD_LIBRARY_PATH: (await libraryFolders(root)).join(':') },
  };
}

interface Resolved {
  readonly names: readonly string[];
  /** Options of apt-get with which the packages can be downloaded. */
  readonly options: readonly string[];
}

/** The packages that an installation would bring, as apt itself sees it. */
async function resolve(packageName: string, aptState: string): Promise<Resolved> {
  try {
    return await simulate(packageName, []);
  } catch {
    // The machine's lists are not there, or old. Those of the cache are our own.
    const lists = join(aptState, 'lists', 'partial');
    const archives = join(aptState, 'cache', 'archives', 'partial');
    await mkdir(lists, { recursive: true });
    await mkdir(archives, { recursive: true });
    const options = [
      '-o',
      `Dir::State::lists=${join(aptState, 'lists')}`,
      '-o',
      `Dir::Cache=${join(aptState, 'cache')}`,
    ];
    await run('apt-get', [...options, 'update'], FETCH_OPTIONS);
    return await simulate(packageName, options);
  }
}

async function simulate(packageName: string, options: readonly string[]): Promise<Resolved> {
  const args = ['install', '--simulate', '--no-install-recommends', packageName];
  const { stdout } = await run('apt-get', [...options, ...args], FETCH_OPTIONS);
  const names = [...stdout.matchAll(/^Inst (\S+)/gm)].map(([, name = '']) => name);
  if (names.length === 0) throw new Error(`apt would install nothing for ${packageName}`);
  return { names, options };
}

async function releaseName(): Promise<string> {
  const release = await readFile('/etc/os-release', 'utf8');
  const [, id = 'debian'] = /^ID="?([\w.-]+)"?$/m.exec(release) ?? [];
  const [, version = 'sid'] = /^VERSION_ID="?([\w.-]+)"?$/m.exec(release) ?? [];
  return `${id}-${version}`;
}

/** Where the libraries lie: `usr/lib/x86_64-linux-gnu` and its like. */
async function libraryFolders(root: string): Promise<readonly string[]> {
  const folders: string[] = [];
  for (const parent of [join(root, 'usr', 'lib'), join(root, 'lib')]) {
    if (!existsSync(parent)) continue;
    for (const name of await readdir(parent)) if (name.includes('-linux-')) folders.push(join(parent, name));
  }
  return folders;
}
