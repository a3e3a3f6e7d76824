import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sessionIdFromBytes } from '@rta/core';
import { createFakeClock } from '@rta/testkit';
import { createKeyRing, DEFAULT_ROTATION, encodeToken, type KeySet } from '@rta/token';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Config } from './config.ts';
import { openTokenKeyFolder, openTokenKeySource } from './token-keys.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rta-keys-'));
});
afterAll(() => rm(folder, { recursive: true }));

const clock = createFakeClock();
const tokenOf = ({ current }: KeySet): Uint8Array =>
  encodeToken(
    { sessionId: sessionIdFromBytes(new Uint8Array(16)), contextHash: new Uint8Array(32), issuedAtMs: 1 },
    current,
  );

/** Opens a source, and keeps what is logged. */
function opened(tokens: Config['tokens']) {
  const log: string[] = [];
  const logger = pino({}, { write: (line) => void log.push((JSON.parse(line) as { msg: string }).msg) });
  return { source: openTokenKeySource(tokens, clock, logger), log };
}

describe.each(['hmac-sha256', 'ed25519'] as const)('keys of suite %s', (suite) => {
  test('are drawn at random where no folder is named, which is logged once [T-3.5]', async () => {
    const one = opened({ ...DEFAULT_ROTATION, suite });
    const other = opened({ ...DEFAULT_ROTATION, suite });
    const token = tokenOf(await one.source.load());
    const ring = createKeyRing(await other.source.load());

    expect(createKeyRing(await one.source.load()).verify(token)).toMatchObject({ keyId: 1, suite });
    expect(() => ring.verify(token)).toThrow(expect.objectContaining({ code: 'RTA_TOKEN_SIGNATURE' }));
    expect(one.log).toEqual([
      'tokens.keyFolder is not set: the key that signs tokens is good here, until the next start',
    ]);
  });

  test('come from a folder, the same on every node that has it', async () => {
    const tokens = { ...DEFAULT_ROTATION, suite, keyFolder: join(folder, suite) };
    await using made = openTokenKeyFolder(tokens, clock);
    await made.create();
    await using one = opened(tokens).source;
    await using other = opened(tokens).source;

    expect(createKeyRing(await other.load()).verify(tokenOf(await one.load()))).toMatchObject({
      keyId: 1,
      suite,
    });
  });
});

test.each([
  ['never', [1], []],
  [DEFAULT_ROTATION.rotateEveryMs, [1], [2]],
] as const)('keys that rotate every %s ms do as they are told', async (rotateEveryMs, current, announced) => {
  const own = createFakeClock();
  const tokens = {
    ...DEFAULT_ROTATION,
    rotateEveryMs,
    suite: 'ed25519' as const,
    keyFolder: join(folder, `every-${rotateEveryMs}`),
  };
  await using keys = openTokenKeyFolder(tokens, own);
  await keys.create();
  await keys.load();
  keys.watch(() => undefined);
  own.advance(40 * 86_400_000);
  await keys.list();

  const { keys: listed } = await keys.list();
  const idsIn = (state: string): number[] =>
    listed.filter((key) => key.state === state).map(({ keyId }) => keyId);
  expect([idsIn('current'), idsIn('announced')]).toEqual([current, announced]);
});
