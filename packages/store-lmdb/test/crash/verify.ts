import assert from 'node:assert/strict';
import { COLLECTION_NAMES, type Store } from '@rta/store';
import { type Acknowledged, chained } from './operations.ts';

/** What one look at a store found. */
export interface Findings {
  /** Acknowledged, and not there. */
  readonly lost: readonly string[];
  /** Batches of which a part is there. */
  readonly torn: readonly string[];
}

async function isThere(store: Store, { kind, name, result }: Acknowledged): Promise<boolean> {
  switch (kind) {
    case 'put':
      return (await store.sessions.get(`put-${name}`))?.['name'] === name;
    case 'delete':
      return (await store.changes.get(`delete-${name}`)) === undefined;
    case 'update':
      return Number((await store.subjects.get('counter'))?.['count']) >= result;
    case 'batch':
      return (await store.cursors.get(`batch-${name}`))?.['name'] === name;
    case 'claim':
      return result === 1 && (await store.singleUse.has(`claim-${name}`));
    case 'audit':
      return ((await store.audit.last())?.sequence ?? 0) >= result;
  }
}

/** Looks for all that was acknowledged, for batches that are half there, and along the audit chain. */
export async function verify(store: Store, acknowledged: readonly Acknowledged[]): Promise<Findings> {
  const lost: string[] = [];
  for (const each of acknowledged) {
    if (!(await isThere(store, each))) lost.push(`${each.kind} ${each.name}`);
  }

  const seen = new Map<string, number>();
  for (const collection of COLLECTION_NAMES) {
    for await (const [key] of store[collection].entries()) {
      if (key.startsWith('batch-')) seen.set(key, (seen.get(key) ?? 0) + 1);
    }
  }
  const torn = [...seen].filter(([, count]) => count !== COLLECTION_NAMES.length).map(([key]) => key);

  let previous = { sequence: 0, hash: '' };
  for await (const { sequence, hash, line } of store.audit.read()) {
    assert.equal(sequence, previous.sequence + 1, 'the audit log has no gap');
    assert.equal(hash, chained(previous.hash, line), 'the audit chain holds');
    previous = { sequence, hash };
  }
  return { lost, torn };
}
