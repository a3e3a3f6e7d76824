import { appendFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** What the agents can do: real files in a scratch folder. */
export interface Tools {
  read(file: string, signal: AbortSignal): Promise<string>;
  write(file: string, text: string, signal: AbortSignal): Promise<void>;
  delete(file: string): Promise<void>;
  /**
   * A long tool call: adds a line every few milliseconds until it is stopped.
   *
   * @param onLine - told how many lines there are.
   * @throws the reason of `signal`.
   */
  writeForLong(file: string, signal: AbortSignal, onLine: (lines: number) => void): Promise<never>;
}

const LINE_INTERVAL_MS = 5;

/** Makes the tools of a scratch folder. */
export function createTools(folder: string): Tools {
  const pathOf = async (file: string): Promise<string> => {
    const path = join(folder, file);
    await mkdir(dirname(path), { recursive: true });
    return path;
  };
  return {
    read: async (file, signal) => readFile(await pathOf(file), { encoding: 'utf8', signal }),
    write: async (file, text, signal) => writeFile(await pathOf(file), text, { signal }),
    delete: async (file) => rm(await pathOf(file)),
    async writeForLong(file, signal, onLine) {
      const path = await pathOf(file);
      for (let lines = 1; ; lines++) {
        signal.throwIfAborted();
        await appendFile(path, `line ${lines}\n`);
        onLine(lines);
        await sleep(LINE_INTERVAL_MS, undefined, { signal }).catch(() => undefined);
      }
    },
  };
}
