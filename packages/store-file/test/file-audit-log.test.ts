import { appendFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMemoryStore, type Store } from '@rta/store';
import { createFakeClock, storeContract } from '@rta/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openFileAuditLog } from '../src/index.ts';

const folder = await mkdtemp(join(tmpdir(), 'rta-store-file-'));
let files = 0;
const newPath = (): string => join(folder, `audit-${(files += 1)}.jsonl`);
const row = (sequence: number, text = 'x') => ({
  sequence,
  line: `{"text":${JSON.stringify(text)}}`,
  hash: `hash-${sequence}`,
});

afterAll(() => rm(folder, { recursive: true }));

const clock = createFakeClock();
storeContract({
  name: 'a store whose audit log is a file',
  async open(place): Promise<Store> {
    const memory = createMemoryStore({ clock });
    const audit = await openFileAuditLog(join(folder, `${place}.jsonl`));
    const close = async (): Promise<void> => {
      await memory.close();
      await audit.close();
    };
    return { ...memory, audit, close, [Symbol.asyncDispose]: close };
  },
  now: () => clock.now(),
  advance: (ms) => clock.advance(ms),
});

async function rowsOf(path: string): Promise<unknown[]> {
  await using log = await openFileAuditLog(path);
  const rows: unknown[] = [];
  for await (const one of log.read()) rows.push(one);
  return rows;
}

describe('an audit log in a file', () => {
  test('is there after it was closed, and goes on where it ended', async () => {
    const path = newPath();
    {
      await using log = await openFileAuditLog(path);
      await log.append([row(1), row(2, 'zwei \u2028 Zeilen \n')]);
    }
    await using log = await openFileAuditLog(path);
    expect(await log.last()).toEqual(row(2, 'zwei \u2028 Zeilen \n'));
    await log.append([row(3)]);
    await log.close();
    expect(await rowsOf(path)).toEqual([row(1), row(2, 'zwei \u2028 Zeilen \n'), row(3)]);
  });

  test('is a JSON object a line, with the record as it was hashed', async () => {
    const path = newPath();
    await using log = await openFileAuditLog(path);
    await log.append([row(1)]);
    expect(await readFile(path, 'utf8')).toBe('{"sequence":1,"hash":"hash-1","record":{"text":"x"}}\n');
  });

  test('is readable by its owner only', async () => {
    const path = newPath();
    await using _log = await openFileAuditLog(path);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  test('loses a last line that a crash cut off, and nothing before it', async () => {
    const path = newPath();
    {
      await using log = await openFileAuditLog(path);
      await log.append([row(1)]);
    }
    await appendFile(path, '{"sequence":2,"hash":"hash-2","rec');
    await using log = await openFileAuditLog(path);
    expect(await log.last()).toEqual(row(1));
    await log.append([row(2)]);
    await log.close();
    expect(await rowsOf(path)).toEqual([row(1), row(2)]);
  });

  test.each([
    ['a line that is no JSON', 'not json\n', 'RTA_STORE_MALFORMED'],
    ['a line that is no row', '{"sequence":"1","hash":"h","record":{}}\n', 'RTA_STORE_MALFORMED'],
    ['a line that was written anew', '{ "sequence": 1, "hash": "h", "record": {} }\n', 'RTA_STORE_MALFORMED'],
    ['a row that is missing', '{"sequence":2,"hash":"h","record":{}}\n', 'RTA_STORE_SEQUENCE'],
  ])('is not opened with %s', async (_, text, code) => {
    const path = newPath();
    await writeFile(path, text);
    await expect(openFileAuditLog(path)).rejects.toMatchObject({ code });
    expect(await readFile(path, 'utf8')).toBe(text);
  });

  test('says what the file system says', async () => {
    await expect(openFileAuditLog(join(folder, 'nowhere', 'audit.jsonl'))).rejects.toMatchObject({
      code: 'RTA_STORE_UNAVAILABLE',
      message: 'the audit file: ENOENT',
    });
  });

  test('keeps the order of calls that do not wait for one another', async () => {
    const path = newPath();
    await using log = await openFileAuditLog(path);
    await Promise.all([log.append([row(1)]), log.append([row(2), row(3)]), log.append([row(4)])]);
    expect((await log.last())?.sequence).toBe(4);
  });
});

describe.runIf(process.platform === 'linux')('an audit log on a disk that is full', () => {
  // Writing to /dev/full fails as a full disk does.
  let log: Awaited<ReturnType<typeof openFileAuditLog>>;
  beforeAll(async () => {
    log = await openFileAuditLog('/dev/full');
  });
  afterAll(() => log.close());

  test('refuses with the code of the port', async () => {
    await expect(log.append([row(1)])).rejects.toMatchObject({ code: 'RTA_STORE_FULL' });
    expect(await log.last()).toBeUndefined();
  });

  test('writes nothing behind half a row: where it cannot be taken out, the log takes no more', async () => {
    await expect(log.append([row(1)])).rejects.toMatchObject({ code: 'RTA_STORE_UNAVAILABLE' });
  });
});
