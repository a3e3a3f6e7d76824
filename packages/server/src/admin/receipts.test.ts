import { parseSessionId } from '@rta/core';
import { createMemoryStore } from '@rta/store';
import { createFakeClock } from '@rta/testkit';
import { createEd25519Key, verifyEd25519 } from '@rta/token';
import { expect, test } from 'vitest';
import type { ChangeRecord } from '../changes/change-log.ts';
import { createReceipts } from './receipts.ts';

const T0 = 1_767_225_600_000;
const KEY = createEd25519Key({ keyId: 0, privateKey: new Uint8Array(32).fill(3) });
const SESSION = parseSessionId('A'.repeat(22));

const recordWith = (pointCount: number): ChangeRecord => ({
  id: 'a change whose name has spaces, and a snowman: ☃',
  kind: 'session-revoked',
  source: 'https://idp.example',
  receivedAtMs: T0,
  node: 'node-1',
  decidedAfterMs: 1,
  sessionCount: pointCount,
  pendingCount: 0,
  acknowledgedCount: pointCount,
  cutOffCount: 0,
  offlineCount: 0,
  isComplete: true,
  points: Array.from({ length: pointCount }, (_, generation) => ({
    session: SESSION,
    agent: '☃'.repeat(256),
    generation,
    outcome: 'acknowledged' as const,
  })),
});

test('a receipt of any length is kept, and found as it was signed', async () => {
  const clock = createFakeClock(T0);
  await using store = createMemoryStore({ clock });
  const receipts = createReceipts({
    issuer: 'https://rta.example',
    node: 'node-1',
    signer: KEY,
    store,
    clock,
  });
  const record = recordWith(1_000);
  receipts.keep(record);
  await receipts.flush();

  const found = await receipts.find(record.id, 'node-1');
  const [header, payload, signature = ''] = found?.jws?.split('.') ?? [];
  const signed = new TextEncoder().encode(`${header}.${payload}`);

  expect(found?.jws?.length).toBeGreaterThan(1_000_000);
  expect(found?.claims['change']).toEqual(record);
  expect(verifyEd25519(KEY.publicKey, signed, Uint8Array.from(Buffer.from(signature, 'base64url')))).toBe(
    true,
  );
  expect(await receipts.nodesOf(record.id)).toEqual(['node-1']);
});

test('nodes that share a store keep their receipts of one change beside each other', async () => {
  const clock = createFakeClock(T0);
  await using store = createMemoryStore({ clock });
  const issuer = 'https://rta.example';
  const one = createReceipts({ issuer, node: 'one', signer: KEY, store, clock });
  const two = createReceipts({ issuer, node: 'two', signer: undefined, store, clock });
  one.keep(recordWith(1));
  two.keep({ ...recordWith(2), node: 'two' });
  await Promise.all([one.flush(), two.flush()]);
  const { id } = recordWith(0);

  expect(await one.nodesOf(id)).toEqual(['one', 'two']);
  expect((await one.find(id, 'two'))?.claims).toMatchObject({ node: 'two', change: { sessionCount: 2 } });
  expect((await one.find(id, 'two'))?.jws).toBeUndefined();
  expect(await one.find(id, 'three')).toBeUndefined();
});

test('a part that is lost makes no receipt of the rest', async () => {
  const clock = createFakeClock(T0);
  await using store = createMemoryStore({ clock });
  const receipts = createReceipts({ issuer: 'https://rta.example', node: 'n', signer: KEY, store, clock });
  const record = recordWith(1_000);
  receipts.keep(record);
  await receipts.flush();
  for await (const [key] of store.changes.entries()) if (key.endsWith('.1')) await store.changes.delete(key);

  expect(await receipts.find(record.id, 'n')).toBeUndefined();
});

test('receipts of several changes are written at once, but no more than a few', async () => {
  const clock = createFakeClock(T0);
  await using store = createMemoryStore({ clock });
  const isFree = Promise.withResolvers<void>();
  const isFull = Promise.withResolvers<void>();
  let begunCount = 0;
  const changes: typeof store.changes = {
    ...store.changes,
    async put(...write) {
      begunCount += 1;
      if (begunCount === 32) isFull.resolve();
      await isFree.promise;
      return store.changes.put(...write);
    },
  };
  const issuer = 'https://rta.example';
  const receipts = createReceipts({ issuer, node: 'n', signer: KEY, store: { changes }, clock });
  for (let number = 1; number <= 40; number++) receipts.keep({ ...recordWith(1), id: `change-${number}` });
  await isFull.promise;
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  const begunAtOnceCount = begunCount;
  isFree.resolve();
  await receipts.flush();

  expect(begunAtOnceCount).toBe(32);
  expect(await receipts.nodesOf('change-1')).toEqual(['n']);
  expect(await receipts.nodesOf('change-40')).toEqual(['n']);
});

test('a receipt that cannot be written does not keep the next ones from it', async () => {
  const clock = createFakeClock(T0);
  await using store = createMemoryStore({ clock });
  let putCount = 0;
  const changes: typeof store.changes = {
    ...store.changes,
    async put(...write) {
      putCount += 1;
      if (putCount <= 32) throw new Error('no room');
      return store.changes.put(...write);
    },
  };
  const issuer = 'https://rta.example';
  const receipts = createReceipts({ issuer, node: 'n', signer: KEY, store: { changes }, clock });
  for (let number = 1; number <= 32; number++) receipts.keep({ ...recordWith(1), id: `broken-${number}` });
  receipts.keep({ ...recordWith(1), id: 'whole' });
  await receipts.flush();

  expect(await receipts.nodesOf('broken-1')).toEqual([]);
  expect(await receipts.nodesOf('whole')).toEqual(['n']);
});
