import type { Authority } from '@rta/authority';
import { systemClock } from '@rta/core';
import { type Kept, type KeptOptions, startAuthority, T0 } from '@rta/histories';
import { restoreState } from '../../src/sessions/restore-state.ts';
import { createSessionKeeper, type SessionKeeper } from '../../src/sessions/session-keeper.ts';
import { createSubjectKeeper, type SubjectKeeper } from '../../src/signals/subject-keeper.ts';
import { type NodeStore, type PartOfStores, partOfStores } from './part-of-stores.ts';
import type { Contents, StoresTogether } from './stores-together.ts';

/** A process of a node. */
interface Life {
  readonly authority: Authority;
  readonly part: PartOfStores;
  readonly keeper: SessionKeeper;
  readonly subjects: SubjectKeeper;
}

const NOTHING: Contents = { sessions: new Map(), subjects: new Map() };

/** What stands between the keepers of a node and its store; the store itself by default. */
export type Medium = (store: NodeStore) => NodeStore;

/**
 * Keeps a history as a node does, with the keepers of a node. What was answered before it breaks off is in the stores
 * then; what was to be written soon is, or is not. It goes on from one of the stores, when all have the same.
 *
 * @param name - of the history: no other has it.
 * @param turn - says from which store it goes on.
 */
export function keepInStores(
  options: KeptOptions,
  {
    stores,
    name,
    turn,
    medium = (store) => store,
  }: {
    readonly stores: StoresTogether;
    readonly name: string;
    readonly turn: number;
    readonly medium?: Medium;
  },
): Kept {
  let nowMs = T0;
  let restarts = 0;
  let isSpent = false;
  const clock = { ...systemClock, now: () => nowMs };
  // What somebody has an answer for.
  let answered: Promise<void>[] = [];

  const answer = (kept: Promise<void>): void => {
    answered.push(kept);
    // Whoever waits for all of them hears of it.
    kept.catch(() => undefined);
  };

  const begin = (policyRevision: string, contents: Contents): Life => {
    const authority = startAuthority(options, policyRevision);
    const part = partOfStores(stores, name, contents);
    const store = medium(part.store);
    return {
      authority,
      part,
      keeper: createSessionKeeper({ authority, store, clock }),
      subjects: createSubjectKeeper(store),
    };
  };

  stores.join(name);
  let life = begin('r1', NOTHING);

  return {
    get authority() {
      return life.authority;
    },
    keep(what, atMs) {
      nowMs = atMs;
      const { keeper, subjects } = life;
      if ('signal' in what) answer(subjects.keep(what.signal));
      else if ('session' in what) answer(keeper.keep(what.session));
      else answer(keeper.forget(what.ended));
    },
    spent(atMs) {
      nowMs = atMs;
      isSpent = true;
    },
    bound(session, atMs) {
      nowMs = atMs;
      life.keeper.touch(session);
    },
    told(effects, atMs) {
      nowMs = atMs;
      life.keeper.follow(effects);
    },
    async restore(atMs, policyRevision, shuffle) {
      nowMs = atMs;
      // A node may forget the permits of its last second, which the model of a history does not: so that second passes.
      if (isSpent) answer(life.keeper.flush());
      isSpent = false;
      await Promise.all(answered);
      answered = [];
      await life.part.die();
      const found = await stores.reopen(name);
      const [first, ...others] = found.map(textOf);
      if (others.some((text) => text !== first)) throw new Error('the stores do not have the same');
      const contents = found[(turn + restarts) % found.length] ?? NOTHING;
      restarts += 1;
      life = begin(policyRevision, shuffled(contents, shuffle));
      await restoreState({ ...life, clock });
    },
    async close() {
      await Promise.all(answered);
      await life.part.die();
      await life.part.clear();
      stores.leave(name);
    },
  };
}

/** All of it as a text, which has no order. */
const textOf = ({ sessions, subjects }: Contents): string =>
  JSON.stringify([sessions, subjects].map((records) => [...records].sort(([a], [b]) => (a < b ? -1 : 1))));

function shuffled(
  { sessions, subjects }: Contents,
  shuffle: <T>(all: readonly T[]) => readonly T[],
): Contents {
  return { sessions: new Map(shuffle([...sessions])), subjects: new Map(shuffle([...subjects])) };
}
