import { randomBytes } from 'node:crypto';
import { createEd25519Key, createHmacKey, createKeyRing, type KeyRing } from '@rta/token';
import type { Config } from './config.ts';
import { readSecretFile } from './secret-file.ts';

/**
 * The keys that sign tokens.
 *
 * Without a key file a key is drawn, which is enough for one node: sessions do not outlive the process anyway.
 *
 * @throws RtaError `RTA_CONFIG_FILE`, `RTA_CONFIG_INVALID`
 */
export async function loadTokenKeys({ suite, keyId, keyFile }: Config['tokens']): Promise<KeyRing> {
  const secret = keyFile === undefined ? Uint8Array.from(randomBytes(32)) : await readSecretFile(keyFile);
  const current =
    suite === 'ed25519' ? createEd25519Key({ keyId, privateKey: secret }) : createHmacKey({ keyId, secret });
  return createKeyRing({ current });
}
