import { createHash } from 'node:crypto';
import { fromBase64Url, toBase64Url } from '@rta/core';
import {
  createEd25519Key,
  createHmacKey,
  type KeySchedule,
  type TokenKey,
  type TokenSuite,
} from '@rta/token';
import { z } from 'zod';
import { keysFileError } from './errors.ts';
import { KEYS_FILE_LIMITS } from './limits.ts';

/** A key as its file has it. */
export interface StoredKey extends KeySchedule {
  readonly suite: TokenSuite;
  readonly createdAtMs: number;
  readonly key: TokenKey;
  /** SHA-256 of the secret, base64url: tells whether two keys are one. */
  readonly fingerprint: string;
  /** The secret as the file has it, base64url. */
  readonly secret: string;
}

/** A revocation as its file has it. */
export interface Revocation {
  readonly keyId: number;
  readonly revokedAtMs: number;
  readonly reason: string;
}

/** What the name of a file in a folder of keys says. */
export type FileName =
  | { readonly kind: 'key'; readonly keyId: number }
  | { readonly kind: 'revocation'; readonly keyId: number }
  | { readonly kind: 'other' }
  | { readonly kind: 'wrong' };

const KEY_ID_MAX = 0xffff_ffff;
const NAME = /^(0|[1-9]\d{0,9})(\.revoked)?\.json$/;

const keyId = z.int().min(0).max(KEY_ID_MAX);
const timeMs = z.int().min(0);
const times = { createdAtMs: timeMs, activeFromMs: timeMs, retireAtMs: timeMs.exactOptional() };
const keySchema = z.discriminatedUnion('suite', [
  z.strictObject({ keyId, suite: z.literal('hmac-sha256'), secret: z.string(), ...times }),
  z.strictObject({ keyId, suite: z.literal('ed25519'), seed: z.string(), ...times }),
]);
const revocationSchema = z.strictObject({
  keyId,
  revokedAtMs: timeMs,
  reason: z.string().max(KEYS_FILE_LIMITS.maxReasonCharacters),
});

/**
 * Reads a name. `7.json` is key 7, and `7.revoked.json` its revocation, by its name alone. Any other `.json` is wrong:
 * somebody meant it to be a key. Names that begin with a dot, and other files, are left alone.
 */
export function parseFileName(name: string): FileName {
  const match = NAME.exec(name);
  if (match === null) {
    return { kind: !name.startsWith('.') && /\.json$/i.test(name) ? 'wrong' : 'other' };
  }
  const id = Number(match[1]);
  if (id > KEY_ID_MAX) return { kind: 'wrong' };
  return { kind: match[2] === undefined ? 'key' : 'revocation', keyId: id };
}

/** The name of a key's file. */
export const keyFileName = (id: number): string => `${id}.json`;

/** The name of a revocation's file. */
export const revocationFileName = (id: number): string => `${id}.revoked.json`;

/**
 * Reads the file of a key.
 *
 * @param id - what the name of the file says.
 * @param path - for messages.
 * @throws RtaError `RTA_KEYS_FILE_MALFORMED`; nothing of the key is shown.
 */
export function parseKeyFile(text: string, id: number, path: string): StoredKey {
  const file = parse(keySchema, text, path);
  checkId(file.keyId, id, path);
  const { suite, createdAtMs, activeFromMs, retireAtMs } = file;
  const secret = suite === 'ed25519' ? file.seed : file.secret;
  return {
    ...storedKey({ keyId: id, suite, secret, createdAtMs, activeFromMs }, path),
    ...(retireAtMs === undefined ? {} : { retireAtMs }),
  };
}

/** A key from its secret. @throws RtaError `RTA_KEYS_FILE_MALFORMED` */
export function storedKey(
  facts: Pick<StoredKey, 'keyId' | 'suite' | 'secret' | 'createdAtMs' | 'activeFromMs'>,
  path: string,
): StoredKey {
  const { keyId, suite, secret } = facts;
  try {
    const bytes = fromBase64Url(secret);
    const key =
      suite === 'ed25519'
        ? createEd25519Key({ keyId, privateKey: bytes })
        : createHmacKey({ keyId, secret: bytes });
    return { ...facts, key, fingerprint: toBase64Url(createHash('sha256').update(bytes).digest()) };
  } catch (cause) {
    throw keysFileError('RTA_KEYS_FILE_MALFORMED', `${path}: the key cannot be used for ${suite}`, { cause });
  }
}

/** A key as the text of its file. */
export function formatKeyFile({
  keyId,
  suite,
  secret,
  createdAtMs,
  activeFromMs,
  retireAtMs,
}: StoredKey): string {
  const member = suite === 'ed25519' ? { seed: secret } : { secret };
  return toText({ keyId, suite, ...member, createdAtMs, activeFromMs, retireAtMs });
}

/**
 * Reads the file of a revocation: for its time and reason. That the key is revoked is said by the name alone.
 *
 * @throws RtaError `RTA_KEYS_FILE_MALFORMED`
 */
export function parseRevocationFile(text: string, id: number, path: string): Revocation {
  const file = parse(revocationSchema, text, path);
  checkId(file.keyId, id, path);
  return file;
}

/** A revocation as the text of its file. */
export function formatRevocationFile({ keyId, revokedAtMs, reason }: Revocation): string {
  return toText({ keyId, revokedAtMs, reason });
}

const toText = (file: object): string => `${JSON.stringify(file, undefined, 2)}\n`;

function parse<Schema extends z.ZodType>(schema: Schema, text: string, path: string): z.output<Schema> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The message of the parser would quote the text, secret and all.
    throw keysFileError('RTA_KEYS_FILE_MALFORMED', `${path} is not JSON`);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const members = parsed.error.issues.map(({ path }) => path.join('.') || '(file)');
  throw keysFileError('RTA_KEYS_FILE_MALFORMED', `${path}: not as expected: ${members.join(', ')}`);
}

function checkId(found: number, id: number, path: string): void {
  if (found === id) return;
  throw keysFileError('RTA_KEYS_FILE_MALFORMED', `${path} is named for key ${id}, and holds key ${found}`);
}
