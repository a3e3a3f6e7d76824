import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFakeClock, storeContract } from '@rta/testkit';
import { afterAll } from 'vitest';
import { openLmdbStore } from '../src/index.ts';

const folder = await mkdtemp(join(tmpdir(), 'rta-store-lmdb-'));
afterAll(() => rm(folder, { recursive: true }));

const clock = createFakeClock();

storeContract({
  name: 'the store in LMDB',
  open: (place) => openLmdbStore({ path: join(folder, place), clock }),
  now: () => clock.now(),
  advance: (ms) => clock.advance(ms),
});
