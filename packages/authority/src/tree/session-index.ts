import type { SessionId } from '@rta/core';
import { actorKey, type SubjectKey, subjectKeys, userKeyOf } from '../subjects/subject-match.ts';
import type { SessionNode } from './session-node.ts';

/** Live sessions, and the ways in which events find them. */
export interface SessionIndex {
  readonly size: number;
  get(id: SessionId): SessionNode | undefined;
  /** Adds a session, below its parent. */
  add(node: SessionNode): void;
  remove(node: SessionNode): void;
  /** Sessions under any of these keys: by their person the first ones of trees, by their agent any. */
  byKeys(keys: readonly SubjectKey[]): readonly SessionNode[];
  /** Sessions of one person, those that were delegated included. */
  countOf(subject: SessionNode['party']['subject']): number;
  boundTo(connection: string): readonly SessionNode[];
  /** Notes that a session has come to a connection, or left one. */
  rebound(node: SessionNode, from: string | undefined, to: string | undefined): void;
  /** Takes out the sessions whose time is up. */
  takeExpired(nowMs: number): readonly SessionNode[];
  /** The first sessions of all trees. */
  roots(): Iterable<SessionNode>;
  all(): Iterable<SessionNode>;
}

/** Sessions that expire within the same second are found together. */
const EXPIRY_BUCKET_MS = 1_000;

const expiryBucket = ({ identity }: SessionNode): number =>
  Math.ceil(identity.expiresAtMs / EXPIRY_BUCKET_MS);

/** By its own name a session is found without a key. */
function keysOf({ party, parent }: SessionNode): readonly SubjectKey[] {
  const key = actorKey(party.actor.id);
  return parent === undefined ? [...subjectKeys(party.subject), key] : [key];
}

/** Makes an empty index. */
export function createSessionIndex(): SessionIndex {
  const nodes = new Map<SessionId, SessionNode>();
  const roots = new Set<SessionNode>();
  const subjects = createGroups<SubjectKey>();
  const connections = createGroups<string>();
  const expiries = createGroups<number>();
  const counts = new Map<SubjectKey, number>();

  const count = ({ party }: SessionNode, by: 1 | -1): void => {
    const key = userKeyOf(party.subject);
    const sum = (counts.get(key) ?? 0) + by;
    if (sum === 0) counts.delete(key);
    else counts.set(key, sum);
  };

  return {
    get size() {
      return nodes.size;
    },
    get: (id) => nodes.get(id),
    add(node) {
      nodes.set(node.identity.id, node);
      for (const key of keysOf(node)) subjects.add(key, node);
      expiries.add(expiryBucket(node), node);
      if (node.parent === undefined) roots.add(node);
      else node.parent.children.add(node);
      count(node, 1);
    },
    remove(node) {
      if (!nodes.delete(node.identity.id)) return;
      for (const key of keysOf(node)) subjects.remove(key, node);
      expiries.remove(expiryBucket(node), node);
      const { connection } = node.session;
      if (connection !== undefined) connections.remove(connection, node);
      roots.delete(node);
      node.parent?.children.delete(node);
      count(node, -1);
    },
    byKeys(keys) {
      const found = new Set<SessionNode>();
      for (const key of keys) for (const node of subjects.get(key)) found.add(node);
      return [...found];
    },
    countOf: (subject) => counts.get(userKeyOf(subject)) ?? 0,
    boundTo: (connection) => [...connections.get(connection)],
    rebound(node, from, to) {
      if (from === to) return;
      if (from !== undefined) connections.remove(from, node);
      if (to !== undefined) connections.add(to, node);
    },
    takeExpired(nowMs) {
      const due: SessionNode[] = [];
      // All buckets are looked at, one for each second of the longest lifetime at most: 86,400, a millisecond's work.
      for (const bucket of expiries.keys()) {
        if (!(bucket * EXPIRY_BUCKET_MS <= nowMs)) continue;
        for (const node of expiries.get(bucket)) due.push(node);
        expiries.clear(bucket);
      }
      return due;
    },
    roots: () => roots,
    all: () => nodes.values(),
  };
}

interface Groups<Key> {
  get(key: Key): ReadonlySet<SessionNode>;
  /** Groups may be cleared while they are gone through. */
  keys(): Iterable<Key>;
  add(key: Key, node: SessionNode): void;
  remove(key: Key, node: SessionNode): void;
  clear(key: Key): void;
}

const NONE: ReadonlySet<SessionNode> = new Set();

/** A map from keys to sets that leaves no empty sets behind. */
function createGroups<Key>(): Groups<Key> {
  const groups = new Map<Key, Set<SessionNode>>();
  return {
    get: (key) => groups.get(key) ?? NONE,
    keys: () => groups.keys(),
    add(key, node) {
      const group = groups.get(key);
      if (group === undefined) groups.set(key, new Set([node]));
      else group.add(node);
    },
    remove(key, node) {
      const group = groups.get(key);
      group?.delete(node);
      if (group?.size === 0) groups.delete(key);
    },
    clear: (key) => void groups.delete(key),
  };
}
