import type { AuditLog, AuditRow } from '@rta/store';

/** Rows that are read at once and turned round. */
const WINDOW_COUNT = 1_024;

/**
 * The rows of a log from the newest to the oldest, those before a row where `beforeSequence` says so.
 *
 * @param firstSequence - the oldest row that is there.
 */
export async function* readBack(
  log: Pick<AuditLog, 'read' | 'last'>,
  options: { readonly firstSequence: number; readonly beforeSequence?: number | undefined },
): AsyncGenerator<AuditRow> {
  const { firstSequence, beforeSequence = Number.POSITIVE_INFINITY } = options;
  let high = Math.min((await log.last())?.sequence ?? 0, beforeSequence - 1);
  while (high >= firstSequence) {
    const low = Math.max(firstSequence, high - WINDOW_COUNT + 1);
    const rows: AuditRow[] = [];
    for await (const row of log.read({ fromSequence: low })) {
      if (row.sequence > high) break;
      rows.push(row);
    }
    yield* rows.toReversed();
    high = low - 1;
  }
}
