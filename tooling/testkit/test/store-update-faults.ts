import type { JsonObject } from '@rta/core';
import type { Records } from '@rta/store';
import { type Break, inCollection, inShared, nextTurn, type StoreFault } from './store-fault.ts';

const inSubjects = (tamper: (inner: Records) => Partial<Records>): Break => inCollection('subjects', tamper);

/** Reads, and writes later what it made of that. */
const readThenWrite = (inner: Records): Pick<Records, 'update'> => ({
  async update(key, change) {
    const next = change(await inner.get(key));
    await nextTurn();
    return inner.update(key, () => next);
  },
});

/** Stores with broken updates, and the check that catches each. */
export const UPDATE_FAULTS: readonly StoreFault[] = [
  [
    'cannot see what it updates in one of its collections',
    'an update makes a new record of the one that is there, in each collection',
    inCollection('cursors', (inner) => ({
      update: (key, change) => inner.update(key, () => change(undefined)),
    })),
  ],
  [
    'loses an update under concurrency',
    'of many updates of one record at once none is lost',
    inSubjects(readThenWrite),
  ],
  [
    'orders updates of its own process only',
    'of many updates of one record at once, through two stores, none is lost',
    inShared((inner) => {
      const unordered = readThenWrite(inner.subjects);
      let turn: Promise<unknown> = Promise.resolve();
      return {
        subjects: {
          ...inner.subjects,
          update(key, change) {
            const updating = turn.then(() => unordered.update(key, change));
            turn = updating;
            return updating;
          },
        },
      };
    }),
  ],
  [
    'does not look whether a record was written while it was updated',
    'a record that is put while an update decides is not lost',
    inSubjects(readThenWrite),
  ],
  [
    'writes a record that was given back',
    'an update that gives back the very record writes nothing, and leaves its expiry',
    inSubjects((inner) => ({
      update: (key, change) =>
        inner.update(key, (record) => {
          const next = change(record);
          return next && { ...next, record: { ...next.record } };
        }),
    })),
  ],
  [
    'keeps what an update deletes',
    'an update to undefined deletes, and makes nothing of nothing',
    inSubjects((inner) => ({
      update: (key, change) => inner.update(key, (record) => change(record) ?? (record && { record })),
    })),
  ],
  [
    'makes an empty record of nothing',
    'an update to undefined deletes, and makes nothing of nothing',
    inSubjects((inner) => ({
      update: (key, change) => inner.update(key, (record) => change(record) ?? { record: {} }),
    })),
  ],
  [
    'keeps the expiry of the record that it updates',
    'an update sees no record that has expired, and sets the expiry anew',
    inSubjects((inner) => {
      const expiries = new Map<string, number>();
      return {
        put(key, record, options) {
          if (options?.expiresAtMs !== undefined) expiries.set(key, options.expiresAtMs);
          return inner.put(key, record, options);
        },
        update: (key, change) =>
          inner.update(key, (record) => {
            const next = change(record);
            const expiresAtMs = expiries.get(key);
            return next === undefined || expiresAtMs === undefined ? next : { ...next, expiresAtMs };
          }),
      };
    }),
  ],
  [
    'updates records that have expired',
    'an update sees no record that has expired, and sets the expiry anew',
    inSubjects((inner) => {
      const all = new Map<string, JsonObject>();
      return {
        put(key, record, options) {
          all.set(key, record);
          return inner.put(key, record, options);
        },
        update: (key, change) => inner.update(key, () => change(all.get(key))),
      };
    }),
  ],
  [
    'deletes where the function of an update throws',
    'an update whose function throws fails with what it threw, and changes nothing',
    inSubjects((inner) => ({
      async update(key, change) {
        const thrown: Error[] = [];
        const updated = await inner.update(key, (record) => {
          try {
            return change(record);
          } catch (error) {
            thrown.push(error as Error);
            return undefined;
          }
        });
        for (const error of thrown) throw error;
        return updated;
      },
    })),
  ],
  [
    'deletes before it writes what it updated',
    'an update that is refused leaves what was there',
    inSubjects((inner) => ({
      async update(key, change) {
        const next = change(await inner.get(key));
        await inner.delete(key);
        return inner.update(key, () => next);
      },
    })),
  ],
  [
    'keeps the object that an update returned',
    'what is done to an object after an update does not change the store',
    inSubjects(() => {
      const kept = new Map<string, JsonObject | undefined>();
      return {
        async update(key, change) {
          const record = change(kept.get(key))?.record;
          kept.set(key, record);
          return structuredClone(record);
        },
        get: async (key) => kept.get(key),
      };
    }),
  ],
];
