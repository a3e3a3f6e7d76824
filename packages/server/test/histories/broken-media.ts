import type { JsonObject } from '@rta/core';
import type { Records, RecordWrite } from '@rta/store';
import type { Medium } from './keep-in-stores.ts';
import type { NodeStore } from './part-of-stores.ts';

/** What a medium can do to the writes of a session. */
type SessionWrite = 'put' | 'delete';

/** Acknowledges the first write of this kind, and does not make it. */
export function losing(kind: SessionWrite | 'update'): Medium {
  let isLost = false;
  const once = (): boolean => {
    if (isLost) return false;
    isLost = true;
    return true;
  };
  return (store) => ({
    ...store,
    sessions: {
      ...store.sessions,
      put: async (...put) => (kind === 'put' && once() ? undefined : store.sessions.put(...put)),
      delete: async (key) => (kind === 'delete' && once() ? undefined : store.sessions.delete(key)),
    },
    subjects: {
      ...store.subjects,
      update: async (...update) =>
        kind === 'update' && once() ? undefined : store.subjects.update(...update),
    },
  });
}

/** Of two writes to one session in one turn the earlier one is made last. */
export const reordering: Medium = (store) => {
  const late = new Set<string>();
  const inTurn = async (key: string, write: () => Promise<void>): Promise<void> => {
    if (!late.delete(key)) {
      late.add(key);
      await new Promise<void>((resolve) => {
        setImmediate(resolve);
      });
      late.delete(key);
    }
    await write();
  };
  return {
    ...store,
    sessions: {
      ...store.sessions,
      put: (key, ...put) => inTurn(key, () => store.sessions.put(key, ...put)),
      delete: (key) => inTurn(key, () => store.sessions.delete(key)),
    },
  };
};

/** Gives back what stood under a key before the last write to it. */
export function forgetful(): Medium {
  const last = new Map<string, JsonObject | undefined>();
  const before = new Map<string, JsonObject | undefined>();
  const note = (key: string, record: JsonObject | undefined): void => {
    if (last.has(key)) before.set(key, last.get(key));
    last.set(key, record);
  };
  const noteAll = (writes: readonly RecordWrite[]): void => {
    for (const { collection, key, record } of writes) if (collection === 'sessions') note(key, record);
  };
  const stale = (sessions: Records): Records => ({
    ...sessions,
    put: (key, record, options) => {
      note(key, record);
      return sessions.put(key, record, options);
    },
    delete: (key) => {
      note(key, undefined);
      return sessions.delete(key);
    },
    async *entries() {
      const now = new Map<string, JsonObject | undefined>();
      for await (const [key, record] of sessions.entries()) now.set(key, record);
      for (const [key, record] of new Map([...now, ...before])) {
        if (record !== undefined) yield [key, record] as const;
      }
    },
  });
  return (store): NodeStore => ({
    ...store,
    sessions: stale(store.sessions),
    write: (writes) => {
      noteAll(writes);
      return store.write(writes);
    },
  });
}
