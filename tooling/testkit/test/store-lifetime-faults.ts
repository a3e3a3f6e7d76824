import { createMemoryStore } from '@rta/store';
import { inAudit, inDurable, inSessions, inShared, nextTurn, type StoreFault } from './store-fault.ts';

/** Stores that are broken when they are full, closed or opened again, and the check that catches each. */
export const LIFETIME_FAULTS: readonly StoreFault[] = [
  [
    'drops the oldest record to make room',
    'a full store refuses a record with RTA_STORE_FULL and keeps those it has',
    inSessions((inner) => ({
      async put(key, record, options) {
        try {
          await inner.put(key, record, options);
        } catch {
          await inner.delete('a');
          await inner.put(key, record, options);
        }
      },
    })),
  ],
  [
    'loses the record that it could not replace',
    'a full store refuses a record with RTA_STORE_FULL and keeps those it has',
    inSessions((inner) => ({
      put: (key, record, options) =>
        inner.put(key, record, options).catch(async (error: unknown) => {
          await inner.delete('d');
          throw error;
        }),
    })),
  ],
  [
    'appends what still fits of the audit rows',
    'a full audit log refuses rows with RTA_STORE_FULL and appends none of them',
    inAudit((inner) => ({
      async append(rows) {
        for (const row of rows) await inner.append([row]);
      },
    })),
  ],
  [
    'works on when it is closed',
    'a closed store refuses every call with RTA_STORE_CLOSED',
    () => ({ close: async () => {} }),
  ],
  [
    'says that it is durable and is not',
    'what was written is there after the store was closed and opened again',
    inDurable((_inner, clock) => createMemoryStore({ clock })),
  ],
  [
    'acknowledges batches that it does not keep',
    'what was written is there after the store was closed and opened again',
    inDurable(() => ({ write: async () => {} })),
  ],
  [
    'brings back what was deleted when it is opened again',
    'what was written is there after the store was closed and opened again',
    inDurable((inner) => ({ cursors: { ...inner.cursors, delete: async () => {} } })),
  ],
  [
    'forgets expiries when it is opened again',
    'an expiry goes on to count after the store was closed and opened again',
    inDurable((inner) => ({
      sessions: { ...inner.sessions, put: (key, record) => inner.sessions.put(key, record) },
    })),
  ],
  [
    'acknowledges a record before it is written, and is closed in between',
    'what was being written when the store was closed is there, or was refused',
    inDurable((inner) => {
      let closed = false;
      return {
        sessions: {
          ...inner.sessions,
          async put(key, record) {
            void nextTurn().then(() => (closed ? undefined : inner.sessions.put(key, record)));
          },
        },
        close: async () => {
          closed = true;
        },
      };
    }),
  ],
  [
    'says that it is shared and is not',
    'two stores in one place see the same state, and one of them takes a key',
    inShared((_inner, clock) => ({ sessions: createMemoryStore({ clock }).sessions })),
  ],
];
