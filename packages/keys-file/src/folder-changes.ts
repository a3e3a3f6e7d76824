import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { toBase64Url } from '@rta/core';
import { keyRoles, planRotation, type RotationPolicy, type RotationStep, type TokenSuite } from '@rta/token';
import { removeFile, replaceFile, writeNewFile } from './atomic-write.ts';
import { keysFileError, systemCodeOf } from './errors.ts';
import { type FolderContents, readFolder } from './folder-contents.ts';
import {
  formatKeyFile,
  formatRevocationFile,
  keyFileName,
  revocationFileName,
  type StoredKey,
  storedKey,
} from './key-file.ts';
import { KEYS_FILE_LIMITS } from './limits.ts';
import { checkOwnFolder } from './private-access.ts';

/** What changes a folder of keys, and by which rules. */
export interface ChangeContext {
  readonly path: string;
  readonly suite: TokenSuite;
  readonly policy: RotationPolicy;
  /** UNIX milliseconds. */
  now(): number;
}

/** A key that was made, or whose time was moved, and when it signs. */
export interface NextKey {
  readonly keyId: number;
  readonly activeFromMs: number;
}

/** What a revocation did. */
export interface RevokeOutcome {
  readonly keyId: number;
  /** Whether it was revoked before; then only what was left of it was removed. */
  readonly wasRevoked: boolean;
  /** The key that signs from now on where the revoked one did; undefined where another one goes on. */
  readonly successor: number | undefined;
}

/** Makes the folder, for its owner alone, and the first key. */
export async function createFirstKey(context: ChangeContext): Promise<NextKey> {
  const { path } = context;
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw keysFileError('RTA_KEYS_FILE_WRITE', `cannot make the folder ${path}: ${systemCodeOf(cause)}`, {
      cause,
    });
  }
  const contents = await readSound(context);
  if (contents.keys.size > 0) throw keysFileError('RTA_KEYS_FILE_EXISTS', `${path} holds keys already`);
  return addKey(context, contents, context.now());
}

/** Announces the next key; with `now`, lets it sign at once. */
export async function rotateKeys(context: ChangeContext, options: { now: boolean }): Promise<NextKey> {
  const contents = await readSound(context);
  const nowMs = context.now();
  const announced = announcedIn(contents, nowMs);
  let next: NextKey;
  if (announced === undefined) {
    const isFirst = contents.keys.size === 0;
    next = await addKey(context, contents, nowMs + (options.now || isFirst ? 0 : context.policy.announceMs));
  } else if (options.now) {
    next = await activate(context, announced, nowMs);
  } else {
    const { keyId } = announced;
    throw keysFileError('RTA_KEYS_FILE_ANNOUNCED', `key ${keyId} is announced already`, {
      details: { keyId },
    });
  }
  const after = await readSound(context);
  for (const step of planned(context, after)) {
    if (step.kind !== 'announce') await carryOut(context, after, step);
  }
  return next;
}

/** Lets tokens of a key be refused from now on. */
export async function retireKey(context: ChangeContext, keyId: number): Promise<void> {
  const contents = await readSound(context);
  const stored = contents.keys.get(keyId);
  if (stored === undefined) throw unknownKey(context.path, keyId);
  const nowMs = context.now();
  if (keyRoles([...contents.keys.values()], nowMs).current === keyId) {
    throw keysFileError('RTA_KEYS_FILE_CURRENT', `key ${keyId} signs new tokens`, { details: { keyId } });
  }
  if (stored.retireAtMs !== undefined && stored.retireAtMs <= nowMs) return;
  await carryOut(context, contents, { kind: 'retire', keyId, retireAtMs: nowMs });
}

/**
 * Revokes a key, whatever else is wrong with a folder of one's own. Where it signs, its successor is there first: at no moment,
 * and after no crash, would nobody sign.
 */
