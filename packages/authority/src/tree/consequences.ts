import type { Cause } from '../session.ts';
import type { SessionNode } from './session-node.ts';

/** What happened to the sessions of some trees: something changed, or they have ended. */
export interface Happening {
  readonly kind: 'change' | 'end';
  readonly cause: Cause;
  /** Logical time: sessions that were opened later know of it. */
  readonly at: number;
}

/** Who is still to be told what happened. */
interface Task {
  readonly what: Happening;
  /** Where it happened, and what below is still to be looked at; the next one stands last. */
  readonly waiting: SessionNode[];
  /** What happened next. */
  next: Task | undefined;
}

/**
 * Sessions that are still to be told what happened above them, in the order in which it happened. What happened is in
 * force without this: it only decides when each one hears of it.
 */
export interface Consequences {
  readonly isEmpty: boolean;
  add(what: Happening, tops: readonly SessionNode[]): void;
  /**
   * Looks at the next session.
   *
   * @param look - returns whether the sessions below may be concerned as well.
   * @returns false where there is none left.
   */
  next(look: (node: SessionNode, what: Happening) => boolean): boolean;
}

/** Makes an empty list. */
export function createConsequences(): Consequences {
  // A linked list: a second in which 100,000 sessions expire is as many tasks.
  let first: Task | undefined;
  let last: Task | undefined;
  return {
    get isEmpty() {
      return first === undefined;
    },
    add(what, tops) {
      if (tops.length === 0) return;
      const task: Task = { what, waiting: tops.toReversed(), next: undefined };
      if (last === undefined) first = task;
      else last.next = task;
      last = task;
    },
    next(look) {
      if (first === undefined) return false;
      const { what, waiting } = first;
      const node = waiting.pop();
      if (node !== undefined && node.openedAt <= what.at) {
        // Before it is looked at: a session that has ended has no children any more.
        const children = [...node.children].toReversed();
        if (look(node, what)) waiting.push(...children);
      }
      if (waiting.length === 0) {
        first = first.next;
        if (first === undefined) last = undefined;
      }
      return true;
    },
  };
}
