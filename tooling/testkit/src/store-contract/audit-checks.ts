import assert from 'node:assert/strict';
import type { AuditRow } from '@rta/store';
import type { StoreCheck } from './check.ts';
import { assertRefused, collect, makeRows, openFresh } from './rows.ts';

/** The audit log. */
export const AUDIT_CHECKS: readonly StoreCheck[] = [
  {
    name: 'audit rows come back in order, as they were appended',
    async run(env) {
      await using store = await openFresh(env);
      assert.equal(await store.audit.last(), undefined);
      assert.deepEqual(await collect(store.audit.read()), []);
      await store.audit.append(makeRows(1, 3));
      await store.audit.append(makeRows(4, 12));
      assert.deepEqual(await collect(store.audit.read()), makeRows(1, 12));
      assert.deepEqual(await store.audit.last(), makeRows(12, 12)[0]);
    },
  },
  {
    name: 'audit rows can be read from any row on',
    async run(env) {
      await using store = await openFresh(env);
      await store.audit.append(makeRows(1, 12));
      assert.deepEqual(await collect(store.audit.read({ fromSequence: 9 })), makeRows(9, 12));
      assert.deepEqual(await collect(store.audit.read({ fromSequence: 13 })), []);
    },
  },
  {
    name: 'rows that do not go on from the last one are refused, all of them',
    async run(env) {
      await using store = await openFresh(env);
      const wrong: readonly (readonly [why: string, rows: readonly AuditRow[]])[] = [
        ['the first row is missing', makeRows(2, 2)],
        ['numbers start at 1', makeRows(0, 1)],
        ['a row is missing between', [...makeRows(1, 1), ...makeRows(3, 3)]],
        ['a row is there twice', [...makeRows(1, 1), ...makeRows(1, 1)]],
        ['rows are in the wrong order', [...makeRows(2, 2), ...makeRows(1, 1)]],
      ];
      for (const [why, rows] of wrong) {
        await assertRefused(store.audit.append(rows), 'RTA_STORE_SEQUENCE');
        assert.deepEqual(await collect(store.audit.read()), [], `nothing is written where ${why}`);
      }
      await store.audit.append(makeRows(1, 3));
      await assertRefused(store.audit.append(makeRows(3, 4)), 'RTA_STORE_SEQUENCE');
      await assertRefused(store.audit.append(makeRows(5, 5)), 'RTA_STORE_SEQUENCE');
      assert.deepEqual(await collect(store.audit.read()), makeRows(1, 3));
    },
  },
  {
    name: 'of two that append the same row at once one is refused',
    async run(env) {
      await using store = await openFresh(env);
      const outcomes = await Promise.allSettled([
        store.audit.append(makeRows(1, 2)),
        store.audit.append(makeRows(1, 2)),
      ]);
      assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
      assert.deepEqual(await collect(store.audit.read()), makeRows(1, 2));
    },
  },
  {
    name: 'appending no rows changes nothing',
    async run(env) {
      await using store = await openFresh(env);
      await store.audit.append(makeRows(1, 2));
      await store.audit.append([]);
      assert.deepEqual(await collect(store.audit.read()), makeRows(1, 2));
    },
  },
  {
    name: 'an audit line that would be two lines is refused as a TypeError',
    async run(env) {
      await using store = await openFresh(env);
      for (const line of ['{}\n{"forged":true}', '{}\r']) {
        const rows = [...makeRows(1, 1), { sequence: 2, line, hash: 'hash-2' }];
        await assert.rejects(store.audit.append(rows), TypeError);
      }
      assert.deepEqual(await collect(store.audit.read()), []);
    },
  },
  {
    name: 'what is done to a row after it was appended or read does not change the log',
    async run(env) {
      await using store = await openFresh(env);
      const rows = makeRows(1, 2).map((row) => ({ ...row }));
      const appending = store.audit.append(rows);
      for (const row of rows) row.line = 'changed after it was appended';
      await appending;
      for await (const row of store.audit.read()) {
        try {
          Object.assign(row, { line: 'changed after it was read' });
        } catch {
          // A frozen row is as good an answer as a copy.
        }
      }
      assert.deepEqual(await collect(store.audit.read()), makeRows(1, 2));
    },
  },
];
