import { randomBytes } from 'node:crypto';
import { link, open, rename, rm, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { keysFileError, systemCodeOf } from './errors.ts';

/**
 * Writes a file that is not there yet: all of it, on the disk, or nothing.
 *
 * @returns false where there is one already, which stays as it is.
 * @throws RtaError `RTA_KEYS_FILE_WRITE`
 */
export async function writeNewFile(path: string, text: string): Promise<boolean> {
  return write(path, text, async (written) => {
    try {
      // Unlike a renaming, a link does not replace: of two processes one is told that it was second.
      await link(written, path);
      return true;
    } catch (error) {
      if (systemCodeOf(error) === 'EEXIST') return false;
      throw error;
    }
  });
}

/**
 * Writes a file in place of another: at any moment, and after a crash, one of the two is there as a whole.
 *
 * @throws RtaError `RTA_KEYS_FILE_WRITE`
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  await write(path, text, async (written) => {
    await rename(written, path);
    return true;
  });
}

/** Removes a file; one that is not there is removed already. @throws RtaError `RTA_KEYS_FILE_WRITE` */
export async function removeFile(path: string): Promise<void> {
  try {
    await rm(path, { force: true });
    await syncFolder(dirname(path));
  } catch (cause) {
    throw keysFileError('RTA_KEYS_FILE_WRITE', `cannot remove ${path}: ${systemCodeOf(cause)}`, { cause });
  }
}

async function write(
  path: string,
  text: string,
  place: (written: string) => Promise<boolean>,
): Promise<boolean> {
  // Names that begin with a dot are nobody's keys: what a crash leaves behind is not read.
  const written = join(dirname(path), `.${randomBytes(12).toString('hex')}.tmp`);
  try {
    try {
      await using handle = await open(written, 'wx', 0o600);
      await handle.writeFile(text);
      await handle.sync();
    } catch (error) {
      await rm(written, { force: true });
      throw error;
    }
    try {
      return await place(written);
    } finally {
      await unlink(written).catch(() => undefined);
      await syncFolder(dirname(path));
    }
  } catch (cause) {
    throw keysFileError('RTA_KEYS_FILE_WRITE', `cannot write ${path}: ${systemCodeOf(cause)}`, { cause });
  }
}

/** A new name is on the disk once its folder is; not every platform can be told so. */
async function syncFolder(path: string): Promise<void> {
  try {
    await using handle = await open(path, 'r');
    await handle.sync();
  } catch {
    // The file itself is on the disk.
  }
}
