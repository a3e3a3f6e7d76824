import assert from 'node:assert/strict';
import type { JsonObject } from '@rta/core';
import { COLLECTION_NAMES } from '@rta/store';
import type { StoreCheck } from './check.ts';
import { assertRefused, collect, openFresh } from './rows.ts';

const RECORD: JsonObject = {
  text: 'ünïcödé 🔑, line\nbreak, \u2028 and \u0000',
  numbers: [0, -1.5, 1e21, 9_007_199_254_740_991],
  nothing: null,
  nested: { list: [{ deep: true }], empty: {} },
  '': 'a member without a name',
};

/** Changes whatever it can reach; a frozen record is as good an answer as a copy. */
function vandalize(record: JsonObject | undefined): void {
  try {
    Object.assign(record?.['nested'] ?? {}, { list: [] });
    Object.assign(record ?? {}, { state: 'revoked' });
  } catch (error) {
    assert.ok(error instanceof TypeError);
  }
}

/** Records, one at a time. */
export const RECORD_CHECKS: readonly StoreCheck[] = [
  {
    name: 'a record comes back as it was put, under its key and no other',
    async run(env) {
      await using store = await openFresh(env);
      await store.sessions.put('k', RECORD);
      assert.deepEqual(await store.sessions.get('k'), RECORD);
      for (const other of ['', 'K', 'k ', '__proto__', 'constructor']) {
        assert.equal(
          await store.sessions.get(other),
          undefined,
          `nothing was put under ${JSON.stringify(other)}`,
        );
      }
    },
  },
  {
    name: 'putting again replaces the whole record',
    async run(env) {
      await using store = await openFresh(env);
      await store.sessions.put('k', { old: 1, both: 1 });
      await store.sessions.put('k', { both: 2 });
      assert.deepEqual(await store.sessions.get('k'), { both: 2 });
    },
  },
  {
    name: 'every collection is its own',
    async run(env) {
      await using store = await openFresh(env);
      for (const name of COLLECTION_NAMES) {
        assert.equal(await store[name].get('k'), undefined);
        await store[name].put('k', { of: name });
      }
      for (const name of COLLECTION_NAMES) {
        assert.deepEqual(await collect(store[name].entries()), [['k', { of: name }]]);
        await store[name].delete('k');
        assert.equal(await store[name].get('k'), undefined);
      }
    },
  },
  {
    name: 'what is done to an object after it was put does not change the store',
    async run(env) {
      await using store = await openFresh(env);
      const record = { state: 'active', nested: { list: ['a'] } };
      const putting = store.sessions.put('k', record);
      record.state = 'revoked';
      record.nested.list.push('b');
      await putting;
      assert.deepEqual(await store.sessions.get('k'), { state: 'active', nested: { list: ['a'] } });
    },
  },
  {
    name: 'what is done to an object that was got does not change the store',
    async run(env) {
      await using store = await openFresh(env);
      await store.sessions.put('k', { state: 'active', nested: { list: ['a'] } });
      vandalize(await store.sessions.get('k'));
      for await (const [, record] of store.sessions.entries()) vandalize(record);
      assert.deepEqual(await store.sessions.get('k'), { state: 'active', nested: { list: ['a'] } });
    },
  },
  {
    name: 'a record is gone after it has expired, and not before',
    async run(env) {
      await using store = await openFresh(env);
      await store.sessions.put('short', { v: 1 }, { expiresAtMs: env.now() + 50 });
      await store.sessions.put('long', { v: 2 }, { expiresAtMs: env.now() + 10_000 });
      assert.deepEqual(await store.sessions.get('short'), { v: 1 });
      await env.advance(100);
      assert.equal(await store.sessions.get('short'), undefined);
      assert.deepEqual(await collect(store.sessions.entries()), [['long', { v: 2 }]]);
    },
  },
  {
    name: 'putting again sets the expiry anew, and without one the record stays',
    async run(env) {
      await using store = await openFresh(env);
      await store.sessions.put('longer', { v: 1 }, { expiresAtMs: env.now() + 50 });
      await store.sessions.put('longer', { v: 2 }, { expiresAtMs: env.now() + 10_000 });
      await store.sessions.put('for good', { v: 1 }, { expiresAtMs: env.now() + 50 });
      await store.sessions.put('for good', { v: 2 });
      await store.sessions.put('shorter', { v: 1 });
      await store.sessions.put('shorter', { v: 2 }, { expiresAtMs: env.now() + 50 });
      await env.advance(100);
      assert.deepEqual(await store.sessions.get('longer'), { v: 2 });
      assert.deepEqual(await store.sessions.get('for good'), { v: 2 });
      assert.equal(await store.sessions.get('shorter'), undefined);
    },
  },
  {
    name: 'a deleted record is gone, and deleting nothing is no error',
    async run(env) {
      await using store = await openFresh(env);
      await store.sessions.put('k', { v: 1 });
      await store.sessions.delete('k');
      await store.sessions.delete('k');
      assert.equal(await store.sessions.get('k'), undefined);
      assert.deepEqual(await collect(store.sessions.entries()), []);
    },
  },
  {
    name: 'entries are all records, each once',
    async run(env) {
      await using store = await openFresh(env);
      const expected = Array.from({ length: 50 }, (_, index) => [`k-${index}`, { index }] as const);
      for (const [key, record] of expected) await store.sessions.put(key, record);
      const entries = await collect(store.sessions.entries());
      assert.equal(entries.length, 50);
      assert.deepEqual(Object.fromEntries(entries), Object.fromEntries(expected));
    },
  },
  {
    name: 'records may be deleted while entries are read',
    async run(env) {
      await using store = await openFresh(env);
      for (let index = 0; index < 10; index++) await store.sessions.put(`k-${index}`, { index });
      for await (const [key] of store.sessions.entries()) await store.sessions.delete(key);
      assert.deepEqual(await collect(store.sessions.entries()), []);
    },
  },
  {
    name: 'records may be written while entries are read, and those that stay are seen once',
    async run(env) {
      await using store = await openFresh(env);
      for (let index = 0; index < 20; index++) await store.sessions.put(`k-${index}`, { index });
      const seen: string[] = [];
      for await (const [key] of store.sessions.entries()) {
        if (!key.startsWith('k-')) continue;
        seen.push(key);
        assert.ok(seen.length <= 20, 'reading comes to an end');
        await store.sessions.put(key, { again: true });
        await store.sessions.put(`new-${key}`, { v: 1 });
      }
      assert.deepEqual(seen.sort(), Array.from({ length: 20 }, (_, index) => `k-${index}`).sort());
    },
  },
  {
    name: 'what cannot be kept is refused, and what was there stays',
    async run(env) {
      await using store = await openFresh(env);
      await store.sessions.put('k', { v: 1 });
      await assertRefused(store.sessions.put('k', { v: 'x'.repeat(262_144) }), 'RTA_STORE_TOO_LARGE');
      await assertRefused(store.sessions.put('k'.repeat(513), { v: 2 }), 'RTA_STORE_TOO_LARGE');
      await assert.rejects(store.sessions.put('k', { v: 2 }, { expiresAtMs: Number.NaN }), RangeError);
      // UTF-8 writes U+FFFD for half a surrogate pair: these would be one key.
      await assert.rejects(store.sessions.put('\ud800', { v: 2 }), TypeError);
      await assert.rejects(store.singleUse.claim('\ud800', env.now() + 100), TypeError);
      await store.sessions.put('\ufffd', { v: 2 });
      assert.equal(await store.sessions.get('\ud800'), undefined);
      await store.sessions.delete('\ud800');
      await store.sessions.delete('\ufffd');
      assert.deepEqual(await collect(store.sessions.entries()), [['k', { v: 1 }]]);
      const largest = 'ü'.repeat(512);
      await store.sessions.put(largest, { v: 3 });
      assert.deepEqual(await store.sessions.get(largest), { v: 3 });
    },
  },
];
