import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { makeSealedLog } from './sealed-log.ts';
import { createPick, tamperWith, verifyUntouched } from './tamper-trials.ts';
import { TAMPERINGS } from './tamperings.ts';

const folder = await mkdtemp(join(tmpdir(), 'rta-tamper-'));
afterAll(() => rm(folder, { recursive: true }));
const file = join(folder, 'audit.jsonl');
const rows = makeSealedLog(300);

test('a log that nobody touched verifies', async () => {
  expect(await verifyUntouched(rows, file)).toMatchObject({
    ok: true,
    findings: [],
    sealed: { sequence: 305 },
  });
});

test.each(TAMPERINGS.map((tampering) => [tampering.name, tampering] as const))(
  'somebody without the key may %s: it is found each time [I7]',
  async (_, tampering) => {
    const pick = createPick(7);
    const tally = await tamperWith({
      rows,
      tampering,
      times: 20,
      isAnchored: tampering.needsAnchor,
      pick,
      file,
    });
    expect(tally).toEqual({ tried: 20, found: 20 });
  },
);
