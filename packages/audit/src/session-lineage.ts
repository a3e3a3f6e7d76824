import type { AuditEntry } from './audit-record.ts';
import { auditError } from './errors.ts';
import { AUDIT_LIMITS } from './limits.ts';

/** Which session came from which, as the records of a log tell. */
export interface SessionLineage {
  /**
   * Reads a record, in any order.
   *
   * @throws RtaError `RTA_AUDIT_QUERY_LIMIT` beyond `AUDIT_LIMITS.linkedSessionCount` delegated sessions.
   */
  add(entry: AuditEntry): void;
  /** A session and all that were delegated from it, at any depth. */
  descendantsOf(session: string): ReadonlySet<string>;
}

/** Makes an empty lineage. */
export function createSessionLineage(): SessionLineage {
  const parents = new Map<string, string>();
  return {
    add({ session, parent }) {
      if (session === undefined || parent === undefined || parents.has(session)) return;
      if (parents.size >= AUDIT_LIMITS.linkedSessionCount) throw auditError('RTA_AUDIT_QUERY_LIMIT');
      parents.set(session, parent);
    },
    descendantsOf(root) {
      const children = new Map<string, string[]>();
      for (const [child, parent] of parents) {
        const siblings = children.get(parent);
        if (siblings === undefined) children.set(parent, [child]);
        else siblings.push(child);
      }
      // A set that grows while it is walked: each session once, also where a forged log has a circle.
      const found = new Set([root]);
      for (const session of found) for (const child of children.get(session) ?? []) found.add(child);
      return found;
    },
  };
}