export async function revokeKey(
  context: ChangeContext,
  keyId: number,
  reason: string,
): Promise<RevokeOutcome> {
  const { path } = context;
  await checkOwnFolder(path);
  const nowMs = context.now();
  const contents = await readFolder(path, nowMs);
  if (!contents.ids.has(keyId)) throw contents.faults[0] ?? unknownKey(path, keyId);
  const wasRevoked = contents.revoked.has(keyId);
  let successor: NextKey | undefined;
  if (!wasRevoked) {
    const rest = [...contents.keys.values()].filter((key) => key.keyId !== keyId);
    const { current } = keyRoles([...contents.keys.values()], nowMs);
    if (current === keyId || rest.length === 0) {
      const announced = announcedIn(contents, nowMs, keyId);
      successor =
        announced === undefined
          ? await addKey(context, contents, nowMs)
          : await activate(context, announced, nowMs);
    }
    const text = formatRevocationFile({ keyId, revokedAtMs: nowMs, reason });
    // Another process may have revoked it meanwhile, which is as good.
    await writeNewFile(join(path, revocationFileName(keyId)), text);
  }
  await removeFile(join(path, keyFileName(keyId)));
  return { keyId, wasRevoked, successor: successor?.keyId };
}

/** Does what scheduled rotation asks for now. @returns whether anything was changed. */
export async function rotateOnSchedule(context: ChangeContext, contents: FolderContents): Promise<boolean> {
  const steps = planned(context, contents);
  for (const step of steps) await carryOut(context, contents, step);
  return steps.length > 0;
}

const planned = ({ policy, now }: ChangeContext, { keys }: FolderContents): readonly RotationStep[] =>
  planRotation([...keys.values()], policy, now());

async function carryOut(context: ChangeContext, contents: FolderContents, step: RotationStep): Promise<void> {
  if (step.kind === 'announce') {
    await addKey(context, contents, step.activeFromMs);
    return;
  }
  const path = join(context.path, keyFileName(step.keyId));
  if (step.kind === 'forget') {
    await removeFile(path);
    return;
  }
  const stored = contents.keys.get(step.keyId);
  if (stored !== undefined) {
    await replaceFile(path, formatKeyFile({ ...stored, retireAtMs: step.retireAtMs }));
  }
}

/** Adds a key above all ids that were ever there. @throws RtaError `RTA_KEYS_FILE_CONFLICT` where one was faster */
async function addKey(
  { path, suite, now }: ChangeContext,
  { ids }: FolderContents,
  activeFromMs: number,
): Promise<NextKey> {
  const keyId = Math.max(0, ...ids) + 1;
  const file = join(path, keyFileName(keyId));
  const secret = toBase64Url(randomBytes(32));
  const stored = storedKey({ keyId, suite, secret, createdAtMs: now(), activeFromMs }, file);
  if (!(await writeNewFile(file, formatKeyFile(stored)))) {
    throw keysFileError('RTA_KEYS_FILE_CONFLICT', `another process made key ${keyId} meanwhile`);
  }
  return { keyId, activeFromMs };
}

async function activate({ path }: ChangeContext, stored: StoredKey, nowMs: number): Promise<NextKey> {
  const { keyId } = stored;
  await replaceFile(join(path, keyFileName(keyId)), formatKeyFile({ ...stored, activeFromMs: nowMs }));
  return { keyId, activeFromMs: nowMs };
}

/** The key that signs next, where one is announced and not taken back. */
function announcedIn({ keys }: FolderContents, nowMs: number, exceptId?: number): StoredKey | undefined {
  return [...keys.values()]
    .filter(
      ({ keyId, activeFromMs, retireAtMs }) =>
        keyId !== exceptId && activeFromMs > nowMs && !(retireAtMs !== undefined && retireAtMs <= nowMs),
    )
    .toSorted((a, b) => a.activeFromMs - b.activeFromMs)[0];
}

/** The contents of a folder in which nothing is wrong. @throws the first fault */
async function readSound({ path, now }: ChangeContext): Promise<FolderContents> {
  const contents = await readFolder(path, now());
  if (contents.faults[0] !== undefined) throw contents.faults[0];
  return contents;
}

const unknownKey = (path: string, keyId: number): Error =>
  keysFileError('RTA_KEYS_FILE_UNKNOWN', `${path} holds no key ${keyId}`, { details: { keyId } });

/** Begins anew where another process was faster. */
export async function retried<Value>(change: () => Promise<Value>): Promise<Value> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await change();
    } catch (error) {
      const isConflict = systemCodeOf(error) === 'RTA_KEYS_FILE_CONFLICT';
      if (!isConflict || attempt >= KEYS_FILE_LIMITS.attempts) throw error;
    }
  }
}
