import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type AuditRecord, type AuditRow, auditKeySet, createChainWriter } from '@rta/audit';
import { openFileAuditLog } from '@rta/store-file';
import { createEd25519Key } from '@rta/token';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const START_MS = Date.UTC(2026, 0, 1);
const signer = createEd25519Key({ keyId: 0, privateKey: Uint8Array.from({ length: 32 }, (_, i) => i + 1) });

const folder = await mkdtemp(join(tmpdir(), 'rta-audit-command-'));
const log = join(folder, 'audit.jsonl');
const keys = join(folder, 'audit.pub');
const rows: AuditRow[] = [];

function run(...parameters: string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const args = ['--conditions=rta-source', MAIN, 'audit', ...parameters];
    execFile(process.execPath, args, { cwd: folder }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : error.code, stdout, stderr }),
    );
  });
}

const keep = (row: AuditRow | undefined): void => void (row === undefined || rows.push(row));
const sequencesOf = (stdout: string): number[] =>
  stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => (JSON.parse(line) as { sequence: number }).sequence);

beforeAll(async () => {
  const who = { subject: { issuer: 'https://idp.example', sub: 'alice' }, generation: 1 } as const;
  const records: AuditRecord[] = [
    { kind: 'exchange', outcome: 'ok', session: 's1', actors: ['copilot'], ...who },
    { kind: 'delegation', outcome: 'ok', session: 's2', parent: 's1', actors: ['copilot', 'coder'], ...who },
    ...Array.from({ length: 30 }, (_, index): AuditRecord => {
      const resource = { type: 'File', id: index === 0 ? 'a\u001b[2J.txt' : `${index}.txt` };
      const outcome = index % 2 === 0 ? 'permit' : 'deny';
      return {
        kind: 'decision',
        outcome,
        session: 's2',
        parent: 's1',
        actors: ['copilot', 'coder'],
        ...who,
        action: 'files.read',
        resource,
        cause: 'policy',
      };
    }),
    {
      kind: 'decision',
      outcome: 'permit',
      session: 's3',
      subject: { issuer: 'https://idp.example', sub: 'bob' },
      actors: ['coder'],
    },
  ];
  const chain = createChainWriter({ node: 'node-1', signer, everyRows: 10 });
  keep(chain.seal('start', START_MS));
  for (const [index, record] of records.entries()) {
    keep(chain.add(record, START_MS + index * 1_000));
    if (chain.isSealDue) keep(chain.seal('rows', START_MS + index * 1_000));
  }
  keep(chain.seal('stop', START_MS + 60_000));
  await using file = await openFileAuditLog(log, { segmentBytes: 3_000 });
  for (const row of rows) await file.append([row]);
  await writeFile(keys, JSON.stringify(auditKeySet([signer.publicKey])));
});

afterAll(() => rm(folder, { recursive: true }));

describe('rta-server audit verify', () => {
  test('ends with 0 for a log that nobody touched, in all its files', async () => {
    const { code, stdout } = await run('verify', '--file', log, '--key', keys, '--json');

    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: true,
      rowCount: 38,
      last: { sequence: 38, hash: rows[37]?.hash },
      sealed: { sequence: 38 },
      checkpointCount: 5,
      findings: [],
    });
  });

  test('ends with 1 and says what and where for one that was edited', async () => {
    const file = join(folder, 'edited.jsonl');
    await writeFile(file, (await readFile(log, 'utf8')).replace('bob', 'eve'));

    const { code, stdout } = await run('verify', '--file', file, '--key', keys);
    expect(code).toBe(1);
    expect(stdout).toContain('fault  row 37  edited: the line or the hash of the row was changed');
    expect(stdout).toContain('note  row');
  });

  test('ends with 1 where the end was cut off behind a place that was noted', async () => {
    const hash = rows[37]?.hash ?? '';
    expect((await run('verify', '--file', log, '--expect-sequence', '38', '--expect-hash', hash)).code).toBe(
      0,
    );
    expect((await run('verify', '--file', log, '--expect-sequence', '38', '--expect-hash', 'x')).code).toBe(
      1,
    );
    expect((await run('verify', '--file', log, '--expect-sequence', '39')).code).toBe(1);
  });

  test('ends with 1 and the code of what went wrong where there is no log, or no key', async () => {
    expect(await run('verify', '--file', 'nowhere.jsonl')).toMatchObject({
      code: 1,
      stderr: 'rta-server: RTA_STORE_UNAVAILABLE: the audit file: ENOENT\n',
    });
    expect((await run('verify', '--file', log, '--key', log)).stderr).toContain('RTA_AUDIT_KEYS');
  });
});

describe('rta-server audit query', () => {
  test('finds a session with what was delegated from it, newest first, up to a limit', async () => {
    const { stdout } = await run(
      'query',
      '--file',
      log,
      '--session',
      's1',
      '--newest',
      '--limit',
      '3',
      '--json',
    );
    expect(sequencesOf(stdout)).toEqual([36, 35, 33]);
  });

  test('finds by person, kind, outcome and time together', async () => {
    const filters = [
      '--person',
      'alice',
      '--kind',
      'decision',
      '--outcome',
      'deny',
      '--to',
      '2026-01-01T00:00:06Z',
    ];
    expect(sequencesOf((await run('query', '--file', log, ...filters, '--json')).stdout)).toEqual([5, 7]);
  });

  test('goes on behind a line that is no row, and says so', async () => {
    const file = join(folder, 'damaged.jsonl');
    await writeFile(file, (await readFile(log, 'utf8')).replace(/"record"(?=.*"stop")/, '"rekord"'));
    const { stdout, stderr } = await run('query', '--file', file, '--person', 'bob', '--newest', '--json');
    expect(sequencesOf(stdout)).toEqual([37]);
    expect(stderr).toBe('1 line(s) hold no record: verify the log\n');
  });

  test('shows records to people, and sends nothing to their terminal that an agent made up', async () => {
    const { stdout } = await run(
      'query',
      '--file',
      log,
      '--actor',
      'coder',
      '--action',
      'files.read',
      '--limit',
      '1',
    );
    expect(stdout).toBe(
      '2026-01-01T00:00:02.000Z  4  decision  permit  alice → copilot → coder  files.read  File::a\\u{1b}[2J.txt  policy\n',
    );
  });
});

describe('rta-server audit export', () => {
  test('gives rows as they stand there: what was exported verifies', async () => {
    const { stdout } = await run('export', '--file', log);
    const copy = join(folder, 'copy.jsonl');
    await writeFile(copy, stdout);
    expect((await run('verify', '--file', copy, '--key', keys)).code).toBe(0);
  });

  test('gives OCSF events', async () => {
    const { stdout } = await run('export', '--file', log, '--person', 'bob', '--format', 'ocsf');
    expect(JSON.parse(stdout)).toMatchObject({
      class_uid: 6003,
      actor: { user: { uid: 'bob' }, app_uid: 'coder' },
    });
  });
});

describe('rta-server audit', () => {
  test('explains itself', async () => {
    expect(await run('--help')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('rta-server audit verify'),
    });
    expect(await run('query', '--help')).toMatchObject({ code: 0, stderr: '' });
  });

  test('does not guess', async () => {
    expect(await run('verify', '--person', 'alice')).toMatchObject({ code: 2, stdout: '' });
  });
});
