import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { JsonObject } from '@rta/core';
import { COLLECTION_NAMES, type Records, type RecordUpdate } from '@rta/store';
import type { StoreCheck } from './check.ts';
import { assertRefused, collect, ifClaimed, openFresh } from './rows.ts';

/** Counts up; where there is nothing, from 1. */
function increment(record: JsonObject | undefined): RecordUpdate {
  return { record: { count: Number(record?.['count'] ?? 0) + 1 } };
}

/** Counts up 40 times at once; nobody may see a number that somebody else has seen. */
async function countAtOnce(here: Records, there: Records): Promise<void> {
  const counting = Array.from({ length: 40 }, (_, index) =>
    (index % 2 === 0 ? here : there).update('k', increment),
  );
  const counted = (await Promise.all(counting)).map((record) => Number(record?.['count']));
  assert.deepEqual(
    counted.sort((a, b) => a - b),
    Array.from({ length: 40 }, (_, index) => index + 1),
  );
  assert.deepEqual(await here.get('k'), { count: 40 });
  assert.deepEqual(await there.get('k'), { count: 40 });
}

/** Records that are made anew from what they are. */
export const UPDATE_CHECKS: readonly StoreCheck[] = [
  {
    name: 'an update makes a new record of the one that is there, in each collection',
    async run(env) {
      await using store = await openFresh(env);
      for (const name of COLLECTION_NAMES) {
        const seen: unknown[] = [];
        const note = (record: JsonObject | undefined): RecordUpdate => {
          seen.push(record);
          return increment(record);
        };
        assert.deepEqual(await store[name].update('k', note), { count: 1 });
        assert.deepEqual(await store[name].update('k', note), { count: 2 });
        assert.deepEqual(await store[name].get('k'), { count: 2 });
        assert.deepEqual(seen[0], undefined);
        assert.deepEqual(seen.at(-1), { count: 1 });
      }
    },
  },
  {
    name: 'of many updates of one record at once none is lost',
    async run(env) {
      await using store = await openFresh(env);
      await countAtOnce(store.subjects, store.subjects);
    },
  },
  ifClaimed('shared', {
    name: 'of many updates of one record at once, through two stores, none is lost',
    async run(env) {
      const place = randomUUID();
      await using here = await env.open(place);
      await using there = await env.open(place);
      await countAtOnce(here.subjects, there.subjects);
    },
  }),
  {
    name: 'a record that is put while an update decides is not lost',
    async run(env) {
      await using store = await openFresh(env);
      await store.subjects.put('k', { count: 1 });
      let putting: Promise<void> | undefined;
      await store.subjects.update('k', (record) => {
        putting ??= store.subjects.put('k', { count: 100 });
        return increment(record);
      });
      await putting;
      // The update came first, or was made again of what was put.
      const count = (await store.subjects.get('k'))?.['count'];
      assert.ok(count === 100 || count === 101, 'that is no order of the two');
    },
  },
  {
    name: 'an update that gives back the very record writes nothing, and leaves its expiry',
    async run(env) {
      await using store = await openFresh(env);
      await store.subjects.put('k', { v: 1, nested: { v: 1 } }, { expiresAtMs: env.now() + 50 });
      const kept = await store.subjects.update('k', (record) => {
        assert.ok(record !== undefined);
        try {
          Object.assign(record['nested'] ?? {}, { v: 2 });
        } catch {
          // A frozen record is as good an answer as a copy.
        }
        return { record };
      });
      assert.deepEqual(kept, { v: 1, nested: { v: 1 } });
      assert.deepEqual(await store.subjects.get('k'), { v: 1, nested: { v: 1 } });
      await env.advance(100);
      assert.equal(await store.subjects.get('k'), undefined);
    },
  },
  {
    name: 'an update to undefined deletes, and makes nothing of nothing',
    async run(env) {
      await using store = await openFresh(env);
      assert.equal(await store.subjects.update('k', () => undefined), undefined);
      await store.subjects.put('k', { v: 1 });
      assert.equal(await store.subjects.update('k', () => undefined), undefined);
      assert.equal(await store.subjects.get('k'), undefined);
      assert.deepEqual(await collect(store.subjects.entries()), []);
    },
  },
  {
    name: 'an update sees no record that has expired, and sets the expiry anew',
    async run(env) {
      await using store = await openFresh(env);
      await store.subjects.put('gone', { count: 7 }, { expiresAtMs: env.now() + 50 });
      await store.subjects.put('for good', { count: 7 }, { expiresAtMs: env.now() + 50 });
      await store.subjects.put('shorter', { count: 7 });
      assert.deepEqual(await store.subjects.update('for good', increment), { count: 8 });
      await store.subjects.update('shorter', (record) => ({
        ...increment(record),
        expiresAtMs: env.now() + 50,
      }));
      await env.advance(100);
      assert.deepEqual(await store.subjects.update('gone', increment), { count: 1 });
      assert.deepEqual(await store.subjects.get('for good'), { count: 8 });
      assert.equal(await store.subjects.get('shorter'), undefined);
    },
  },
  {
    name: 'an update whose function throws fails with what it threw, and changes nothing',
    async run(env) {
      await using store = await openFresh(env);
      await store.subjects.put('k', { v: 1 });
      const thrown = new Error('not this one');
      const updating = store.subjects.update('k', () => {
        throw thrown;
      });
      await assert.rejects(updating, (error) => error === thrown);
      assert.deepEqual(await store.subjects.get('k'), { v: 1 });
      assert.deepEqual(await store.subjects.update('k', () => ({ record: { v: 2 } })), { v: 2 });
    },
  },
  {
    name: 'an update that is refused leaves what was there',
    async run(env) {
      await using store = await openFresh(env);
      await store.subjects.put('k', { v: 1 });
      const large = store.subjects.update('k', () => ({ record: { v: 'x'.repeat(262_144) } }));
      await assertRefused(large, 'RTA_STORE_TOO_LARGE');
      const never = store.subjects.update('k', () => ({ record: { v: 2 }, expiresAtMs: Number.NaN }));
      await assert.rejects(never, RangeError);
      assert.deepEqual(await store.subjects.get('k'), { v: 1 });
      await assertRefused(store.subjects.update('k'.repeat(513), increment), 'RTA_STORE_TOO_LARGE');
    },
  },
  {
    name: 'what is done to an object after an update does not change the store',
    async run(env) {
      await using store = await openFresh(env);
      const record = { v: 1 };
      const updated = await store.subjects.update('k', () => ({ record }));
      record.v = 2;
      try {
        Object.assign(updated ?? {}, { v: 3 });
      } catch {
        // A frozen record is as good an answer as a copy.
      }
      assert.deepEqual(await store.subjects.get('k'), { v: 1 });
    },
  },
];
