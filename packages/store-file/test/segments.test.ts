import { appendFile, copyFile, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuditRow } from '@rta/store';
import { afterAll, describe, expect, test } from 'vitest';
import { openAuditFiles, openFileAuditLog, readBack } from '../src/index.ts';

const root = await mkdtemp(join(tmpdir(), 'rta-segments-'));
afterAll(() => rm(root, { recursive: true }));

const row = (sequence: number) => ({ sequence, line: `{"n":${sequence}}`, hash: `hash-${sequence}` });
const rows = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => row(from + index));

/** A log of 20 rows in files of at most 10 rows of some 46 bytes. */
async function makeLog(): Promise<{ folder: string; path: string }> {
  const folder = await mkdtemp(join(root, 'log-'));
  const path = join(folder, 'audit.jsonl');
  await using log = await openFileAuditLog(path, { segmentBytes: 460 });
  for (const one of rows(1, 20)) await log.append([one]);
  return { folder, path };
}

async function collect(source: AsyncIterable<AuditRow>): Promise<number[]> {
  const sequences: number[] = [];
  for await (const { sequence } of source) sequences.push(sequence);
  return sequences;
}

describe('a log in several files', () => {
  test('goes on in a new file when one is full; each begins with the row before it', async () => {
    const { folder, path } = await makeLog();

    expect((await readdir(folder)).sort()).toEqual([
      'audit.000001.jsonl',
      'audit.000002.jsonl',
      'audit.jsonl',
    ]);
    const [first] = (await readFile(join(folder, 'audit.000001.jsonl'), 'utf8')).split('\n');
    const [begin] = (await readFile(path, 'utf8')).split('\n');
    expect(first).toBe('{"sequence":1,"hash":"hash-1","record":{"n":1}}');
    expect(begin).toMatch(/^\{"after":\{"sequence":1\d,"hash":"hash-1\d"\}\}$/);
  });

  test('is read across, from any row on, by the log and by those who only read', async () => {
    const { path } = await makeLog();
    await using log = await openFileAuditLog(path, { segmentBytes: 460 });
    await using files = await openAuditFiles(path);

    for (const from of [1, 5, 10, 11, 15, 20, 21]) {
      const expected = rows(from, 20).map(({ sequence }) => sequence);
      expect(await collect(log.read({ fromSequence: from }))).toEqual(expected);
      expect(await collect(files.read({ fromSequence: from }))).toEqual(expected);
    }
    expect(await files.last()).toEqual(row(20));
    expect(files.after).toBeUndefined();
    expect(await collect(readBack(files, { firstSequence: 1 }))).toEqual(
      rows(1, 20).map((one) => 21 - one.sequence),
    );
    expect(await collect(readBack(files, { firstSequence: 1, beforeSequence: 4 }))).toEqual([3, 2, 1]);
  });

  test('goes on after a restart, also where the newest file holds no row yet', async () => {
    const { folder, path } = await makeLog();
    const [begin = ''] = (await readFile(path, 'utf8')).split('\n');
    await rename(path, join(folder, 'audit.000003.jsonl'));
    await writeFile(path, `${begin}\n`.replaceAll(/1\d/g, '20'));
    {
      await using log = await openFileAuditLog(path, { segmentBytes: 460 });
      expect(await log.last()).toEqual(row(20));
      await log.append([row(21)]);
    }
    await using files = await openAuditFiles(path);
    expect(await collect(files.read())).toEqual(rows(1, 21).map(({ sequence }) => sequence));
  });

  test.each(['is not there', 'is empty', 'has half a first line'])(
    'loses nothing to a crash after which the newest file %s',
    async (state) => {
      const { folder, path } = await makeLog();
      await rename(path, join(folder, 'audit.000003.jsonl'));
      if (state !== 'is not there') await writeFile(path, state === 'is empty' ? '' : '{"after":{"seq');

      await using log = await openFileAuditLog(path, { segmentBytes: 460 });
      expect(await log.last()).toEqual(row(20));
      await log.append([row(21)]);
      expect(await collect(log.read())).toEqual(rows(1, 21).map(({ sequence }) => sequence));
    },
  );

  test('can be shortened from the front: what is left says what came before', async () => {
    const { folder, path } = await makeLog();
    await rm(join(folder, 'audit.000001.jsonl'));

    await using files = await openAuditFiles(path);
    const [first = 0] = await collect(files.read());
    expect(first).toBeGreaterThan(1);
    expect(files.after).toEqual({ sequence: first - 1, hash: `hash-${first - 1}` });
    await using log = await openFileAuditLog(path, { segmentBytes: 460 });
    await log.append([row(21)]);
    expect((await log.last())?.sequence).toBe(21);
  });

  test('does not take files of another name for its own', async () => {
    const { folder, path } = await makeLog();
    await copyFile(path, join(folder, 'audit.1.jsonl'));
    await copyFile(path, join(folder, 'other.000001.jsonl'));
    await copyFile(path, join(folder, 'audit.000009.jsonl.gz'));

    await using files = await openAuditFiles(path);
    expect(files.files.map((file) => file.slice(folder.length + 1))).toEqual([
      'audit.000001.jsonl',
      'audit.000002.jsonl',
      'audit.jsonl',
    ]);
  });

  test('takes a batch that is larger than a file', async () => {
    const path = join(await mkdtemp(join(root, 'log-')), 'audit.jsonl');
    await using log = await openFileAuditLog(path, { segmentBytes: 100 });
    await log.append(rows(1, 50));
    await log.append(rows(51, 60));
    expect(await collect(log.read())).toEqual(rows(1, 60).map(({ sequence }) => sequence));
  });

  test.each([0, -1, 1.5])('is not opened with files of %s bytes', async (segmentBytes) => {
    await expect(openFileAuditLog(join(root, 'x.jsonl'), { segmentBytes })).rejects.toThrow(RangeError);
  });
});

