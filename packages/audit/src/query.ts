import type { AuditEntry, AuditKind, AuditOutcome } from './audit-record.ts';
import type { SessionLineage } from './session-lineage.ts';

/** Which records are wanted. Every member that is there must hold; of several values of a member, any. */
export interface AuditQuery {
  /**
   * A person: everything that was done on their behalf too, by whichever agent, since every record names the person at
   * the end of its chain. Without `issuer`, of any issuer.
   */
  readonly person?: { readonly sub: string; readonly issuer?: string };
  /** An agent, anywhere in the chain of actors. */
  readonly agent?: string;
  /** An agent as the one that acted: the last of the chain. */
  readonly actor?: string;
  /** A session. With its descendants where {@link createAuditFilter} is given the lineage. */
  readonly session?: string;
  readonly kinds?: readonly AuditKind[];
  readonly outcomes?: readonly AuditOutcome[];
  readonly cause?: string;
  readonly change?: string;
  readonly txn?: string;
  readonly connection?: string;
  readonly action?: string;
  readonly resourceType?: string;
  readonly resourceId?: string;
  /** UNIX milliseconds, from (including) and to (excluding). */
  readonly fromMs?: number;
  readonly toMs?: number;
}

/**
 * Makes a function that says whether a record is wanted.
 *
 * @param lineage - the sessions of the log, read before: a query by session then includes all that descend from it.
 */
export function createAuditFilter(
  query: AuditQuery,
  lineage?: SessionLineage,
): (entry: AuditEntry) => boolean {
  const { person, session, fromMs = -Infinity, toMs = Infinity } = query;
  const sessions =
    session === undefined ? undefined : (lineage?.descendantsOf(session) ?? new Set([session]));
  const tests: ((entry: AuditEntry) => boolean)[] = [({ atMs }) => fromMs <= atMs && atMs < toMs];
  const wants = (wanted: string | undefined, valueOf: (entry: AuditEntry) => string | undefined): void => {
    if (wanted !== undefined) tests.push((entry) => valueOf(entry) === wanted);
  };

  if (sessions !== undefined)
    tests.push((entry) => entry.session !== undefined && sessions.has(entry.session));
  wants(person?.sub, ({ subject }) => subject?.sub);
  wants(person?.issuer, ({ subject }) => subject?.issuer);
  const { agent, kinds, outcomes } = query;
  if (agent !== undefined) tests.push(({ actors }) => actors?.includes(agent) === true);
  if (kinds !== undefined) tests.push(({ kind }) => kinds.includes(kind));
  if (outcomes !== undefined) tests.push(({ outcome }) => outcomes.includes(outcome));
  wants(query.actor, ({ actors }) => actors?.at(-1));
  wants(query.cause, ({ cause }) => cause);
  wants(query.change, ({ change }) => change);
  wants(query.txn, ({ txn }) => txn);
  wants(query.connection, ({ connection }) => connection);
  wants(query.action, ({ action }) => action);
  wants(query.resourceType, ({ resource }) => resource?.type);
  wants(query.resourceId, ({ resource }) => resource?.id);
  return (entry) => tests.every((test) => test(entry));
}
