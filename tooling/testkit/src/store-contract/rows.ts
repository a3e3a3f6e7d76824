import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { AuditRow, Store } from '@rta/store';
import type { StoreCheck, StoreContractEnv } from './check.ts';

/** Opens a store in a place that nobody has used. */
export async function openFresh(env: StoreContractEnv): Promise<Store> {
  return env.open(randomUUID());
}

/** Lets everything else that waits for the event loop come first. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
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

/** A check that applies where the store claims a feature. */
export function ifClaimed(feature: 'durable' | 'shared', check: StoreCheck): StoreCheck {
  return {
    name: check.name,
    async run(env) {
      const store = await openFresh(env);
      const claimed = store.features[feature];
      await store.close();
      if (claimed) await check.run(env);
    },
  };
}

/** A check that applies to stores that can be full. */
export function ifSmall(
  name: string,
  run: (openSmall: NonNullable<StoreContractEnv['openSmall']>, env: StoreContractEnv) => Promise<void>,
): StoreCheck {
  return {
    name,
    async run(env) {
      const { openSmall } = env;
      if (openSmall !== undefined) await run((place) => openSmall.call(env, place), env);
    },
  };
}
