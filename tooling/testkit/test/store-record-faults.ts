import type { JsonObject } from '@rta/core';
import { inSessions, nextTurn, type StoreFault } from './store-fault.ts';

/** Stores with broken records, and the check that catches each. */
export const RECORD_FAULTS: readonly StoreFault[] = [
  [
    'keeps ASCII only',
    'a record comes back as it was put, under its key and no other',
    inSessions((inner) => ({
      put: (key, record, options) => {
        const text = JSON.stringify(record).replaceAll(/[^ -~]/g, '?');
        return inner.put(key, JSON.parse(text) as JsonObject, options);
      },
    })),
  ],
  [
    'looks a key up in an object',
    'a record comes back as it was put, under its key and no other',
    inSessions(() => {
      const records: Record<string, JsonObject> = {};
      return {
        put: async (key, record) => {
          records[key] = record;
        },
        get: async (key) => records[key],
      };
    }),
  ],
  [
    'merges records',
    'putting again replaces the whole record',
    inSessions((inner) => ({
      put: async (key, record, options) => inner.put(key, { ...(await inner.get(key)), ...record }, options),
    })),
  ],
  [
    'keeps all records in one collection',
    'every collection is its own',
    (inner) => ({ approvals: inner.changes }),
  ],
  [
    'keeps the object that it is given',
    'what is done to an object after it was put does not change the store',
    inSessions(() => {
      const records = new Map<string, JsonObject>();
      return {
        put: async (key, record) => void records.set(key, record),
        get: async (key) => structuredClone(records.get(key)),
      };
    }),
  ],
  [
    'copies a record too late',
    'what is done to an object after it was put does not change the store',
    inSessions((inner) => ({
      async put(key, record, options) {
        await nextTurn();
        await inner.put(key, record, options);
      },
    })),
  ],
  [
    'gives out the object that it keeps',
    'what is done to an object that was got does not change the store',
    inSessions(() => {
      const records = new Map<string, JsonObject>();
      return {
        put: async (key, record) => void records.set(key, structuredClone(record)),
        get: async (key) => records.get(key),
      };
    }),
  ],
  [
    'shows expired records',
    'a record is gone after it has expired, and not before',
    inSessions((inner) => ({ put: (key, record) => inner.put(key, record) })),
  ],
  [
    'shows expired records among the entries',
    'a record is gone after it has expired, and not before',
    inSessions((inner) => {
      const all = new Map<string, JsonObject>();
      return {
        put(key, record, options) {
          all.set(key, record);
          return inner.put(key, record, options);
        },
        async *entries() {
          yield* all;
        },
      };
    }),
  ],
  [
    'keeps the first expiry of a key',
    'putting again sets the expiry anew, and without one the record stays',
    inSessions((inner) => {
      const expiries = new Map<string, number>();
      return {
        put(key, record, options) {
          const expiresAtMs = expiries.get(key) ?? options?.expiresAtMs;
          if (expiresAtMs === undefined) return inner.put(key, record);
          expiries.set(key, expiresAtMs);
          return inner.put(key, record, { expiresAtMs });
        },
      };
    }),
  ],
  [
    'does not delete',
    'a deleted record is gone, and deleting nothing is no error',
    inSessions(() => ({ delete: async () => {} })),
  ],
  [
    'leaves entries out',
    'entries are all records, each once',
    inSessions((inner) => ({
      async *entries() {
        let count = 0;
        for await (const entry of inner.entries()) if (++count <= 32) yield entry;
      },
    })),
  ],
  [
    'gives an entry twice',
    'entries are all records, each once',
    inSessions((inner) => ({
      async *entries() {
        for await (const entry of inner.entries()) {
          yield entry;
          if (entry[0] === 'k-7') yield entry;
        }
      },
    })),
  ],
  [
    'loses its place when records are deleted while entries are read',
    'records may be deleted while entries are read',
    inSessions((inner) => ({
      async *entries() {
        for (let index = 0; ; index++) {
          const entries = [];
          for await (const entry of inner.entries()) entries.push(entry);
          const entry = entries[index];
          if (entry === undefined) return;
          yield entry;
        }
      },
    })),
  ],
  [
    'shows a record again that was written while entries are read',
    'records may be written while entries are read, and those that stay are seen once',
    inSessions((inner) => {
      const order = new Map<string, JsonObject>();
      return {
        put(key, record, options) {
          order.delete(key);
          order.set(key, record);
          return inner.put(key, record, options);
        },
        async *entries() {
          yield* order;
        },
      };
    }),
  ],
  [
    'cuts keys that are too long',
    'what cannot be kept is refused, and what was there stays',
    inSessions((inner) => ({
      put: (key, record, options) => inner.put(key.slice(0, 512), record, options),
    })),
  ],
];
