import assert from 'node:assert/strict';
import type { StoreCheck } from './check.ts';
import { openFresh } from './rows.ts';

/** Keys that count once. */
export const SINGLE_USE_CHECKS: readonly StoreCheck[] = [
  {
    name: 'a key can be claimed once',
    async run(env) {
      await using store = await openFresh(env);
      const expiresAtMs = env.now() + 100;
      assert.equal(await store.singleUse.has('k'), false, 'a key that nobody claimed is free');
      assert.equal(await store.singleUse.claim('k', expiresAtMs), true, 'the first claim takes the key');
      assert.equal(await store.singleUse.claim('k', expiresAtMs), false, 'the second claim does not');
      assert.equal(await store.singleUse.has('k'), true, 'the key is taken');
    },
  },
  {
    name: 'of many that claim a key at once exactly one has it',
    async run(env) {
      await using store = await openFresh(env);
      for (let round = 0; round < 5; round++) {
        const claims = Array.from({ length: 40 }, () => store.singleUse.claim(`k-${round}`, env.now() + 100));
        const won = (await Promise.all(claims)).filter((taken) => taken);
        assert.equal(won.length, 1, 'one claim of 40 takes the key');
      }
    },
  },
  {
    name: 'to look at a key does not take it',
    async run(env) {
      await using store = await openFresh(env);
      await store.singleUse.has('k');
      assert.equal(await store.singleUse.claim('k', env.now() + 100), true);
    },
  },
  {
    name: 'a key stays taken until it expires, whatever else is claimed',
    async run(env) {
      await using store = await openFresh(env);
      await store.singleUse.claim('k', env.now() + 200);
      await store.singleUse.claim('short', env.now() + 50);
      await env.advance(100);
      for (let index = 0; index < 20; index++) await store.singleUse.claim(`other-${index}`, env.now() + 100);
      assert.equal(await store.singleUse.has('k'), true);
      assert.equal(await store.singleUse.claim('k', env.now() + 200), false);
    },
  },
  {
    name: 'a key is free again after it has expired, though a claim failed meanwhile',
    async run(env) {
      await using store = await openFresh(env);
      await store.singleUse.claim('k', env.now() + 50);
      await store.singleUse.claim('k', env.now() + 10_000);
      await env.advance(100);
      assert.equal(await store.singleUse.has('k'), false);
      assert.equal(await store.singleUse.claim('k', env.now() + 50), true);
    },
  },
  {
    name: 'keys differ by every character',
    async run(env) {
      await using store = await openFresh(env);
      const keys = [
        'k',
        'K',
        'k ',
        ' k',
        'k\u0000',
        'ü',
        'u\u0308',
        '__proto__',
        '*',
        'k:1',
        'k|1',
        'k'.repeat(512),
      ];
      for (const key of keys) {
        assert.equal(
          await store.singleUse.claim(key, env.now() + 100),
          true,
          `${JSON.stringify(key)} is free`,
        );
      }
      for (const key of keys)
        assert.equal(await store.singleUse.has(key), true, `${JSON.stringify(key)} is taken`);
    },
  },
  {
    name: 'a claim until no time at all is refused as a RangeError',
    async run(env) {
      await using store = await openFresh(env);
      for (const expiresAtMs of [Number.NaN, Number.POSITIVE_INFINITY]) {
        await assert.rejects(store.singleUse.claim('k', expiresAtMs), RangeError);
      }
      assert.equal(await store.singleUse.has('k'), false);
    },
  },
];
