import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { crash } from './crash/crash.ts';

// `npx pnpm@12 crash` does this fifty times.
test('what was acknowledged survives a process that is killed in the middle of its work', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rta-crash-'));
  try {
    const report = await crash({
      folder: join(folder, 'store'),
      rounds: 8,
      operations: 600,
      seed: 20_260_101,
    });
    expect(report.lost).toEqual([]);
    expect(report.torn).toEqual([]);
    expect(report.kills).toBeGreaterThan(3);
    expect(report.acknowledged).toBeGreaterThan(report.kills);
  } finally {
    await rm(folder, { recursive: true });
  }
}, 120_000);
