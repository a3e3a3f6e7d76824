import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { AuditRecord } from '@rta/audit';
import type { Cause } from '@rta/authority';
import { createHmacKey, type KeySet, type KeySourceChange, type TokenKeySource } from '@rta/token';
import { expect, onTestFinished, test } from 'vitest';
import { type FaultDiagnostics, faultChannel } from '../diagnostics.ts';
import { openTokenKeys } from './token-keys.ts';

const key = (keyId: number) => createHmacKey({ keyId, secret: new Uint8Array(32).fill(keyId) });
const keySet = (current: number, accepted: number[] = [], revoked: number[] = []): KeySet => ({
  current: key(current),
  accepted: accepted.map(key),
  revoked,
});

/** Keys that a test changes, and what a node makes of it. */
async function followed() {
  let onChange: ((change: KeySourceChange) => void) | undefined;
  const source: TokenKeySource = {
    load: () => Promise.resolve(keySet(1)),
    watch(listener) {
      onChange = listener;
      return { close: () => (onChange = undefined) };
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const records: AuditRecord[] = [];
  const reminted: Cause[] = [];
  const faults: FaultDiagnostics[] = [];
  const onFault = (message: unknown): void => void faults.push(message as FaultDiagnostics);
  subscribe(faultChannel.name, onFault);
  onTestFinished(() => void unsubscribe(faultChannel.name, onFault));
  const keys = await openTokenKeys(source);
  keys.follow({
    audit: {
      healthy: true,
      isWritable: true,
      waitingCount: 0,
      lostCount: 0,
      record: (record) => void records.push(record),
      flush: () => Promise.resolve(),
      close: () => Promise.resolve(),
    },
    remint: (cause) => void reminted.push(cause),
  });
  return {
    keys,
    records,
    reminted,
    faults,
    isWatched: () => onChange !== undefined,
    tell: (change: KeySourceChange) => onChange?.(change),
  };
}

test('a key that is announced or retired changes nothing for anybody', async () => {
  const t = await followed();
  t.tell({ kind: 'keys', keys: keySet(1, [2]) });
  t.tell({ kind: 'keys', keys: keySet(1) });

  expect([t.records, t.reminted]).toEqual([[], []]);
});

test('a rotation is audited, and leaves the tokens of sessions alone [T-6.1, I7]', async () => {
  const t = await followed();
  t.tell({ kind: 'keys', keys: keySet(2, [1]) });

  expect(t.keys.ring.keyIds).toEqual([2, 1]);
  expect(t.records).toEqual([
    { kind: 'keys', outcome: 'ok', cause: 'key-rotated', detail: { from: 1, to: 2 } },
  ]);
  expect(t.reminted).toEqual([]);
});

test('a revocation is audited, and asks for new tokens of all sessions, once [T-6.5, I7]', async () => {
  const t = await followed();
  t.tell({ kind: 'keys', keys: keySet(2, [], [1]) });
  t.tell({ kind: 'keys', keys: keySet(2, [], [1]) });

  expect(t.reminted).toEqual([{ kind: 'key-revoked', change: 'keys-revoked:1' }]);
  expect(t.records).toEqual([
    { kind: 'keys', outcome: 'ok', cause: 'key-rotated', detail: { from: 1, to: 2 } },
    {
      kind: 'keys',
      outcome: 'ok',
      cause: 'key-revoked',
      change: 'keys-revoked:1',
      detail: { keyIds: [1] },
    },
  ]);
});

test('a revocation of a key that the ring holds no more reaches the sessions too [T-6.5]', async () => {
  const t = await followed();
  t.tell({ kind: 'keys', keys: keySet(2) });
  t.tell({ kind: 'keys', keys: keySet(2, [], [1]) });

  expect(t.reminted).toEqual([{ kind: 'key-revoked', change: 'keys-revoked:1' }]);
});

test('keys that cannot be taken, and faults of the source, are reported, and the others stay', async () => {
  const t = await followed();
  t.tell({ kind: 'keys', keys: keySet(2, [2]) });
  t.tell({ kind: 'fault', error: new Error('the disk is gone') });

  expect(t.faults).toEqual([
    { area: 'keys', code: 'RTA_TOKEN_KEY_DUPLICATE', message: expect.any(String) },
    { area: 'keys', code: 'RTA_SERVER_INTERNAL', message: 'the disk is gone' },
  ]);
  expect(t.keys.ring.keyIds).toEqual([1]);
});

test('a node that stops looks no more', async () => {
  const t = await followed();
  t.keys.close();
  t.keys.close();

  expect(t.isWatched()).toBe(false);
});
