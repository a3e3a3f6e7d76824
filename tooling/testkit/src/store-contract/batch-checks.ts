import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { COLLECTION_NAMES, type RecordWrite, type Store } from '@rta/store';
import type { StoreCheck } from './check.ts';
import { assertRefused, collect, ifClaimed, ifSmall, nextTurn, openFresh } from './rows.ts';

/** Asserts that a collection holds these records and no others. */
async function assertHolds(store: Store, name: RecordWrite['collection'], expected: object): Promise<void> {
  assert.deepEqual(Object.fromEntries(await collect(store[name].entries())), expected, name);
}

/** A batch with a write in its middle that cannot be taken. */
function around(wrong: RecordWrite): RecordWrite[] {
  return [
    { collection: 'sessions', key: 'before', record: { v: 2 } },
    { collection: 'sessions', key: 'deleted', record: undefined },
    wrong,
    { collection: 'subjects', key: 'after', record: { v: 2 } },
  ];
}

/** Reads two records again and again: the one that is read later is never the older one. */
async function readUntil(signal: AbortSignal, reader: Store): Promise<void> {
  while (!signal.aborted) {
    const first = Number((await reader.sessions.get('first'))?.['round'] ?? 0);
    const second = Number((await reader.subjects.get('second'))?.['round'] ?? 0);
    assert.ok(second >= first, 'whoever sees the first write of a batch sees the second');
    // A store that reads at once would leave the one that writes no turn.
    await nextTurn();
  }
}

/** Writes batches of two records while they are read. */
async function writeAndRead(writer: Store, reader: Store): Promise<void> {
  for (let round = 1; round <= 20; round++) {
    const written = new AbortController();
    const writing = writer
      .write([
        { collection: 'sessions', key: 'first', record: { round } },
        { collection: 'subjects', key: 'second', record: { round } },
      ])
      .finally(() => written.abort());
    await Promise.all([writing, readUntil(written.signal, reader)]);
  }
}

