import { unwatchFile, watchFile } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { ClientAuthentication, ServerCredentials } from '@rta/transport';
import type { Config } from './config.ts';
import { appError } from './errors.ts';

/**
 * Reads the certificate of the server and its key.
 *
 * @throws RtaError `RTA_CONFIG_FILE`; `RTA_CONFIG_INVALID` where they are not PEM, or do not belong together, as in the
 *   moment between the renewal of the one and the other.
 */
export async function loadCredentials({ certFile, keyFile }: Config['tls']): Promise<ServerCredentials> {
  const [cert, key] = await Promise.all([readPem(certFile), readPem(keyFile)]);
  try {
    createSecureContext({ cert, key });
  } catch (cause) {
    throw appError('RTA_CONFIG_INVALID', `${certFile} and ${keyFile} are no certificate and its key`, {
      cause,
    });
  }
  return { cert, key };
}

/**
 * Reads which agents are to be known by a certificate; undefined where none are.
 *
 * @throws RtaError `RTA_CONFIG_FILE`
 */
export async function loadClientAuthentication(
  tls: Config['tls'],
): Promise<ClientAuthentication | undefined> {
  if (tls.clientCaFile === undefined) return undefined;
  return { ca: await readPem(tls.clientCaFile), required: tls.requireClientCertificate ?? false };
}

async function readPem(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw appError('RTA_CONFIG_FILE', `cannot read ${file}`, { cause });
  }
}

/** How often files are looked at: a renewed certificate has days to spare. */
const POLL_MS = 5_000;

/**
 * Calls back when one of the files is another one than before. It looks at them now and then, which also sees what
 * replaces a folder or a link, as in volumes of containers.
 *
 * @returns stops it.
 */
export function watchFiles(
  files: readonly string[],
  onChange: () => void,
  options: { readonly pollMs?: number } = {},
): () => void {
  for (const file of files) {
    watchFile(file, { interval: options.pollMs ?? POLL_MS, persistent: false }, onChange);
  }
  return () => {
    for (const file of files) unwatchFile(file, onChange);
  };
}
