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
