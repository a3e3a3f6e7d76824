import {
  type AuditEntry,
  type AuditRow,
  createAuditFilter,
  createSessionLineage,
  parseAuditEntry,
  type SessionLineage,
} from '@rta/audit';
import { isRtaError } from '@rta/core';
import { type AuditFiles, readBack } from '@rta/store-file';
import type { AuditRequest } from './arguments.ts';

/** A row that was asked for, and what it says. */
export interface Selected {
  readonly row: AuditRow;
  readonly entry: AuditEntry;
}

/**
 * The rows that a query wants. A session is looked for with its descendants, which takes a first reading of the log.
 *
 * @param onUnreadable - told of each line that is no row, or holds no record; it is left out.
 * @throws RtaError `RTA_AUDIT_QUERY_LIMIT`
 */
export async function* selectRows(
  files: AuditFiles,
  { query, isNewestFirst }: Pick<AuditRequest, 'query' | 'isNewestFirst'>,
  onUnreadable: () => void,
): AsyncGenerator<Selected> {
  const lineage = query.session === undefined ? undefined : await lineageOf(files);
  const isWanted = createAuditFilter(query, lineage);
  const log = {
    read: (from: { fromSequence?: number } = {}) => rowsOf(files, from, onUnreadable),
    last: () => files.last(),
  };
  const firstSequence = (files.after?.sequence ?? 0) + 1;
  for await (const row of isNewestFirst ? readBack(log, { firstSequence }) : log.read()) {
    const entry = entryOf(row);
    if (entry === undefined) onUnreadable();
    else if (isWanted(entry)) yield { row, entry };
  }
}

async function lineageOf(files: AuditFiles): Promise<SessionLineage> {
  const lineage = createSessionLineage();
  for await (const row of rowsOf(files, {}, () => undefined)) {
    const entry = entryOf(row);
    if (entry !== undefined) lineage.add(entry);
  }
  return lineage;
}

/** The rows of a log, whatever else is in it: who looks into a log that was damaged wants to see the rest. */
async function* rowsOf(
  files: AuditFiles,
  from: { readonly fromSequence?: number },
  onUnreadable: () => void,
): AsyncGenerator<AuditRow> {
  for await (const { row, isCutOff } of files.lines(from)) {
    if (row !== undefined) yield row;
    else if (!isCutOff) onUnreadable();
  }
}

function entryOf({ line }: AuditRow): AuditEntry | undefined {
  try {
    return parseAuditEntry(line);
  } catch (error) {
    if (isRtaError(error)) return undefined;
    throw error;
  }
}

/** A record as a line for people: when, what, how, who through whom, what on what, why. */
export function describeEntry(entry: AuditEntry): string {
  const { sequence, atMs, kind, outcome, subject, actors, action, resource, cause } = entry;
  const who = [subject?.sub, ...(actors ?? [])].filter((name) => name !== undefined).join(' → ');
  const what = [action, resource === undefined ? undefined : `${resource.type}::${resource.id}`];
  return [new Date(atMs).toISOString(), sequence, kind, outcome, who, ...what, cause]
    .filter((part) => part !== undefined && part !== '')
    .map(printable)
    .join('  ');
}

/** Names come from agents: what would steer a terminal is shown, and not sent to it. */
function printable(part: string | number | undefined): string {
  return String(part).replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (one) => {
    return `\\u{${(one.codePointAt(0) ?? 0).toString(16)}}`;
  });
}
