import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { keyRoles, TOKEN_LIMITS } from '@rta/token';
import { keysFileError, systemCodeOf } from './errors.ts';
import {
  keyFileName,
  parseFileName,
  parseKeyFile,
  parseRevocationFile,
  type Revocation,
  revocationFileName,
  type StoredKey,
} from './key-file.ts';
import { KEYS_FILE_LIMITS } from './limits.ts';
import { checkPrivateFolder, readPrivateFile } from './private-access.ts';

/** What a folder of keys holds at one moment. */
export interface FolderContents {
  /** Keys that were read and are not revoked, by id. */
  readonly keys: ReadonlyMap<number, StoredKey>;
  /** Revoked ids, each with what its file says of it; undefined where that cannot be read. */
  readonly revoked: ReadonlyMap<number, Revocation | undefined>;
  /** All ids that stand in names, readable or not. */
  readonly ids: ReadonlySet<number>;
  /** What is wrong; with anything in it, `keys` is not to be relied on. */
  readonly faults: readonly Error[];
}

/**
 * Reads a folder of keys. Never throws: what is wrong is among the faults, and revocations are there in any case, as
 * far as the names of the files can be read.
 */
export async function readFolder(path: string, nowMs: number): Promise<FolderContents> {
  const keys = new Map<number, StoredKey>();
  const revoked = new Map<number, Revocation | undefined>();
  const ids = new Set<number>();
  const faults: Error[] = [];
  const attempt = async (read: () => Promise<void>): Promise<void> => {
    try {
      await read();
    } catch (error) {
      faults.push(error instanceof Error ? error : new Error(String(error)));
    }
  };

  await attempt(() => checkPrivateFolder(path));
  const names = await readdir(path).catch((cause: unknown): readonly string[] => {
    if (faults.length > 0) return [];
    const message = `cannot read the folder ${path}: ${systemCodeOf(cause)}`;
    faults.push(keysFileError('RTA_KEYS_FILE_FOLDER', message, { cause }));
    return [];
  });

  const keyIds: number[] = [];
  for (const name of names) {
    const parsed = parseFileName(name);
    if (parsed.kind === 'other') continue;
    if (parsed.kind === 'wrong') {
      const message = `${join(path, name)} is neither KEYID.json nor KEYID.revoked.json`;
      faults.push(keysFileError('RTA_KEYS_FILE_MALFORMED', message));
      continue;
    }
    ids.add(parsed.keyId);
    if (parsed.kind === 'revocation') revoked.set(parsed.keyId, undefined);
    else keyIds.push(parsed.keyId);
  }

  if (names.length > KEYS_FILE_LIMITS.maxFiles) {
    const message = `${path} holds ${names.length} files, and may hold ${KEYS_FILE_LIMITS.maxFiles}`;
    faults.push(keysFileError('RTA_KEYS_FILE_LIMIT', message));
    return { keys, revoked, ids, faults };
  }

  for (const keyId of revoked.keys()) revoked.set(keyId, await readRevocation(path, keyId));
  // A key that is revoked is not even read: one that came back from a backup is none.
  for (const keyId of keyIds.filter((id) => !revoked.has(id))) {
    const file = join(path, keyFileName(keyId));
    await attempt(async () => {
      const text = await readPrivateFile(file);
      if (text !== undefined) keys.set(keyId, parseKeyFile(text, keyId, file));
    });
  }

  const { accepted } = keyRoles([...keys.values()], nowMs);
  if (accepted.length >= TOKEN_LIMITS.keysPerRingCount) {
    const message = `${path} holds ${accepted.length + 1} keys that are accepted, and may hold 8`;
    faults.push(keysFileError('RTA_KEYS_FILE_LIMIT', message));
  }
  return { keys, revoked, ids, faults };
}

/** When and why a key was revoked. The name of the file is the revocation: what stands in it adds to it, or does not. */
async function readRevocation(folder: string, keyId: number): Promise<Revocation | undefined> {
  const file = join(folder, revocationFileName(keyId));
  try {
    return parseRevocationFile((await readPrivateFile(file)) ?? '', keyId, file);
  } catch {
    return undefined;
  }
}
