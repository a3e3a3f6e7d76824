import type { SessionId } from '@rta/core';
import type { Session } from './session.ts';
import { type SubjectKey, subjectKeys } from './subject-match.ts';

/** Live sessions, and the ways in which events find them. */
export interface SessionIndex {
  readonly size: number;
  get(id: SessionId): Session | undefined;
  /** Adds a session, or replaces it by its next state; its subject and parent never change. */
  put(session: Session): void;
  remove(session: Session): void;
  /** Sessions under any of these keys. */
  bySubject(keys: readonly SubjectKey[]): readonly Session[];
  childrenOf(id: SessionId): readonly Session[];
  childCount(id: SessionId): number;
  boundTo(connection: string): readonly Session[];
  /** Takes out the ids of sessions whose time is up. */
  takeExpired(nowMs: number): readonly SessionId[];
  all(): Iterable<Session>;
}

/** Sessions that expire within the same second are found together. */
const EXPIRY_BUCKET_MS = 1_000;

const expiryBucket = (session: Session): number => Math.ceil(session.expiresAtMs / EXPIRY_BUCKET_MS);

/** Makes an empty index. */
export function createSessionIndex(): SessionIndex {
  const sessions = new Map<SessionId, Session>();
  const subjects = createGroups<SubjectKey>();
  const children = createGroups<SessionId>();
  const connections = createGroups<string>();
  const expiries = createGroups<number>();

  const resolve = (ids: Iterable<SessionId>): readonly Session[] => {
    const found: Session[] = [];
    for (const id of ids) {
      const session = sessions.get(id);
      if (session !== undefined) found.push(session);
    }
    return found;
  };

  return {
    get size() {
      return sessions.size;
    },
    get: (id) => sessions.get(id),
    put(session) {
      const before = sessions.get(session.id);
      sessions.set(session.id, session);
      if (before === undefined) {
        for (const key of subjectKeys(session.subject)) subjects.add(key, session.id);
        if (session.parent !== undefined) children.add(session.parent, session.id);
        expiries.add(expiryBucket(session), session.id);
      }
      if (before?.connection !== session.connection) {
        if (before?.connection !== undefined) connections.remove(before.connection, session.id);
        if (session.connection !== undefined) connections.add(session.connection, session.id);
      }
    },
    remove(session) {
      if (!sessions.delete(session.id)) return;
      for (const key of subjectKeys(session.subject)) subjects.remove(key, session.id);
      if (session.parent !== undefined) children.remove(session.parent, session.id);
      if (session.connection !== undefined) connections.remove(session.connection, session.id);
      expiries.remove(expiryBucket(session), session.id);
    },
    bySubject(keys) {
      const ids = new Set<SessionId>();
      for (const key of keys) for (const id of subjects.get(key)) ids.add(id);
      return resolve(ids);
    },
    childrenOf: (id) => resolve(children.get(id)),
    childCount: (id) => children.get(id).size,
    boundTo: (connection) => resolve(connections.get(connection)),
    takeExpired(nowMs) {
      const due: SessionId[] = [];
      // All buckets are looked at, one for each second of the longest lifetime at most: 86,400, a millisecond's work.
      for (const bucket of expiries.keys()) {
        if (bucket * EXPIRY_BUCKET_MS > nowMs) continue;
        for (const id of expiries.get(bucket)) due.push(id);
        expiries.clear(bucket);
      }
      return due;
    },
    all: () => sessions.values(),
  };
}

interface Groups<Key> {
  get(key: Key): ReadonlySet<SessionId>;
  /** Groups may be cleared while they are gone through. */
  keys(): Iterable<Key>;
  add(key: Key, id: SessionId): void;
  remove(key: Key, id: SessionId): void;
  clear(key: Key): void;
}

const NONE: ReadonlySet<SessionId> = new Set();

/** A map from keys to sets that leaves no empty sets behind. */
function createGroups<Key>(): Groups<Key> {
  const groups = new Map<Key, Set<SessionId>>();
  return {
    get: (key) => groups.get(key) ?? NONE,
    keys: () => groups.keys(),
    add(key, id) {
      const group = groups.get(key);
      if (group === undefined) groups.set(key, new Set([id]));
      else group.add(id);
    },
    remove(key, id) {
      const group = groups.get(key);
      group?.delete(id);
      if (group?.size === 0) groups.delete(key);
    },
    clear: (key) => void groups.delete(key),
  };
}
