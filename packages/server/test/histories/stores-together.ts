import type { JsonObject } from '@rta/core';
import type { CollectionName, Records, RecordWrite, Store } from '@rta/store';
import { STORE_LIMITS } from '@rta/store';

/** The records of one collection, by key. */
export type Collected = ReadonlyMap<string, JsonObject>;

/** All that a store has of one history. */
export type Contents = Readonly<Record<'sessions' | 'subjects', Collected>>;

/** A store, and how it is come back to after a crash. */
export interface Place {
  readonly name: string;
  open(): Promise<Store>;
}

/** Several stores that are given the same, by many histories at once, each under a name of its own. */
export interface StoresTogether extends AsyncDisposable {
  /** Writes to all stores; what comes in one turn of the event loop is written together. */
  write(write: RecordWrite): Promise<void>;
  /** Updates a record in all stores. */
  update(collection: CollectionName, key: string, change: Parameters<Records['update']>[1]): Promise<void>;
  /** A history has begun, which is called this. */
  join(name: string): void;
  /** A history has come to its end. */
  leave(name: string): void;
  /**
   * Waits until all histories want to start anew, opens all stores anew, and reads what they have.
   *
   * @returns what each store has of this history, in the order of the stores.
   */
  reopen(name: string): Promise<readonly Contents[]>;
}

interface Waiting {
  readonly name: string;
  readonly contents: PromiseWithResolvers<readonly Contents[]>;
}

interface Gathered {
  readonly writes: RecordWrite[];
  readonly done: PromiseWithResolvers<void>;
}

const EMPTY: Contents = { sessions: new Map(), subjects: new Map() };

/** Opens the stores. */
export async function openTogether(places: readonly Place[]): Promise<StoresTogether> {
  let stores = await Promise.all(places.map(({ open }) => open()));
  let gathered: Gathered | undefined;
  const names = new Set<string>();
  let waiting: Waiting[] = [];

  const writeGathered = ({ writes, done }: Gathered): void => {
    const batches: RecordWrite[][] = [];
    for (let at = 0; at < writes.length; at += STORE_LIMITS.batchCount) {
      batches.push(writes.slice(at, at + STORE_LIMITS.batchCount));
    }
    // Each store takes its batches in their order.
    const all = stores.flatMap((store) => batches.map((batch) => store.write(batch)));
    Promise.all(all).then(() => done.resolve(), done.reject);
  };

  const reopenAll = async (): Promise<void> => {
    const served = waiting;
    waiting = [];
    try {
      await Promise.all(stores.map((store) => store.close()));
      stores = await Promise.all(places.map(({ open }) => open()));
      const found = await Promise.all(stores.map(contentsOf));
      for (const { name, contents } of served) contents.resolve(found.map((of) => of.get(name) ?? EMPTY));
    } catch (error) {
      for (const { contents } of served) contents.reject(error);
    }
  };

  const goOnWhenAllWait = (): void => {
    if (waiting.length > 0 && waiting.length === names.size) void reopenAll();
  };

  return {
    write(write) {
      if (gathered === undefined) {
        const group: Gathered = { writes: [], done: Promise.withResolvers() };
        gathered = group;
        setImmediate(() => {
          gathered = undefined;
          writeGathered(group);
        });
      }
      gathered.writes.push(write);
      return gathered.done.promise;
    },
    async update(collection, key, change) {
      await Promise.all(stores.map((store) => store[collection].update(key, change)));
    },
    join: (name) => void names.add(name),
    leave(name) {
      names.delete(name);
      goOnWhenAllWait();
    },
    reopen(name) {
      const contents = Promise.withResolvers<readonly Contents[]>();
      waiting.push({ name, contents });
      goOnWhenAllWait();
      return contents.promise;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(stores.map((store) => store.close()));
    },
  };
}

/** What a store has, by the names of histories. */
async function contentsOf(store: Store): Promise<ReadonlyMap<string, Contents>> {
  const found = new Map<string, { sessions: Map<string, JsonObject>; subjects: Map<string, JsonObject> }>();
  for (const collection of ['sessions', 'subjects'] as const) {
    for await (const [key, record] of store[collection].entries()) {
      const [name, rest] = splitKey(key);
      let contents = found.get(name);
      if (contents === undefined) {
        contents = { sessions: new Map(), subjects: new Map() };
        found.set(name, contents);
      }
      contents[collection].set(rest, record);
    }
  }
  return found;
}

/** A key of one history, as it is in the stores. */
export const keyIn = (name: string, key: string): string => `${name}/${key}`;

function splitKey(key: string): readonly [name: string, rest: string] {
  const slash = key.indexOf('/');
  return [key.slice(0, slash), key.slice(slash + 1)];
}
