import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { AuditRow, Store } from '@rta/store';
import type { StoreContractEnv } from './check.ts';

/** Opens a store in a place that nobody has used. */
export async function openFresh(env: StoreContractEnv): Promise<Store> {
  return env.open(randomUUID());
}

/** Audit rows with the sequence numbers `first` to `last`. */
export function makeRows(first: number, last: number): AuditRow[] {
  return Array.from({ length: last - first + 1 }, (_, index) => ({
    sequence: first + index,
    line: `{"record":${first + index},"text":"ünïcödé \\n \u2028"}`,
    hash: `hash-${first + index}`,
  }));
}

/** All that an async iterable gives. */
export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const collected: Item[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

/** Asserts that a call is refused with this code. */
export async function assertRefused(call: Promise<unknown>, code: string): Promise<void> {
  await assert.rejects(call, (error) => {
    assert.equal((error as { code?: unknown } | null)?.code, code);
    return true;
  });
}
