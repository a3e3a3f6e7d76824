/**
 * The histories of `@rta/histories`, kept by the keepers of a node and come back to from each store: 20,000 where `CI`
 * is set and 300 elsewhere. The seed is printed with the result, and with a failure:
 * `RTA_HISTORY_SEED=<seed> RTA_HISTORY_FIRST=<number> RTA_HISTORY_COUNT=1` runs that history again.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { firstFailure, runHistories, type Span, type StartNode, spanOf } from '@rta/histories';
import { describeWith, redis, startRedis } from '@rta/services';
import { describe, expect, onTestFinished, test } from 'vitest';
import { forgetful, losing, reordering } from './broken-media.ts';
import { keepInStores, type Medium } from './keep-in-stores.ts';
import { inLmdb, inMemory, inRedis } from './places.ts';
import { openTogether, type Place, type StoresTogether } from './stores-together.ts';

const FEW: Span = { seed: 1, first: 0, count: 100 };
const COUNTS = { few: 300, many: 20_000 };
/** Histories that wait for the stores together. */
const AT_ONCE = 500;

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'rta-histories-'));
  onTestFinished(() => rm(made, { recursive: true }));
  return made;
}

/** Starts nodes on these stores, each for a history of its own. */
function startOn(stores: StoresTogether, mediumOf?: () => Medium): StartNode {
  let count = 0;
  return (options) => {
    const turn = count++;
    const medium = mediumOf === undefined ? {} : { medium: mediumOf() };
    return keepInStores(options, { stores, name: `${turn}`, turn, ...medium });
  };
}

async function runOver(places: readonly Place[], span: Span): Promise<void> {
  expect(span.count).toBeGreaterThan(0);
  await using stores = await openTogether(places);
  const startedMs = performance.now();
  await runHistories(span, { start: startOn(stores), atOnce: AT_ONCE });
  const seconds = Math.round((performance.now() - startedMs) / 1_000);
  const names = places.map(({ name }) => name).join(', ');
  process.stdout.write(`${span.count} histories on each of ${names}, seed ${span.seed}, ${seconds} s\n`);
}

test('a node that breaks off goes on as it should from memory and from LMDB, which have the same', async () => {
  await runOver([inMemory(), inLmdb(await folder())], FEW);
}, 60_000);

await describeWith(redis, 'a node that breaks off', () => {
  test('goes on as it should from memory, LMDB and Redis, which have the same', async () => {
    await using server = await startRedis();
    const span = spanOf(process.env, COUNTS);
    await runOver([inMemory(), inLmdb(await folder()), inRedis(server.url)], span);
  }, 1_200_000);
});

describe('histories find out', () => {
  test.each([
    ['where the opening or narrowing of a session is lost', () => losing('put')],
    ['where the end of a session is lost', () => losing('delete')],
    ['where a signal is lost', () => losing('update')],
    ['where two writes to a session change places', () => reordering],
    ['where a session comes back as it was before its last write', forgetful],
  ])('%s', async (_, mediumOf) => {
    await using stores = await openTogether([inMemory()]);
    const start = startOn(stores, mediumOf);
    const failed = await firstFailure({ seed: 1, first: 0, count: 400 }, { start, atOnce: 50 });
    // It is the model that says so.
    expect(String(failed?.error)).toMatch(/not so|expected/);
  });
});
