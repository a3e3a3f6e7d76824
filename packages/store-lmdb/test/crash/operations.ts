import { hash as digestOf } from 'node:crypto';
import { type AuditRow, COLLECTION_NAMES, type RecordWrite, type Store } from '@rta/store';

/** What a child can be asked to do, in turn. */
export const OPERATION_KINDS = ['put', 'delete', 'update', 'batch', 'claim', 'audit'] as const;

/** One of {@link OPERATION_KINDS}. */
export type OperationKind = (typeof OPERATION_KINDS)[number];

/** An operation that the store acknowledged; `result` is a count or a sequence number where the kind has one. */
export interface Acknowledged {
  readonly kind: OperationKind;
  readonly name: string;
  readonly result: number;
}

/** Far enough away that nothing expires meanwhile. */
const NEVER_MS = 4_102_444_800_000;

/** Hash of an audit row, over the one before: as the server makes it. */
export function chained(previousHash: string, line: string): string {
  return digestOf('sha256', `${previousHash}\n${line}`, 'base64url');
}

/** The writes of one batch: all five collections, and a record that an earlier batch put. */
function batchOf(name: string): RecordWrite[] {
  return COLLECTION_NAMES.map((collection) => ({ collection, key: `batch-${name}`, record: { name } }));
}

/** Makes the operations of one child on its store. */
export async function createOperations(
  store: Store,
): Promise<(kind: OperationKind, name: string) => Promise<number>> {
  let last: Pick<AuditRow, 'sequence' | 'hash'> = (await store.audit.last()) ?? { sequence: 0, hash: '' };

  const audit = async (name: string): Promise<number> => {
    const rows: AuditRow[] = [];
    for (const part of [1, 2, 3]) {
      const line = JSON.stringify({ name, part });
      last = { sequence: last.sequence + 1, hash: chained(last.hash, line) };
      rows.push({ ...last, line });
    }
    const { sequence } = last;
    await store.audit.append(rows);
    return sequence;
  };

  return async (kind, name) => {
    switch (kind) {
      case 'put':
        await store.sessions.put(`put-${name}`, { name }, { expiresAtMs: NEVER_MS });
        return 0;
      case 'delete':
        await store.changes.put(`delete-${name}`, { name });
        await store.changes.delete(`delete-${name}`);
        return 0;
      case 'update': {
        const updated = await store.subjects.update('counter', (record) => ({
          record: { count: Number(record?.['count'] ?? 0) + 1 },
        }));
        return Number(updated?.['count']);
      }
      case 'batch':
        await store.write(batchOf(name));
        return 0;
      case 'claim':
        return (await store.singleUse.claim(`claim-${name}`, NEVER_MS)) ? 1 : 0;
      case 'audit':
        return audit(name);
    }
  };
}
