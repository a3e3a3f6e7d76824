import type { JsonObject } from '@rta/core';
import {
  type AuditLog,
  type AuditRow,
  createMemoryStore,
  type Records,
  type SingleUseKeys,
  type Store,
  storeError,
} from '@rta/store';
import { describe, expect, test } from 'vitest';
import { createFakeClock, type FakeClock, STORE_CHECKS, type StoreContractEnv } from '../src/index.ts';

/** A memory store with something broken. */
type Fault = (inner: Store, clock: FakeClock) => Partial<Store>;

const inSingleUse =
  (tamper: (inner: SingleUseKeys, clock: FakeClock) => Partial<SingleUseKeys>): Fault =>
  (inner, clock) => ({ singleUse: { ...inner.singleUse, ...tamper(inner.singleUse, clock) } });

const inSessions =
  (tamper: (inner: Records, clock: FakeClock) => Partial<Records>): Fault =>
  (inner, clock) => ({ sessions: { ...inner.sessions, ...tamper(inner.sessions, clock) } });

const inAudit =
  (tamper: (inner: AuditLog) => Partial<AuditLog>): Fault =>
  (inner) => ({ audit: { ...inner.audit, ...tamper(inner.audit) } });

const nextTurn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** An audit log that takes whatever it is given. */
function createCarelessAudit(): AuditLog {
  const rows: AuditRow[] = [];
  return {
    append: async (added) => void rows.push(...structuredClone(added)),
    async *read({ fromSequence = 1 } = {}) {
      yield* rows.filter(({ sequence }) => sequence >= fromSequence);
    },
    last: async () => rows.at(-1),
  };
}

/** An env whose stores are broken; the clock is fresh. */
function breakWith(fault: Fault): StoreContractEnv {
  const clock = createFakeClock();
  const open = (limits: Parameters<typeof createMemoryStore>[0]['limits'] = {}): Store => {
    const inner = createMemoryStore({ clock, limits });
    return { ...inner, ...fault(inner, clock) };
  };
  return {
    name: 'broken',
    open: () => open(),
    openSmall: () => open({ singleUseCount: 4, recordCount: 4, auditCount: 4 }),
    now: () => clock.now(),
    advance: (ms) => clock.advance(ms),
  };
}

