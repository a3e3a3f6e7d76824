import { readFile } from 'node:fs/promises';
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
