import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_ROTATION } from '@rta/token';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Config } from './config.ts';
import { type KeysOutcome, parseKeysCommand, runKeysCommand } from './keys-command.ts';

const parse = (words: readonly string[], now = false, reason?: string) =>
  parseKeysCommand({ words, now, reason });

describe('the words after keys', () => {
  test.each([
    [['list'], false, undefined, { name: 'list' }],
    [['create'], false, undefined, { name: 'create' }],
    [['rotate'], false, undefined, { name: 'rotate', now: false }],
    [['rotate'], true, undefined, { name: 'rotate', now: true }],
    [['retire', '0'], false, undefined, { name: 'retire', keyId: 0 }],
    [['revoke', '7'], false, 'leaked', { name: 'revoke', keyId: 7, reason: 'leaked' }],
  ])('%j, --now %j, --reason %j', (words, now, reason, command) => {
    expect(parse(words, now, reason)).toEqual(command);
  });

  test.each([
    [[], false, undefined],
    [['delete'], false, undefined],
    [['list', '1'], false, undefined],
    [['list'], true, undefined],
    [['rotate'], false, 'because'],
    [['retire'], false, undefined],
    [['retire', '07'], false, undefined],
    [['retire', '-1'], false, undefined],
    [['retire', '1', '2'], false, undefined],
    [['revoke', '1'], false, undefined],
    [['revoke', '1'], false, '  '],
    [['revoke', '1e3'], false, 'leaked'],
    [['revoke'], false, 'leaked'],
  ])('that are not understood: %j, --now %j, --reason %j', (words, now, reason) => {
    expect(parse(words, now, reason)).toBeUndefined();
  });
});

/** A folder of keys that is not there yet, and the command for it. */
async function folderOfKeys(): Promise<{
  readonly tokens: Config['tokens'] & { readonly keyFolder: string };
  run(words: readonly string[], reason?: string): Promise<KeysOutcome>;
}> {
  const folder = await mkdtemp(join(tmpdir(), 'rta-keys-command-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const tokens = { ...DEFAULT_ROTATION, suite: 'hmac-sha256' as const, keyFolder: join(folder, 'keys') };
  return {
    tokens,
    async run(words, reason) {
      const command = parse(words, false, reason);
      if (command === undefined) throw new Error(`not understood: ${words.join(' ')}`);
      return runKeysCommand(command, tokens);
    },
  };
}

describe('the command', () => {
  test('makes, rotates, retires, revokes and lists, and says what it did', async () => {
    const { run } = await folderOfKeys();
    expect(await run(['create'])).toMatchObject({ json: { created: 1 }, failed: false });
    expect((await run(['rotate'])).json).toMatchObject({ next: 2 });
    expect(await run(['revoke', '1'], 'leaked')).toEqual({
      text: 'revoked key 1: its tokens are refused, and it is removed\nkey 2 signs from now on\n',
      json: { revoked: 1, wasRevoked: false, successor: 2 },
      failed: false,
    });
    expect((await run(['revoke', '1'], 'leaked')).json).toEqual({ revoked: 1, wasRevoked: true });
    await run(['rotate']);
    expect((await run(['retire', '3'])).text).toBe('tokens of key 3 are refused from now on\n');

    const { text, json, failed } = await run(['list']);

    expect(json).toMatchObject({
      keys: [
        { keyId: 1, state: 'revoked', reason: 'leaked' },
        { keyId: 2, state: 'current', suite: 'hmac-sha256' },
        { keyId: 3, state: 'retired' },
      ],
      faults: [],
    });
    expect(text.split('\n').map((line) => line.trim().split(/\s+/).slice(0, 2))).toEqual([
      ['1', 'revoked'],
      ['2', 'current'],
      ['3', 'retired'],
      [''],
    ]);
    expect(failed).toBe(false);
  });

  test('lists what it can, and what is wrong, and shows no secret', async () => {
    const { run, tokens } = await folderOfKeys();
    await run(['create']);
    const secret = 'A'.repeat(43);
    await writeFile(join(tokens.keyFolder, '2.json'), `{"keyId":2,"secret":"${secret}"}`, { mode: 0o600 });
    await appendFile(join(tokens.keyFolder, '3.revoked.json'), '');

    const { text, json, failed } = await run(['list']);

    expect(json).toMatchObject({
      keys: [
        { keyId: 1, state: 'current' },
        { keyId: 2, state: 'unreadable' },
        { keyId: 3, state: 'revoked' },
      ],
      faults: [expect.stringContaining('2.json')],
    });
    expect(failed).toBe(true);
    expect(`${text}${JSON.stringify(json)}`).not.toContain(secret);
  });

  test('prints a reason so that it cannot speak for the command', async () => {
    const { run } = await folderOfKeys();
    await run(['create']);
    await run(['revoke', '1'], 'leaked\n         9  current');

    expect((await run(['list'])).text.split('\n')).toHaveLength(3);
  });

  test('needs a folder in the configuration', async () => {
    const tokens = { ...DEFAULT_ROTATION, suite: 'hmac-sha256' as const };

    await expect(runKeysCommand({ name: 'list' }, tokens)).rejects.toMatchObject({
      code: 'RTA_CONFIG_INVALID',
    });
  });
});
