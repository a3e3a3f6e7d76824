import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRtaError } from '@rta/core';
import { createFakeClock, type FakeClock } from '@rta/testkit';
import type { KeySet } from '@rta/token';
import { onTestFinished } from 'vitest';
import { KEYS_FILE_LIMITS, type KeyFolder, type KeyFolderOptions, openKeyFolder } from '../src/index.ts';

export const T0 = 1_767_225_600_000;
export const HOUR = 3_600_000;
export const DAY = 86_400_000;

/** A folder of keys in a folder of its own, and what a test does to it. */
export interface TestFolder {
  readonly path: string;
  readonly clock: FakeClock;
  readonly keys: KeyFolder;
  /** Opens the same folder as another process would. */
  open(options?: Partial<KeyFolderOptions>): KeyFolder;
  names(): Promise<readonly string[]>;
  read(name: string): Promise<Record<string, unknown>>;
  /** Writes a file for the owner alone, as it is given. */
  write(name: string, content: object | string, mode?: number): Promise<void>;
}

export async function testFolder(options: Partial<KeyFolderOptions> = {}): Promise<TestFolder> {
  const parent = await mkdtemp(join(tmpdir(), 'rta-key-folder-'));
  onTestFinished(() => rm(parent, { recursive: true }));
  const path = join(parent, 'keys');
  const clock = createFakeClock(T0);
  const open: TestFolder['open'] = (more) => {
    const folder = openKeyFolder({ path, clock, ...options, ...more });
    onTestFinished(() => folder.close());
    return folder;
  };
  return {
    path,
    clock,
    keys: open(),
    open,
    names: async () => (await readdir(path)).sort(),
    read: async (name) => JSON.parse(await readFile(join(path, name), 'utf8')) as Record<string, unknown>,
    write: (name, content, mode = 0o600) =>
      writeFile(join(path, name), typeof content === 'string' ? content : JSON.stringify(content), { mode }),
  };
}

/** The file of an HMAC key whose secret is this byte, 32 times. */
export const hmacFile = (keyId: number, byte = keyId, changes: object = {}) => ({
  keyId,
  suite: 'hmac-sha256',
  secret: Buffer.alloc(32, byte).toString('base64url'),
  createdAtMs: T0 - DAY,
  activeFromMs: T0 - DAY,
  ...changes,
});

/** Ids of the key that signs, of those that are accepted, and of those that are revoked. */
export const idsOf = ({ current, accepted, revoked }: KeySet): object => ({
  current: current.keyId,
  accepted: accepted.map(({ keyId }) => keyId),
  revoked,
});

/** What a folder tells of from here on, one after the other; time goes on until it does. */
export function changesOf(folder: KeyFolder, clock: FakeClock): { next(): Promise<object> } {
  const told: object[] = [];
  const watched = folder.watch((change) => {
    if (change.kind === 'keys') told.push(idsOf(change.keys));
    else told.push({ fault: isRtaError(change.error) ? change.error.code : String(change.error) });
  });
  onTestFinished(() => watched.close());
  return {
    async next() {
      for (;;) {
        const first = told.shift();
        if (first !== undefined) return first;
        clock.advance(KEYS_FILE_LIMITS.recheckMs);
        // Is done after what waits for its turn before it.
        await folder.list();
      }
    },
  };
}
