import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { loadAuditKey, publicKeyFile, readAuditKeys } from './audit-key.ts';

const root = await mkdtemp(join(tmpdir(), 'rta-audit-key-'));
afterAll(() => rm(root, { recursive: true }));
const newKeyFile = async (): Promise<string> => join(await mkdtemp(join(root, 'key-')), 'audit.key');

describe('the key of the audit log', () => {
  test('is made at the first start, for its owner only, and is the same at the next', async () => {
    const file = await newKeyFile();
    const first = await loadAuditKey(file);
    const second = await loadAuditKey(file);

    expect(second.publicKey).toEqual(first.publicKey);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readAuditKeys(publicKeyFile(file))).toEqual([first.publicKey]);
  });

  test('leaves the public keys of before where they are, when another one takes its place', async () => {
    const file = await newKeyFile();
    const first = await loadAuditKey(file);
    await rm(file);
    const second = await loadAuditKey(file);

    expect(await readAuditKeys(publicKeyFile(file))).toEqual([first.publicKey, second.publicKey]);
  });

  test('is refused where others can read it', async () => {
    const file = await newKeyFile();
    await loadAuditKey(file);
    await chmod(file, 0o640);

    await expect(loadAuditKey(file)).rejects.toMatchObject({ code: 'RTA_CONFIG_PERMISSIONS' });
  });

  test('is refused where the file holds none, which is not shown', async () => {
    const file = await newKeyFile();
    await writeFile(file, 'hunter2', { mode: 0o600 });

    const refused = await loadAuditKey(file).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'RTA_CONFIG_INVALID' });
    expect(String(refused)).not.toContain('hunter2');
  });

  test('is refused where it cannot be made', async () => {
    await expect(loadAuditKey(join(root, 'nowhere', 'audit.key'))).rejects.toMatchObject({
      code: 'RTA_CONFIG_FILE',
    });
  });

  test('does not write over a key set that it cannot read', async () => {
    const file = await newKeyFile();
    await writeFile(publicKeyFile(file), 'mine');

    await expect(loadAuditKey(file)).rejects.toMatchObject({ code: 'RTA_AUDIT_KEYS' });
    expect(await readFile(publicKeyFile(file), 'utf8')).toBe('mine');
  });
});
