import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { COLLECTION_NAMES } from '@rta/store';
import type { StoreCheck } from './check.ts';
import { assertRefused, collect, ifClaimed, ifSmall, makeRows, openFresh } from './rows.ts';

/** What holds when a store is full, closed, opened again, or opened twice. */
export const LIFETIME_CHECKS: readonly StoreCheck[] = [
  ifSmall(
    'a full store refuses a single-use key with RTA_STORE_FULL and forgets none',
    async (openSmall, env) => {
      await using store = await openSmall(randomUUID());
      const keys = ['a', 'b', 'c', 'd'];
      for (const key of keys) assert.equal(await store.singleUse.claim(key, env.now() + 50), true);
      await assertRefused(store.singleUse.claim('e', env.now() + 50), 'RTA_STORE_FULL');
      for (const key of keys) assert.equal(await store.singleUse.claim(key, env.now() + 50), false);
      assert.equal(await store.singleUse.has('e'), false);
      await env.advance(100);
      assert.equal(await store.singleUse.claim('e', env.now() + 50), true, 'what expired made room');
    },
  ),
  ifSmall(
    'a full store refuses a record with RTA_STORE_FULL and keeps those it has',
    async (openSmall, env) => {
      await using store = await openSmall(randomUUID());
      const keys = ['a', 'b', 'c', 'd'];
      for (const key of keys) await store.sessions.put(key, { key }, { expiresAtMs: env.now() + 50 });
      await assertRefused(store.sessions.put('e', { key: 'e' }), 'RTA_STORE_FULL');
      for (const key of keys) assert.deepEqual(await store.sessions.get(key), { key });
      assert.equal(await store.sessions.get('e'), undefined);
      await store.sessions.put('a', { key: 'replaced' }, { expiresAtMs: env.now() + 50 });
      await env.advance(100);
      await store.sessions.put('e', { key: 'e' });
      assert.deepEqual(await collect(store.sessions.entries()), [['e', { key: 'e' }]]);
    },
  ),
  ifSmall('a full audit log refuses rows with RTA_STORE_FULL and appends none of them', async (openSmall) => {
    await using store = await openSmall(randomUUID());
    await store.audit.append(makeRows(1, 3));
    await assertRefused(store.audit.append(makeRows(4, 5)), 'RTA_STORE_FULL');
    assert.deepEqual(await collect(store.audit.read()), makeRows(1, 3));
    await store.audit.append(makeRows(4, 4));
    await assertRefused(store.audit.append(makeRows(5, 5)), 'RTA_STORE_FULL');
    assert.deepEqual(await store.audit.last(), makeRows(4, 4)[0]);
  }),
  {
    name: 'a closed store refuses every call with RTA_STORE_CLOSED',
    async run(env) {
      const store = await openFresh(env);
      await store.close();
      await store.close();
      const calls: readonly (() => Promise<unknown>)[] = [
        () => store.singleUse.claim('k', env.now() + 100),
        () => store.singleUse.has('k'),
        () => store.sessions.put('k', {}),
        () => store.sessions.get('k'),
        () => store.sessions.update('k', () => ({ record: {} })),
        () => store.sessions.delete('k'),
        () => collect(store.sessions.entries()),
        ...COLLECTION_NAMES.map((name) => () => store[name].get('k')),
        () => store.write([{ collection: 'sessions', key: 'k', record: {} }]),
        () => store.write([]),
        () => store.audit.append(makeRows(1, 1)),
        () => collect(store.audit.read()),
        () => store.audit.last(),
      ];
      for (const call of calls) await assertRefused(call(), 'RTA_STORE_CLOSED');
    },
  },
  ifClaimed('durable', {
    name: 'what was written is there after the store was closed and opened again',
    async run(env) {
      const place = randomUUID();
      const before = await env.open(place);
      await before.singleUse.claim('k', env.now() + 10_000);
      for (const name of COLLECTION_NAMES) {
        await before[name].put('put', { of: name });
        await before[name].put('deleted', { of: name });
        await before[name].delete('deleted');
        await before[name].put('updated', { v: 1 });
        await before[name].update('updated', () => ({ record: { v: 2 }, expiresAtMs: env.now() + 10_000 }));
        await before[name].put('emptied', { v: 1 });
        await before[name].update('emptied', () => undefined);
        await before[name].put('short', { of: name }, { expiresAtMs: env.now() + 50 });
        await before[name].put('batch deleted', { v: 1 });
      }
      await before.write(
        COLLECTION_NAMES.flatMap((collection) => [
          { collection, key: 'batch put', record: { v: 1 } },
          { collection, key: 'batch deleted', record: undefined },
        ]),
      );
      await before.audit.append(makeRows(1, 3));
      await before.close();
      await env.advance(100);
      await using after = await env.open(place);
      assert.equal(await after.singleUse.claim('k', env.now() + 10_000), false);
      for (const name of COLLECTION_NAMES) {
        assert.deepEqual(Object.fromEntries(await collect(after[name].entries())), {
          put: { of: name },
          updated: { v: 2 },
          'batch put': { v: 1 },
        });
      }
      await assertRefused(after.audit.append(makeRows(1, 1)), 'RTA_STORE_SEQUENCE');
      await after.audit.append(makeRows(4, 4));
      assert.deepEqual(await collect(after.audit.read()), makeRows(1, 4));
    },
  }),
  ifClaimed('durable', {
    name: 'an expiry goes on to count after the store was closed and opened again',
    async run(env) {
      const place = randomUUID();
      const before = await env.open(place);
      await before.singleUse.claim('k', env.now() + 50);
      await before.sessions.put('k', { v: 1 }, { expiresAtMs: env.now() + 50 });
      await before.close();
      await using after = await env.open(place);
      assert.deepEqual(await after.sessions.get('k'), { v: 1 });
      assert.equal(await after.singleUse.has('k'), true);
      await env.advance(100);
      assert.equal(await after.sessions.get('k'), undefined);
      assert.equal(await after.singleUse.claim('k', env.now() + 50), true);
    },
  }),
  ifClaimed('durable', {
    name: 'what was being written when the store was closed is there, or was refused',
    async run(env) {
      const place = randomUUID();
      const before = await env.open(place);
      const writing = Array.from({ length: 20 }, (_, index) =>
        before.sessions.put(`k-${index}`, { index }).then(
          () => true,
          () => false,
        ),
      );
      await before.close();
      const acknowledged = await Promise.all(writing);
      await using after = await env.open(place);
      for (const [index, done] of acknowledged.entries()) {
        if (done) assert.deepEqual(await after.sessions.get(`k-${index}`), { index });
      }
    },
  }),
  ifClaimed('shared', {
    name: 'two stores in one place see the same state, and one of them takes a key',
    async run(env) {
      const place = randomUUID();
      await using here = await env.open(place);
      await using there = await env.open(place);
      await here.sessions.put('k', { from: 'here' });
      assert.deepEqual(await there.sessions.get('k'), { from: 'here' });
      await there.sessions.delete('k');
      assert.equal(await here.sessions.get('k'), undefined);
      for (let round = 0; round < 5; round++) {
        const claims = Array.from({ length: 20 }, (_, index) =>
          (index % 2 === 0 ? here : there).singleUse.claim(`k-${round}`, env.now() + 10_000),
        );
        const won = (await Promise.all(claims)).filter((taken) => taken);
        assert.equal(won.length, 1, 'one claim of 20, over both stores, takes the key');
      }
    },
  }),
];
