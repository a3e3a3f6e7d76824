import { randomUUID } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TicketStore } from '@rta/sdk';

/** Keeps the newest ticket of each server in a folder that only this agent can read. */
export function createFileTicketStore(folder: string): TicketStore {
  // A key is base64url, and so a file name.
  const fileOf = (key: string): string => join(folder, `${key}.ticket`);
  return {
    async take(key) {
      // Of two processes that take at once, one gets it: a ticket is used once.
      const mine = join(folder, `${randomUUID()}.taken`);
      try {
        await rename(fileOf(key), mine);
      } catch {
        return undefined;
      }
      try {
        return Uint8Array.from(await readFile(mine));
      } finally {
        await rm(mine);
      }
    },
    async put(key, ticket) {
      const fresh = join(folder, `${randomUUID()}.new`);
      await writeFile(fresh, ticket, { mode: 0o600, flag: 'wx' });
      await rename(fresh, fileOf(key));
    },
  };
}
