import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test, vi } from 'vitest';
import { describeWith, redis, startRedis, startRedisPair } from '../src/index.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

const OWNER = fileURLToPath(new URL('./owner.ts', import.meta.url));

await describeWith(redis, 'a Redis for tests', () => {
  test('answers, and is gone with its files when it is closed', async () => {
    const server = await startRedis();
    expect(await server.command('PING')).toBe('PONG');
    const [, folder] = (await server.command('CONFIG', 'GET', 'dir')) as string[];
    expect(existsSync(String(folder))).toBe(true);
    await server.close();
    await server.close();
    expect(existsSync(String(folder))).toBe(false);
    await expect(server.command('PING')).rejects.toThrow();
  });

  test('that persists keeps what it acknowledged when it is killed, on the same port', async () => {
    await using server = await startRedis({ persistence: 'always', password: 'secret' });
    await server.command('SET', 'k', 'v');
    await server.kill();
    await server.start();
    expect(await server.command('GET', 'k')).toBe('v');
    expect(server.url).toBe(`redis://:secret@127.0.0.1:${server.port}`);
  });

  test('that does not persist comes back empty', async () => {
    await using server = await startRedis();
    await server.command('SET', 'k', 'v');
    await server.restart();
    expect(await server.command('GET', 'k')).toBeNull();
  });

  test('says why it does not start', async () => {
    await expect(startRedis({ config: { maxmemory: 'plenty' } })).rejects.toMatchObject({
      code: 'RTA_SERVICES_START',
      message: expect.stringContaining('maxmemory'),
    });
  });

  test('has a replica that takes over', async () => {
    await using pair = await startRedisPair();
    await pair.primary.command('SET', 'k', 'v');
    await pair.primary.command('WAIT', 1, 0);
    await pair.primary.kill();
    await expect(pair.replica.command('SET', 'k', 'w')).rejects.toThrow('READONLY');
    await pair.promote();
    expect(await pair.replica.command('GET', 'k')).toBe('v');
    expect(await pair.replica.command('SET', 'k', 'w')).toBe('OK');
  });

  test('ends with the process that started it, though that is killed', async () => {
    const owner = spawn(process.execPath, ['--conditions=rta-source', OWNER], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(createInterface(owner.stdout), 'line')) as [string];
    const { processId, folder } = JSON.parse(line) as { processId: number; folder: string };
    expect(isAlive(processId)).toBe(true);
    owner.kill('SIGKILL');
    await expect.poll(() => isAlive(processId) || existsSync(folder), { timeout: 10_000 }).toBe(false);
  });
});

function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch {
    return false;
  }
}

test('a program that is named and does not start is not passed over', async () => {
  vi.stubEnv('RTA_REDIS_SERVER', '/nowhere/redis-server');
  expect(await redis.obtain()).toMatchObject({
    available: false,
    because: 'RTA_REDIS_SERVER does not start',
    install: expect.stringContaining('apt-get install redis-server'),
  });
  await expect(startRedis()).rejects.toMatchObject({ code: 'RTA_SERVICES_UNAVAILABLE' });
});
