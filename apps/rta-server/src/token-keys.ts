import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fromBase64Url } from '@rta/core';
import { createEd25519Key, createHmacKey, createKeyRing, type KeyRing } from '@rta/token';
import type { Config } from './config.ts';
import { appError } from './errors.ts';

/**
 * The keys that sign tokens.
 *
 * Without a key file a key is drawn, which is enough for one node: sessions do not outlive the process anyway.
 *
 * @throws RtaError `RTA_CONFIG_FILE`, `RTA_CONFIG_INVALID`
 */
export async function loadTokenKeys({ suite, keyId, keyFile }: Config['tokens']): Promise<KeyRing> {
  const secret = keyFile === undefined ? Uint8Array.from(randomBytes(32)) : await readSecret(keyFile);
  const current =
    suite === 'ed25519' ? createEd25519Key({ keyId, privateKey: secret }) : createHmacKey({ keyId, secret });
  return createKeyRing({ current });
}

async function readSecret(file: string): Promise<Uint8Array> {
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