/** Several writes that are one. */
export const BATCH_CHECKS: readonly StoreCheck[] = [
  {
    name: 'a batch puts and deletes in all collections',
    async run(env) {
      await using store = await openFresh(env);
      for (const name of COLLECTION_NAMES) await store[name].put('old', { of: name });
      await store.write(
        COLLECTION_NAMES.flatMap((collection): RecordWrite[] => [
          { collection, key: 'old', record: undefined },
          { collection, key: 'absent', record: undefined },
          { collection, key: 'new', record: { of: collection } },
        ]),
      );
      for (const name of COLLECTION_NAMES) await assertHolds(store, name, { new: { of: name } });
    },
  },
  {
    name: 'a batch sets expiries as put does',
    async run(env) {
      await using store = await openFresh(env);
      await store.sessions.put('for good', { v: 1 }, { expiresAtMs: env.now() + 50 });
      await store.write([
        { collection: 'sessions', key: 'short', record: { v: 2 }, expiresAtMs: env.now() + 50 },
        { collection: 'sessions', key: 'for good', record: { v: 2 } },
      ]);
      assert.deepEqual(await store.sessions.get('short'), { v: 2 });
      await env.advance(100);
      await assertHolds(store, 'sessions', { 'for good': { v: 2 } });
    },
  },
  {
    name: 'of two writes to one record in a batch the later one counts',
    async run(env) {
      await using store = await openFresh(env);
      await store.write([
        { collection: 'sessions', key: 'put', record: undefined },
        { collection: 'sessions', key: 'put', record: { v: 1 }, expiresAtMs: env.now() + 50 },
        { collection: 'sessions', key: 'put', record: { v: 2 } },
        { collection: 'sessions', key: 'deleted', record: { v: 1 }, expiresAtMs: env.now() + 50 },
        { collection: 'sessions', key: 'deleted', record: undefined },
      ]);
      await env.advance(100);
      await assertHolds(store, 'sessions', { put: { v: 2 } });
    },
  },
  {
    name: 'a batch with one write that is refused writes nothing',
    async run(env) {
      await using store = await openFresh(env);
      await store.sessions.put('deleted', { v: 1 });
      const [collection, key] = ['changes', 'k'] as const;
      const large = { collection, key, record: { v: 'x'.repeat(262_144) } };
      await assertRefused(store.write(around(large)), 'RTA_STORE_TOO_LARGE');
      const long = { collection, key: 'k'.repeat(513), record: { v: 2 } };
      await assertRefused(store.write(around(long)), 'RTA_STORE_TOO_LARGE');
      const never = { collection, key, record: { v: 2 }, expiresAtMs: Number.POSITIVE_INFINITY };
      await assert.rejects(store.write(around(never)), RangeError);
      await assertHolds(store, 'sessions', { deleted: { v: 1 } });
      await assertHolds(store, 'changes', {});
      await assertHolds(store, 'subjects', {});
    },
  },
  {
    name: 'a batch that is too large is refused whole, and the largest one is taken',
    async run(env) {
      await using store = await openFresh(env);
      const writes = Array.from(
        { length: 1_025 },
        (_, index): RecordWrite => ({ collection: 'sessions', key: `k-${index}`, record: { index } }),
      );
      await assertRefused(store.write(writes), 'RTA_STORE_TOO_LARGE');
      // 33 records of 256 KiB less a few bytes have more than 8 MiB.
      const heavy = writes.slice(0, 33).map((write) => ({ ...write, record: { v: 'x'.repeat(262_000) } }));
      await assertRefused(store.write(heavy), 'RTA_STORE_TOO_LARGE');
      await assertHolds(store, 'sessions', {});
      await store.write(writes.slice(0, 1_024));
      assert.equal((await collect(store.sessions.entries())).length, 1_024);
    },
  },
  ifSmall('a batch that has no room is refused whole with RTA_STORE_FULL', async (openSmall, env) => {
    await using store = await openSmall(randomUUID());
    for (const key of ['a', 'b', 'c']) await store.sessions.put(key, { v: 1 });
    const refused = store.write([
      { collection: 'subjects', key: 'k', record: { v: 2 } },
      { collection: 'sessions', key: 'a', record: { v: 2 } },
      { collection: 'sessions', key: 'd', record: { v: 2 } },
      { collection: 'sessions', key: 'e', record: { v: 2 } },
    ]);
    await assertRefused(refused, 'RTA_STORE_FULL');
    await assertHolds(store, 'subjects', {});
    await assertHolds(store, 'sessions', { a: { v: 1 }, b: { v: 1 }, c: { v: 1 } });
    await store.write([
      { collection: 'sessions', key: 'd', record: { v: 2 } },
      { collection: 'sessions', key: 'e', record: { v: 2 }, expiresAtMs: env.now() + 50 },
      { collection: 'sessions', key: 'a', record: undefined },
    ]);
    await assertRefused(
      store.sessions.update('f', () => ({ record: { v: 3 } })),
      'RTA_STORE_FULL',
    );
    await env.advance(100);
    await store.sessions.update('f', () => ({ record: { v: 3 } }));
    await assertHolds(store, 'sessions', { b: { v: 1 }, c: { v: 1 }, d: { v: 2 }, f: { v: 3 } });
  }),
  {
    name: 'a batch is seen whole or not at all',
    async run(env) {
      await using store = await openFresh(env);
      await writeAndRead(store, store);
    },
  },
  ifClaimed('shared', {
    name: 'a batch is seen whole or not at all through another store',
    async run(env) {
      const place = randomUUID();
      await using here = await env.open(place);
      await using there = await env.open(place);
      await writeAndRead(here, there);
    },
  }),
  {
    name: 'what is done to a batch after it was given does not change the store',
    async run(env) {
      await using store = await openFresh(env);
      const record = { v: 1 };
      const writes: RecordWrite[] = [{ collection: 'sessions', key: 'k', record }];
      const writing = store.write(writes);
      record.v = 2;
      writes.push({ collection: 'sessions', key: 'late', record });
      await writing;
      await assertHolds(store, 'sessions', { k: { v: 1 } });
    },
  },
  {
    name: 'an empty batch changes nothing',
    async run(env) {
      await using store = await openFresh(env);
      await store.sessions.put('k', { v: 1 });
      await store.write([]);
      await assertHolds(store, 'sessions', { k: { v: 1 } });
    },
  },
];
