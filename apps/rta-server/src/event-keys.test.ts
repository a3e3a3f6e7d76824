import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { loadEventKeys } from './event-keys.ts';

const root = await mkdtemp(join(tmpdir(), 'rta-event-keys-'));
afterAll(() => rm(root, { recursive: true }));
const keysOf = async (one: string): Promise<unknown[]> =>
  (JSON.parse(await readFile(one, 'utf8')) as { keys: unknown[] }).keys;
const newFile = async (): Promise<string> => join(await mkdtemp(join(root, 'key-')), 'events.key');

describe('the keys of security events', () => {
  test('are made at the first start, for their owner only, and are the same at the next', async () => {
    const file = await newFile();
    const [first] = await loadEventKeys(file);
    const [second] = await loadEventKeys(file);

    expect(first.algorithm).toBe('RS256');
    expect(second.publicJwk).toEqual(first.publicJwk);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  test('sign by the first, and publish all', async () => {
    const file = await newFile();
    const [old] = await loadEventKeys(file);
    const other = await newFile();
    const [next] = await loadEventKeys(other);
    await writeFile(file, JSON.stringify({ keys: [...(await keysOf(other)), ...(await keysOf(file))] }));

    expect((await loadEventKeys(file)).map(({ keyId }) => keyId)).toEqual([next.keyId, old.keyId]);
  });

  test('are refused where others can read them', async () => {
    const file = await newFile();
    await loadEventKeys(file);
    await chmod(file, 0o644);

    await expect(loadEventKeys(file)).rejects.toMatchObject({ code: 'RTA_CONFIG_PERMISSIONS' });
  });

  test.each([
    ['no JSON', 'hunter2'],
    ['no keys', '{"keys":[]}'],
    ['a public key', '{"keys":[{"kty":"EC","crv":"P-256","kid":"hunter2","alg":"ES256","x":"a","y":"b"}]}'],
  ])('are refused where the file holds %s, which is not shown', async (_what, text) => {
    const file = await newFile();
    await writeFile(file, text, { mode: 0o600 });

    const refused = await loadEventKeys(file).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'RTA_CONFIG_INVALID' });
    expect(String(refused)).not.toContain('hunter2');
  });
});
