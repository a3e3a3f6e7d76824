import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { openFileAuditLog } from '../src/index.ts';

const WRITER = fileURLToPath(new URL('writer-process.ts', import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'rta-full-disk-'));
afterAll(() => rm(folder, { recursive: true }));

const row = (sequence: number) => ({
  sequence,
  line: JSON.stringify({ text: 'x'.repeat(1_000) }),
  hash: `hash-${sequence}`,
});

async function sequencesOf(path: string): Promise<number[]> {
  await using log = await openFileAuditLog(path);
  const sequences: number[] = [];
  for await (const { sequence } of log.read()) sequences.push(sequence);
  return sequences;
}

/** A small disk of its own, where the system lets us make one. */
function mountSmallDisk(): string | undefined {
  const place = mkdtempSync(join(tmpdir(), 'rta-small-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', place], { stdio: 'ignore' });
    return place;
  } catch {
    rmSync(place, { recursive: true });
    return undefined;
  }
}

describe.runIf(process.platform === 'linux')(
  'a process that may not write a longer file (RLIMIT_FSIZE)',
  () => {
    test('keeps no half line, refuses with the code of the port, and the next one goes on', async () => {
      const path = join(folder, 'limited.jsonl');
      // 64 KiB: the write in which it ends is taken in part, and the next one not at all.
      const script = `ulimit -f 64; exec "$0" --conditions=rta-source "$1" "$2"`;
      const { stdout } = await promisify(execFile)('bash', ['-c', script, process.execPath, WRITER, path]);
      const { codes, last } = JSON.parse(stdout) as { codes: string[]; last: number };

      expect(codes).toEqual(['RTA_STORE_FULL', 'RTA_STORE_FULL']);
      // 60 rows of 1 055 bytes and less fill 64 KiB but for less than three rows.
      expect(last).toBe(60);
      const text = await readFile(path, 'utf8');
      expect(text.endsWith('"}}\n')).toBe(true);
      expect(text.split('\n')).toHaveLength(61);

      await using log = await openFileAuditLog(path);
      await log.append([row(61), row(62)]);
      await log.close();
      expect(await sequencesOf(path)).toEqual(Array.from({ length: 62 }, (_, index) => index + 1));
    });
  },
);

const disk = mountSmallDisk();
describe.runIf(disk !== undefined)('a disk that is really full', () => {
  const place = disk ?? '';
  afterAll(() => {
    execFileSync('umount', [place]);
    rmSync(place, { recursive: true });
  });

  test('keeps no half line, and the same log goes on when there is room again', async () => {
    const path = join(place, 'audit.jsonl');
    await writeFile(join(place, 'filler'), 'x'.repeat(100_000));
    await using log = await openFileAuditLog(path, { segmentBytes: 50_000 });
    let refused: unknown;
    let next = 1;
    while (refused === undefined && next < 1_000) {
      try {
        await log.append([row(next), row(next + 1), row(next + 2)]);
        next += 3;
      } catch (error) {
        refused = error;
      }
    }

    expect(refused).toMatchObject({ code: 'RTA_STORE_FULL' });
    expect(next).toBeGreaterThan(100);
    await expect(log.append([row(next), row(next + 1), row(next + 2)])).rejects.toMatchObject({
      code: 'RTA_STORE_FULL',
    });
    expect((await log.last())?.sequence).toBe(next - 1);

    await rm(join(place, 'filler'));
    await log.append([row(next), row(next + 1), row(next + 2)]);
    await log.close();
    expect(await sequencesOf(path)).toEqual(Array.from({ length: next + 2 }, (_, index) => index + 1));
  });
});
