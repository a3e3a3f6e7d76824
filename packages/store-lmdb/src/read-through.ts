import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { storeError } from '@rta/store';
import type { EnvironmentPlace } from './environment.ts';

/**
 * Reads all of a file once, in a process of its own: LMDB ends the process that comes upon a page that is none.
 *
 * @throws RtaError `RTA_STORE_MALFORMED` where something cannot be read.
 */
export async function readThrough({ file, mapBytes }: EnvironmentPlace): Promise<void> {
  // A source runs as it is; a package runs what was compiled of it.
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const program = fileURLToPath(new URL(`./read-through-process.${extension}`, import.meta.url));
  const reader = spawn(process.execPath, [program, file, `${mapBytes}`], { stdio: 'ignore' });
  const [code] = (await once(reader, 'exit')) as [number | null];
  if (code !== 0) throw storeError('RTA_STORE_MALFORMED', 'the file was cut, and what is missing was in use');
}
