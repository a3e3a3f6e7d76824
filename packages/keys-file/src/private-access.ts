import { constants, type Stats } from 'node:fs';
import { lstat, open } from 'node:fs/promises';
import { keysFileError, systemCodeOf } from './errors.ts';
import { KEYS_FILE_LIMITS } from './limits.ts';

/** What of a file's status says who can get at it. */
export type AccessFacts = Pick<Stats, 'mode' | 'uid' | 'isDirectory' | 'isFile' | 'isSymbolicLink'>;

/** The user of this process; undefined on Windows, where modes and owners say nothing. */
export function ownUserId(): number | undefined {
  return process.geteuid?.();
}

/**
 * Refuses what others than the owner could read or change: links, other kinds of files, other owners, and modes with
 * anything for group or others.
 *
 * @throws RtaError `RTA_KEYS_FILE_ACCESS`; the message names the command that mends it.
 */
export function checkPrivate(
  path: string,
  kind: 'folder' | 'file',
  facts: AccessFacts,
  userId: number | undefined,
): void {
  if (facts.isSymbolicLink()) {
    throw keysFileError('RTA_KEYS_FILE_ACCESS', `${path} is a symbolic link: put the ${kind} itself there`);
  }
  if (kind === 'folder' ? !facts.isDirectory() : !facts.isFile()) {
    throw keysFileError('RTA_KEYS_FILE_ACCESS', `${path} is not a ${kind}`);
  }
  if (userId === undefined) return;
  checkOwner(path, facts.uid, userId);
  const mode = facts.mode & 0o777;
  if ((mode & 0o077) !== 0) {
    const wanted = kind === 'folder' ? '700' : '600';
    throw keysFileError(
      'RTA_KEYS_FILE_ACCESS',
      `${path} has mode ${mode.toString(8)}, which is not for its owner alone: chmod ${wanted} ${quoted(path)}`,
    );
  }
}

function checkOwner(path: string, ownerId: number, userId: number): void {
  if (ownerId === userId) return;
  const remedy = `run this as user ${ownerId}, or chown ${userId} ${quoted(path)}`;
  throw keysFileError(
    'RTA_KEYS_FILE_ACCESS',
    `${path} belongs to user ${ownerId}, and not to ${userId}: ${remedy}`,
  );
}

/**
 * Checks that a folder is this user's own, whoever else can read it: what was written there for another user, that
 * user's server could not use.
 *
 * @throws RtaError `RTA_KEYS_FILE_ACCESS`; `RTA_KEYS_FILE_FOLDER` where it is not there.
 */
export async function checkOwnFolder(path: string): Promise<void> {
  const { uid } = await statusOf(path);
  const userId = ownUserId();
  if (userId !== undefined) checkOwner(path, uid, userId);
}

/**
 * Checks that a folder is its owner's alone.
 *
 * @throws RtaError `RTA_KEYS_FILE_ACCESS`; `RTA_KEYS_FILE_FOLDER` where it is not there.
 */
export async function checkPrivateFolder(path: string): Promise<void> {
  checkPrivate(path, 'folder', await statusOf(path), ownUserId());
}

async function statusOf(folder: string): Promise<Stats> {
  try {
    return await lstat(folder);
  } catch (cause) {
    const message = `cannot read the folder ${folder}: ${systemCodeOf(cause)}`;
    throw keysFileError('RTA_KEYS_FILE_FOLDER', message, { cause });
  }
}

/**
 * Reads a file that is its owner's alone. What was checked is what is read: the file is opened first.
 *
 * @returns undefined where the file is gone.
 * @throws RtaError `RTA_KEYS_FILE_ACCESS`, `RTA_KEYS_FILE_MALFORMED` for a file that is too large.
 */
export async function readPrivateFile(path: string): Promise<string | undefined> {
  try {
    // Not through a link, and not waiting for the other end of a pipe.
    await using handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const facts = await handle.stat();
    checkPrivate(path, 'file', facts, ownUserId());
    if (facts.size > KEYS_FILE_LIMITS.maxFileBytes) {
      throw keysFileError('RTA_KEYS_FILE_MALFORMED', `${path} has ${facts.size} bytes, and may have 4096`);
    }
    return await handle.readFile('utf8');
  } catch (cause) {
    const code = systemCodeOf(cause);
    if (code.startsWith('RTA_')) throw cause;
    if (code === 'ENOENT') return undefined;
    if (code === 'ELOOP') {
      throw keysFileError('RTA_KEYS_FILE_ACCESS', `${path} is a symbolic link: put the file itself there`, {
        cause,
      });
    }
    throw keysFileError('RTA_KEYS_FILE_ACCESS', `cannot read ${path}: ${code}`, { cause });
  }
}

/** A path as a shell takes it. */
const quoted = (path: string): string => `'${path.replaceAll("'", String.raw`'\''`)}'`;
