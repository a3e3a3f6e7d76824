import { isRtaError } from '@rta/core';
import type { AuditEntry } from './audit-record.ts';
import { type AuditRow, auditHash, CHAIN_START, type ChainPlace } from './chain.ts';
import { type AuditFinding, createFindingList, type FindingList } from './findings.ts';
import { createMissingRanges } from './missing-ranges.ts';
import { parseAuditEntry } from './parse-entry.ts';
import { createSealCheck } from './seal-check.ts';

/** What a verification goes by. */
export interface AuditVerifierOptions {
  /** Public keys whose checkpoints count, 32 bytes each; without any, the first key that the log names. */
  readonly trustedKeys?: readonly Uint8Array[];
  /** The row before the first one, where the log does not begin at 1: it lets the first row be checked. */
  readonly after?: ChainPlace | undefined;
  /**
   * A place that was noted elsewhere, a checkpoint best of all: the log must still hold that row. This, and nothing in
   * a log itself, shows that its end was cut off.
   */
  readonly expect?: { readonly sequence: number; readonly hash?: string | undefined } | undefined;
}

/** What was found of a log. */
export interface AuditVerification {
  /** Whether there are no faults. Notes may be there. */
  readonly ok: boolean;
  readonly rowCount: number;
  /** Numbers of the first and the last row; 0 where there is none. */
  readonly firstSequence: number;
  /** The last row: note it elsewhere, and the next verification can expect it. */
  readonly last: ChainPlace;
  /** The last good checkpoint: up to here nothing can be changed without the key. */
  readonly sealed: ChainPlace;
  readonly checkpointCount: number;
  /** Records that were lost while the log could not be written, as the node itself tells. */
  readonly lostCount: number;
  readonly faultCount: number;
  readonly noteCount: number;
  /** In the order in which they were found; as many as `AUDIT_LIMITS.findingCount`. */
  readonly findings: readonly AuditFinding[];
}

/** Verifies a log, row by row; it keeps a few numbers, however long the log is. */
export interface AuditVerifier {
  /** Takes the next row, as it stands in the log. */
  push(row: AuditRow): void;
  /** Takes a piece of the log that is no row: a line that cannot be read, or an end that is none. */
  pushUnreadable(kind: 'malformed' | 'cut-off', where: string): void;
  /** Findings so far. */
  readonly findings: readonly AuditFinding[];
  /** Looks at the end. */
  finish(): AuditVerification;
}

/** Makes a verifier for one log. */
export function createAuditVerifier(options: AuditVerifierOptions = {}): AuditVerifier {
  const { trustedKeys, after, expect } = options;
  const found = createFindingList();
  const missing = createMissingRanges();
  const seals = createSealCheck(trustedKeys, found);
  let last = after ?? CHAIN_START;
  // What the hash of the last row may be: as it stands there, and as it follows. They differ in one that was edited.
  let previous: readonly string[] = [last.hash];
  let firstSequence = 0;
  let rowCount = 0;
  let lastAtMs = 0;
  let lostCount = 0;
  let isExpectedMet = expect === undefined;

  const noteBegin = (sequence: number): void =>
    found.note('begins-later', sequence, `the log begins with row ${sequence}; its older rows are not there`);
  if (last.sequence > 0) noteBegin(last.sequence + 1);

  /** Whether the log goes on with this row; what was skipped is remembered. */
  const isNext = ({ sequence }: AuditRow): boolean => {
    const expected = last.sequence + 1;
    if (sequence === expected) return true;
    if (rowCount === 1 && after === undefined && sequence > 1) {
      // Nothing says which row came before: this one's own line cannot be checked, those behind it can.
      noteBegin(sequence);
      previous = [];
      return true;
    }
    if (sequence > expected) {
      const name =
        sequence - expected === 1 ? `row ${expected} is` : `rows ${expected} to ${sequence - 1} are`;
      found.fault('dropped', expected, `${name} missing`, sequence - 1);
      missing.add(expected, sequence - 1);
      previous = [];
      return true;
    }
    if (missing.take(sequence)) {
      found.fault('reordered', sequence, `row ${sequence} stands behind row ${last.sequence}`);
    } else {
      found.fault('duplicated', sequence, `a row ${sequence} stands behind row ${last.sequence}`);
    }
    return false;
  };

  const checkTime = ({ atMs, sequence }: AuditEntry): void => {
    if (atMs < lastAtMs) found.note('clock-back', sequence, `the clock went back by ${lastAtMs - atMs} ms`);
    lastAtMs = atMs;
  };

  const checkExpected = (row: AuditRow): void => {
    if (expect === undefined || row.sequence !== expect.sequence) return;
    isExpectedMet = true;
    if (expect.hash !== undefined && expect.hash !== row.hash) {
      found.fault('rewritten', row.sequence, `row ${row.sequence} is not the one that was noted`);
    }
  };

  return {
    findings: found.findings,
    push(row) {
      rowCount += 1;
      if (!isNext(row)) return;
      if (firstSequence === 0) firstSequence = row.sequence;
      const computed = previous.map((hash) => auditHash(hash, row.line));
      if (computed.length > 0 && !computed.includes(row.hash)) {
        found.fault('edited', row.sequence, 'the line or the hash of the row was changed');
      }
      const entry = entryOf(row, found);
      if (entry !== undefined) {
        checkTime(entry);
        seals.push(row, entry, previous);
        if (entry.kind === 'gap') {
          const lost = Number(entry.detail?.['lost']);
          if (lost > 0) lostCount += lost;
          found.note('lost', row.sequence, `records were lost here: ${lost}`);
        }
      }
      checkExpected(row);
      last = { sequence: row.sequence, hash: row.hash };
      previous = computed.includes(row.hash) ? [row.hash] : [row.hash, ...computed.slice(0, 1)];
    },
    pushUnreadable(kind, where) {
      if (kind === 'malformed') found.fault(kind, last.sequence + 1, `${where} is no row`);
      else found.note(kind, last.sequence + 1, `${where} is a piece of a line`);
    },
    finish() {
      seals.finish(last.sequence);
      if (!isExpectedMet && expect !== undefined) {
        const { sequence } = expect;
        found.fault('truncated', sequence, `row ${sequence} was expected; the log ends at ${last.sequence}`);
      }
      return {
        ok: found.faultCount === 0,
        rowCount,
        firstSequence,
        last,
        sealed: seals.sealed,
        checkpointCount: seals.checkpointCount,
        lostCount,
        faultCount: found.faultCount,
        noteCount: found.noteCount,
        findings: found.findings,
      };
    },
  };
}

/** What a row says; undefined, with a fault, where it is no record, or one of another place. */
function entryOf(row: AuditRow, found: FindingList): AuditEntry | undefined {
  let entry: AuditEntry;
  try {
    entry = parseAuditEntry(row.line);
  } catch (error) {
    if (!isRtaError(error)) throw error;
    found.fault('malformed', row.sequence, 'the row holds no record');
    return undefined;
  }
  if (entry.sequence === row.sequence) return entry;
  found.fault('edited', row.sequence, `the row holds the record of row ${entry.sequence}`);
  return undefined;
}
