import type { JsonObject } from '@rta/core';
import type { Records, RecordWrite, Store } from '@rta/store';
import { type Contents, keyIn, type StoresTogether } from './stores-together.ts';

/** What a node of one history has of the stores. */
export type NodeStore = Pick<Store, 'sessions' | 'subjects' | 'write'>;

/** The part that stores have for one history, during the life of one process. */
export interface PartOfStores {
  readonly store: NodeStore;
  /** Deletes whatever was written, when nothing more is. */
  clear(): Promise<void>;
  /** The process ends: nothing is begun any more, and what was begun comes to its end. */
  die(): Promise<void>;
}

/** Makes the part of one history, as it begins with what a store has. */
export function partOfStores(stores: StoresTogether, name: string, contents: Contents): PartOfStores {
  const keys = {
    sessions: new Set(contents.sessions.keys()),
    subjects: new Set(contents.subjects.keys()),
  };
  const begun = new Set<Promise<unknown>>();
  let isDead = false;

  /** Who waits for a process that has ended waits in vain. */
  const begin = (go: () => Promise<void>): Promise<void> => {
    if (isDead) return new Promise(() => {});
    const going = go();
    begun.add(going);
    const over = (): void => void begun.delete(going);
    going.then(over, over);
    return going;
  };

  const put = (write: RecordWrite): Promise<void> => {
    const { collection, key } = write;
    if (collection !== 'sessions' && collection !== 'subjects')
      throw new TypeError(`writes to ${collection}`);
    keys[collection].add(key);
    return stores.write({ ...write, key: keyIn(name, key) });
  };

  const records = (collection: 'sessions' | 'subjects'): Records => ({
    put: (key, record, options) => begin(() => put({ collection, key, record, ...options })),
    delete: (key) => begin(() => put({ collection, key, record: undefined })),
    async update(key, change) {
      let updated: JsonObject | undefined;
      keys[collection].add(key);
      await begin(() =>
        stores.update(collection, keyIn(name, key), (record) => {
          const next = change(record);
          updated = next?.record;
          return next;
        }),
      );
      return updated;
    },
    get: (key) => Promise.resolve(contents[collection].get(key)),
    async *entries() {
      yield* contents[collection];
    },
  });

  return {
    store: {
      sessions: records('sessions'),
      subjects: records('subjects'),
      write: (writes) =>
        begin(async () => {
          await Promise.all(writes.map(put));
        }),
    },
    async clear() {
      const writes = (['sessions', 'subjects'] as const).flatMap((collection) =>
        [...keys[collection]].map((key) => ({ collection, key: keyIn(name, key), record: undefined })),
      );
      await Promise.all(writes.map(stores.write));
    },
    async die() {
      isDead = true;
      await Promise.all(begun);
    },
  };
}