/** Which check catches which broken store. */
const CASES: readonly (readonly [broken: string, check: string, fault: Fault])[] = [
  ['lets everyone have a key', 'a key can be claimed once', inSingleUse(() => ({ claim: async () => true }))],
  [
    'looks first and takes later',
    'of many that claim a key at once exactly one has it',
    inSingleUse((inner) => ({
      async claim(key, expiresAtMs) {
        if (await inner.has(key)) return false;
        await nextTurn();
        await inner.claim(key, expiresAtMs);
        return true;
      },
    })),
  ],
  [
    'takes a key that somebody looks at',
    'to look at a key does not take it',
    inSingleUse((inner, clock) => ({ has: async (key) => !(await inner.claim(key, clock.now() + 100)) })),
  ],
  [
    'forgets a key early',
    'a key stays taken until it expires, whatever else is claimed',
    inSingleUse((inner, clock) => ({
      claim: (key, expiresAtMs) => inner.claim(key, Math.min(expiresAtMs, clock.now() + 80)),
    })),
  ],
  [
    'forgets the oldest key to make room',
    'a full store refuses a single-use key with RTA_STORE_FULL and forgets none',
    inSingleUse(() => {
      let taken: string[] = [];
      return {
        async claim(key) {
          if (taken.includes(key)) return false;
          taken = [...taken, key].slice(-4);
          return true;
        },
        has: async (key) => taken.includes(key),
      };
    }),
  ],
  [
    'never forgets a key',
    'a key is free again after it has expired, though a claim failed meanwhile',
    inSingleUse((inner, clock) => ({ claim: (key) => inner.claim(key, clock.now() + 1_000_000) })),
  ],
  [
    'lets a failed claim make the key live longer',
    'a key is free again after it has expired, though a claim failed meanwhile',
    inSingleUse((_inner, clock) => {
      const taken = new Map<string, number>();
      const isTaken = (key: string): boolean => (taken.get(key) ?? 0) >= clock.now();
      return {
        async claim(key, expiresAtMs) {
          const free = !isTaken(key);
          taken.set(key, expiresAtMs);
          return free;
        },
        has: async (key) => isTaken(key),
      };
    }),
  ],
  [
    'takes keys for the same that are not',
    'keys differ by every character',
    inSingleUse((inner) => ({
      claim: (key, expiresAtMs) => inner.claim(key.trim().normalize('NFC'), expiresAtMs),
    })),
  ],
  [
    'takes a key until no time at all',
    'a claim until no time at all is refused as a RangeError',
    inSingleUse((inner) => ({
      claim: (key, expiresAtMs) => inner.claim(key, Number.isFinite(expiresAtMs) ? expiresAtMs : 0),
    })),
  ],
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
    'sessions and subjects are apart',
    (inner) => ({ subjects: inner.sessions }),
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
    'reads the newest audit row first',
    'audit rows come back in order, as they were appended',
    inAudit((inner) => ({
      async *read(options) {
        const rows = [];
        for await (const row of inner.read(options)) rows.unshift(row);
        yield* rows;
      },
    })),
  ],
  [
    'orders audit rows as text',
    'audit rows come back in order, as they were appended',
    inAudit((inner) => ({
      async *read(options) {
        const rows = [];
        for await (const row of inner.read(options)) rows.push(row);
        yield* rows.sort((a, b) => `${a.sequence}`.localeCompare(`${b.sequence}`));
      },
    })),
  ],
  [
    'reads from the row after the one that was asked for',
    'audit rows can be read from any row on',
    inAudit((inner) => ({
      read: ({ fromSequence = 0 } = {}) => inner.read({ fromSequence: fromSequence + 1 }),
    })),
  ],
  [
    'takes audit rows with gaps',
    'rows that do not go on from the last one are refused, all of them',
    () => ({ audit: createCarelessAudit() }),
  ],
  [
    'appends audit rows until one does not fit',
    'rows that do not go on from the last one are refused, all of them',
    inAudit((inner) => ({
      async append(rows) {
        for (const row of rows) await inner.append([row]);
      },
    })),
  ],
  [
    'loses one of two writers',
    'of two that append the same row at once one is refused',
    inAudit((inner) => ({
      append: (rows) =>
        inner.append(rows).catch((error: unknown) => {
          if (rows.length !== 2) throw error;
        }),
    })),
  ],
  [
    'cannot append nothing',
    'appending no rows changes nothing',
    inAudit((inner) => ({
      async append(rows) {
        if (rows.length === 0) throw storeError('RTA_STORE_SEQUENCE');
        await inner.append(rows);
      },
    })),
  ],
  [
    'takes an audit line that forges another',
    'an audit line that would be two lines is refused as a TypeError',
    () => ({ audit: createCarelessAudit() }),
  ],
  [
    'keeps the row that it is given',
    'what is done to a row after it was appended or read does not change the log',
    () => {
      const kept: AuditRow[] = [];
      return {
        audit: {
          append: async (rows) => void kept.push(...rows),
          async *read() {
            yield* kept;
          },
          last: async () => kept.at(-1),
        },
      };
    },
  ],
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
    () => ({ features: { durable: true, shared: false } }),
  ],
  [
    'says that it is shared and is not',
    'two stores in one place see the same state, and one of them takes a key',
    () => ({ features: { durable: false, shared: true } }),
  ],
];

describe('the contract of Store catches a store that', () => {
  test.each(CASES)('%s', async (_broken, checkName, fault) => {
    const check = STORE_CHECKS.find(({ name }) => name === checkName);
    expect(check).toBeDefined();
    await expect(check?.run(breakWith(fault))).rejects.toThrow();
  });
});

test('each check of the contract of Store is known to catch something', () => {
  const catching = new Set(CASES.map(([, checkName]) => checkName));
  expect(STORE_CHECKS.map(({ name }) => name).filter((name) => !catching.has(name))).toEqual([]);
});
