import { open, readFile, stat } from 'node:fs/promises';
import { fromBase64Url } from '@rta/core';
import { appError } from './errors.ts';

/**
 * Reads a file with 32 bytes as base64url.
 *
 * @throws RtaError `RTA_CONFIG_FILE`, `RTA_CONFIG_INVALID`
 */
export async function readSecretFile(file: string): Promise<Uint8Array> {
  let text: string;
  try {
    text = (await readFile(file, 'utf8')).trim();
  } catch (cause) {
    throw appError('RTA_CONFIG_FILE', `cannot read ${file}`, { cause });
  }
  try {
    const secret = fromBase64Url(text);
    if (secret.byteLength === 32) return secret;
  } catch {
    // Falls through: the text is a secret, and what is wrong with it says nothing more.
  }
  throw appError('RTA_CONFIG_INVALID', `${file} must hold 32 bytes as base64url`);
}

/**
 * Makes a file with a secret where there is none, readable by its owner only.
 *
 * @throws RtaError `RTA_CONFIG_FILE`
 */
export async function makeSecretFile(file: string, make: () => Promise<string>): Promise<void> {
  const isThere = await stat(file).then(
    () => true,
    () => false,
  );
  if (isThere) return;
  try {
    await writeDurably(file, `${await make()}\n`, 'wx', 0o600);
  } catch (cause) {
    // Another process was first.
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') return;
    throw appError('RTA_CONFIG_FILE', `cannot make ${file}`, { cause });
  }
}

/** @throws RtaError `RTA_CONFIG_PERMISSIONS` where others than its owner may read a file. */
export async function checkOwnerOnly(file: string): Promise<void> {
  // Windows has no such bits; who may read a file there is up to its folder.
  if (process.platform === 'win32') return;
  const { mode } = await stat(file);
  if ((mode & 0o077) !== 0) {
    throw appError('RTA_CONFIG_PERMISSIONS', `${file} has mode ${(mode & 0o777).toString(8)}, expected 600`);
  }
}

/** Writes a file; what it resolves with is on the disk. */
export async function writeDurably(
  file: string,
  text: string,
  flags: 'w' | 'wx',
  mode: number,
): Promise<void> {
  const handle = await open(file, flags, mode);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