async function linesOf(path: string): Promise<(number | 'no row' | 'cut off')[]> {
  await using files = await openAuditFiles(path);
  const found: (number | 'no row' | 'cut off')[] = [];
  for await (const { row: one, isCutOff } of files.lines()) {
    found.push(one?.sequence ?? (isCutOff ? 'cut off' : 'no row'));
  }
  return found;
}

describe('files that are only read', () => {
  test('stay as they are, also with half a line at their end', async () => {
    const { path } = await makeLog();
    await appendFile(path, '{"sequence":21,"ha');
    const before = await readFile(path);

    expect((await linesOf(path)).slice(-2)).toEqual([20, 'cut off']);
    expect(await readFile(path)).toEqual(before);
  });

  test.each([
    ['a line that is no row', Buffer.from('{"sequence":21}\n')],
    [
      'bytes that are no UTF-8',
      Buffer.from([
        ...Buffer.from('{"sequence":21,"hash":"h","record":{"t":"'),
        0xff,
        ...Buffer.from('"}}\n'),
      ]),
    ],
    ['a byte order mark in front of a row', Buffer.from('\uFEFF{"sequence":21,"hash":"h","record":{}}\n')],
    ['blanks behind a row', Buffer.from('{"sequence":21,"hash":"h","record":{}} \n')],
    [
      'a line without an end in sight',
      Buffer.from(`{"sequence":21,"hash":"h","record":"${'x'.repeat(300_000)}"}\n`),
    ],
    ['a first line in the middle', Buffer.from('{"after":{"sequence":20,"hash":"h"}}\n')],
  ])('show %s, and what stands behind it', async (_, bytes) => {
    const { path } = await makeLog();
    await appendFile(path, bytes);
    await appendFile(path, '{"sequence":22,"hash":"h","record":{}}\n');

    expect((await linesOf(path)).slice(-3)).toEqual([20, 'no row', 22]);
  });

  test.each([
    ['another hash', '"hash":"hash-1', '"hash":"hosh-1'],
    ['another row', '"sequence":1', '"sequence":2'],
    ['another spelling', '{"after":', '{ "after":'],
  ])('show a file that names %s for the one before it', async (_, from, to) => {
    const { path } = await makeLog();
    const text = await readFile(path, 'utf8');
    const [begin = '', ...rest] = text.split('\n');
    await writeFile(path, [begin.replace(from, to), ...rest].join('\n'));

    expect((await linesOf(path)).filter((line) => typeof line === 'string')).toEqual(['no row']);
  });

  test('are refused as a log where a line is no row', async () => {
    const { path } = await makeLog();
    await appendFile(path, 'no row\n');
    await using files = await openAuditFiles(path);
    await expect(collect(files.read())).rejects.toMatchObject({ code: 'RTA_STORE_MALFORMED' });
  });

  test('must be there', async () => {
    await expect(openAuditFiles(join(root, 'nowhere.jsonl'))).rejects.toMatchObject({
      code: 'RTA_STORE_UNAVAILABLE',
    });
  });

  test('are found in a large file without reading all of it', async () => {
    const path = join(await mkdtemp(join(root, 'log-')), 'audit.jsonl');
    await using log = await openFileAuditLog(path);
    await log.append(rows(1, 20_000));
    await using files = await openAuditFiles(path);
    for (const from of [1, 2, 9_999, 10_000, 19_999, 20_000]) {
      const [first] = await collect(files.read({ fromSequence: from }));
      expect(first).toBe(from);
    }
    expect(await files.last()).toEqual(row(20_000));
    expect(await collect(readBack(files, { firstSequence: 1 }))).toEqual(
      rows(1, 20_000).map((one) => 20_001 - one.sequence),
    );
  });
});
