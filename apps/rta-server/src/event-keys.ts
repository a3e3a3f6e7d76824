import { generateKeyPair, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { createSetSigner, type SetSigner } from '@rta/ssf';
import { z } from 'zod';
import { appError } from './errors.ts';
import { checkOwnerOnly, makeSecretFile } from './secret-file.ts';

const keySet = z.object({
  keys: z.tuple(
    [z.looseObject({ kid: z.string().min(1), alg: z.enum(['RS256', 'ES256', 'PS256', 'EdDSA']) })],
    z.looseObject({ kid: z.string().min(1), alg: z.enum(['RS256', 'ES256', 'PS256', 'EdDSA']) }),
  ),
});

/**
 * The keys that sign security events: a JWK Set of private keys with `kid` and `alg`. The first signs; put a new one in
 * front, and leave the old ones for as long as what they signed may be under way. Where there is no file, one is made
 * with an RSA key, which all receivers understand.
 *
 * @throws RtaError `RTA_CONFIG_FILE`, `RTA_CONFIG_PERMISSIONS`, `RTA_CONFIG_INVALID`
 */
export async function loadEventKeys(file: string): Promise<readonly [SetSigner, ...SetSigner[]]> {
  await makeSecretFile(file, makeKeySet);
  await checkOwnerOnly(file);
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw appError('RTA_CONFIG_FILE', `cannot read ${file}`, { cause });
  });
  try {
    const { keys } = keySet.parse(JSON.parse(text));
    const [first, ...others] = keys;
    const signerOf = ({ kid, alg, ...jwk }: typeof first): Promise<SetSigner> =>
      createSetSigner({ key: jwk, keyId: kid, algorithm: alg });
    return [await signerOf(first), ...(await Promise.all(others.map(signerOf)))];
  } catch {
    // What is wrong with it could say what it holds.
    throw appError('RTA_CONFIG_INVALID', `${file} must be a JWK Set of private keys with kid and alg`);
  }
}

async function makeKeySet(): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  const key = { ...privateKey.export({ format: 'jwk' }), kid: randomBytes(8).toString('hex'), alg: 'RS256' };
  return JSON.stringify({ keys: [key] });
}
