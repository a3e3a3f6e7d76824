import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sessionIdFromBytes } from '@rta/core';
import { encodeToken, type KeyRing } from '@rta/token';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadTokenKeys } from './token-keys.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rta-keys-'));
});
afterAll(() => rm(folder, { recursive: true }));

const tokenOf = ({ signer }: KeyRing): Uint8Array =>
  encodeToken(
    { sessionId: sessionIdFromBytes(new Uint8Array(16)), contextHash: new Uint8Array(32), issuedAtMs: 1 },
    signer,
  );

describe.each(['hmac-sha256', 'ed25519'] as const)('keys of suite %s', (suite) => {
  test('are drawn at random where no file is named [T-3.5]', async () => {
    const [one, other] = await Promise.all([1, 2].map(() => loadTokenKeys({ suite, keyId: 1 })));
    if (one === undefined || other === undefined) throw new Error('expected two key rings');

    expect(one.verify(tokenOf(one)).keyId).toBe(1);
    expect(() => other.verify(tokenOf(one))).toThrow(
      expect.objectContaining({ code: 'RTA_TOKEN_SIGNATURE' }),
    );
  });

  test('come from a file, the same on every node that has it', async () => {
    const keyFile = join(folder, `${suite}.key`);
    await writeFile(keyFile, `${Buffer.alloc(32, 7).toString('base64url')}\n`);
    const one = await loadTokenKeys({ suite, keyId: 5, keyFile });
    const other = await loadTokenKeys({ suite, keyId: 5, keyFile });

    expect(other.verify(tokenOf(one)).keyId).toBe(5);
  });

  test.each([
    ['too short', Buffer.alloc(31, 7).toString('base64url'), 'RTA_CONFIG_INVALID'],
    ['not base64url', 'a secret with spaces in it, 43 characters long', 'RTA_CONFIG_INVALID'],
    ['nothing but zeros', Buffer.alloc(32).toString('base64url'), 'RTA_TOKEN_KEY'],
  ])('are refused where the file is %s, and not shown', async (name, text, code) => {
    const keyFile = join(folder, `${name}.key`);
    await writeFile(keyFile, text);
    const failure = await loadTokenKeys({ suite, keyId: 1, keyFile }).catch((error: unknown) => error);

    expect(failure).toMatchObject({ code });
    expect(String(failure)).not.toContain(text);
  });
});
