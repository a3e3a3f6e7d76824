import { AUTHORITY_LIMITS } from '../limits.ts';
import { endOf, type SessionNode } from './session-node.ts';
import type { SessionTree } from './session-tree.ts';

/**
 * Agents that are away. A session whose agent is away for too long takes those with it that may not go on alone: they
 * are suspended until it is back.
 */
export interface Absences {
  /** @param change by which it went away. */
  begin(node: SessionNode, change: string, nowMs: number): void;
  /** It is back, on this connection. */
  end(node: SessionNode, connection: string): void;
  /** Suspends what must not go on any longer. */
  notice(nowMs: number): void;
}

/** Makes an empty list. */
export function createAbsences(tree: Pick<SessionTree, 'noteForChildren' | 'index'>): Absences {
  // Those of the last half minute.
  const absent = new Map<SessionNode, { readonly sinceMs: number; readonly change: string }>();
  return {
    begin(node, change, nowMs) {
      if (!absent.has(node)) absent.set(node, { sinceMs: nowMs, change });
    },
    end(node, connection) {
      absent.delete(node);
      if (node.absence === undefined) return;
      node.absence = undefined;
      tree.noteForChildren(node, { kind: 'parent-present', change: `connection:${connection}` });
    },
    notice(nowMs) {
      for (const [node, { sinceMs, change }] of absent) {
        // Since now at the latest, where the clock was set back.
        if (nowMs < sinceMs) absent.set(node, { sinceMs: nowMs, change });
        if (!(nowMs >= sinceMs + AUTHORITY_LIMITS.parentAbsenceMs)) continue;
        absent.delete(node);
        if (endOf(node) !== undefined || tree.index.get(node.identity.id) !== node) continue;
        node.absence = change;
        tree.noteForChildren(node, { kind: 'parent-absent', change });
      }
    },
  };
}
