import type { Authority, RestoreInput, Session, SessionEffect, Spending } from '@rta/authority';
import { type Clock, isRtaError, type SessionId } from '@rta/core';
import type { RecordWrite, Store } from '@rta/store';
import { reportFault } from '../diagnostics.ts';
import { SERVER_LIMITS } from '../limits.ts';
import { parseSessionRecord, sessionRecord } from './session-records.ts';

/**
 * A session is written again after so many generations. What they follow from is kept elsewhere; of the generation it
 * is enough to know that the next one is higher than all before.
 */
const GENERATIONS_PER_WRITE = 256;

/** Keeps sessions in the store, so that they go on when the process does not. */
export interface SessionKeeper extends AsyncDisposable {
  /** Writes a session that was opened. @throws RtaError of the store: the session must then not be given out. */
  keep(session: Session): Promise<void>;
  /** Takes a session out, and what was noted of it. @throws RtaError of the store. */
  forget(id: SessionId): Promise<void>;
  /** Notes what effects have changed; it is written soon. */
  follow(effects: readonly SessionEffect[]): void;
  /** Notes that a session has come to a connection. */
  touch(session: Session): void;
  /** Writes what was noted so far. */
  flush(): Promise<void>;
  /** Reads the sessions of this store back, once, before any is opened. @returns how many go on. */
  restore(): Promise<number>;
  close(): Promise<void>;
}

/**
 * Makes the keeper of a node's sessions.
 *
 * Opening is kept before it is answered. What changes later follows soon: that a session ends is kept with its cause
 * (the subject's state, or the order), so that a record that is a moment behind resurrects nothing.
 */
export function createSessionKeeper(options: {
  readonly authority: Authority;
  readonly store: Pick<Store, 'sessions' | 'write'>;
  readonly clock: Clock;
}): SessionKeeper {
  const { authority, store, clock } = options;
  const spendings = new Map<SessionId, Spending>();
  // Those whose state is to be written: as it is then.
  const noted = new Set<SessionId>();
  // Those whose account has changed since: it is written with the next flush, or before with something else.
  const spent = new Set<SessionId>();
  let writing: Promise<void> | undefined;

  const takeSpending = (): void => {
    for (const [id, spending] of authority.takeSpending()) {
      spendings.set(id, spending);
      spent.add(id);
    }
  };

  /** An account goes by the details of the grant that it is kept with: both are read at the same moment. */
  const writeOf = (id: SessionId): RecordWrite => {
    takeSpending();
    spent.delete(id);
    const session = authority.get(id, clock.now());
    if (session === undefined) {
      spendings.delete(id);
      return { collection: 'sessions', key: id, record: undefined };
    }
    const record = sessionRecord(session, spendings.get(id));
    return { collection: 'sessions', key: id, record, expiresAtMs: session.expiresAtMs };
  };

  /** @returns those that could not be written. */
  const writeTogether = async (ids: readonly SessionId[]): Promise<readonly SessionId[]> => {
    try {
      await store.write(ids.map(writeOf));
      return [];
    } catch (error) {
      if (ids.length > 1 && isRtaError(error, 'RTA_STORE_TOO_LARGE')) {
        // Large ones are written apart, and one that is too large keeps no other from being written.
        const half = ids.length >> 1;
        return [...(await writeTogether(ids.slice(0, half))), ...(await writeTogether(ids.slice(half)))];
      }
      reportFault('store', error);
      return ids;
    }
  };

  const writeNoted = async (): Promise<void> => {
    // What one turn has brought is written together.
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    const left: SessionId[] = [];
    while (noted.size > 0) {
      const batch: SessionId[] = [];
      for (const id of noted) {
        if (batch.length >= SERVER_LIMITS.sessionsPerWrite) break;
        batch.push(id);
        // What changes while it is written is noted again.
        noted.delete(id);
      }
      const unwritten = await writeTogether(batch);
      left.push(...unwritten);
      if (unwritten.length === batch.length) break;
    }
    // It is tried again with the next change or flush.
    for (const id of left) noted.add(id);
  };

  const write = (): Promise<void> => {
    writing ??= writeNoted().finally(() => {
      writing = undefined;
    });
    return writing;
  };

  /** Writes the generation that a session goes on in, and nothing else: another node may have written the rest. */
  const writeGeneration = async (id: SessionId): Promise<void> => {
    const session = authority.get(id, clock.now());
    if (session === undefined) return;
    const { generation, issuedAtMs, expiresAtMs } = session;
    try {
      await store.sessions.update(id, (record) => {
        if (record === undefined) return undefined;
        if (Number(record['generation']) >= generation) return { record };
        return { record: { ...record, generation, issuedAtMs }, expiresAtMs };
      });
    } catch (error) {
      reportFault('store', error);
      noted.add(id);
    }
  };

  /** No generation is given twice, also where the process ends again before anything else is written. */
  const writeGenerations = async (ids: readonly SessionId[]): Promise<void> => {
    for (let at = 0; at < ids.length; at += SERVER_LIMITS.sessionsPerWrite) {
      await Promise.all(ids.slice(at, at + SERVER_LIMITS.sessionsPerWrite).map(writeGeneration));
    }
  };

  const flush = async (): Promise<void> => {
    await writing;
    takeSpending();
    for (const id of spent) noted.add(id);
    if (noted.size > 0) await write();
  };

  return {
    async keep(session) {
      takeSpending();
      const { id, expiresAtMs } = session;
      await store.sessions.put(id, sessionRecord(session, spendings.get(id)), { expiresAtMs });
    },
    async forget(id) {
      // Where the store fails it stays noted: what has ended must not come back.
      noted.add(id);
      await store.sessions.delete(id);
      noted.delete(id);
    },
    follow(effects) {
      for (const effect of effects) if (isWorthWriting(effect)) noted.add(effect.session.id);
      if (noted.size > 0) void write();
    },
    touch(session) {
      noted.add(session.id);
      void write();
    },
    flush,
    async restore() {
      const kept: RestoreInput[] = [];
      for await (const [key, record] of store.sessions.entries()) {
        const session = parseSessionRecord(record);
        if (session?.id === key) {
          kept.push({ ...session, generation: session.generation + GENERATIONS_PER_WRITE });
          if (session.spending !== undefined) spendings.set(session.id, session.spending);
        } else reportFault('store', new Error(`the record of session ${key} cannot be read: it has ended`));
      }
      const dropped = new Set(authority.restore(kept, clock.now()).dropped);
      for (const id of dropped) noted.add(id);
      await writeGenerations(kept.map(({ id }) => id).filter((id) => !dropped.has(id)));
      if (noted.size > 0) await write();
      return kept.length - dropped.size;
    },
    close: flush,
    [Symbol.asyncDispose]: flush,
  };
}

/** An agent may be told of several generations at once: none of the steps is jumped over. */
function isWorthWriting(effect: SessionEffect): boolean {
  if (effect.kind !== 'changed') return effect.kind === 'ended';
  return stepOf(effect.before) !== stepOf(effect.session);
}

function stepOf({ generation }: Session): number {
  return Math.floor(generation / GENERATIONS_PER_WRITE);
}
