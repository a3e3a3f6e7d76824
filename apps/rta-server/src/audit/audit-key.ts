import { randomBytes } from 'node:crypto';
import { readFile, rename, stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { type AuditSigner, auditKeyId, auditKeySet, parseAuditKeySet } from '@rta/audit';
import { toBase64Url } from '@rta/core';
import { createEd25519Key } from '@rta/token';
import { appError } from '../errors.ts';
import { checkOwnerOnly, makeSecretFile, readSecretFile, writeDurably } from '../secret-file.ts';

/**
 * The key that seals the audit log. Where there is no file, a key is made, readable by its owner only. The public half
 * is added to the key set beside it, `audit.pub` for `audit.key`: keep a copy of that elsewhere, to verify with.
 *
 * @throws RtaError `RTA_CONFIG_FILE`, `RTA_CONFIG_PERMISSIONS`, `RTA_CONFIG_INVALID`; `RTA_AUDIT_KEYS` where the key set
 *   that is there is none.
 */
export async function loadAuditKey(keyFile: string): Promise<AuditSigner> {
  await makeSecretFile(keyFile, async () => toBase64Url(Uint8Array.from(randomBytes(32))));
  await checkOwnerOnly(keyFile);
  const key = createEd25519Key({ keyId: 0, privateKey: await readSecretFile(keyFile) });
  await publish(publicKeyFile(keyFile), key.publicKey);
  return key;
}

/** Where the public keys of a log stand. */
export function publicKeyFile(keyFile: string): string {
  return `${keyFile.slice(0, keyFile.length - extname(keyFile).length)}.pub`;
}

/**
 * Reads public keys of a log.
 *
 * @throws RtaError `RTA_CONFIG_FILE`, `RTA_AUDIT_KEYS`
 */
export async function readAuditKeys(file: string): Promise<readonly Uint8Array[]> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw appError('RTA_CONFIG_FILE', `cannot read ${file}`, { cause });
  });
  return parseAuditKeySet(text);
}

/** Keys of before stay in the set: what they sealed is still verified by them. */
async function publish(file: string, publicKey: Uint8Array): Promise<void> {
  const known = await stat(file).then(
    () => readAuditKeys(file),
    () => [],
  );
  if (known.some((key) => auditKeyId(key) === auditKeyId(publicKey))) return;
  try {
    const text = `${JSON.stringify(auditKeySet([...known, publicKey]), undefined, 2)}\n`;
    await writeDurably(`${file}.next`, text, 'w', 0o644);
    await rename(`${file}.next`, file);
  } catch (cause) {
    throw appError('RTA_CONFIG_FILE', `cannot write ${file}`, { cause });
  }
}
