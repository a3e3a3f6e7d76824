import { AUDIT_LIMITS } from './limits.ts';

/** What a verification can find wrong. */
export type AuditFaultKind =
  /** A row whose hash does not follow from the row before and its own line. */
  | 'edited'
  /** Rows that are missing. */
  | 'dropped'
  /** A row that stands somewhere else than it belongs. */
  | 'reordered'
  /** A row that is there again, or in the place of another. */
  | 'duplicated'
  /** A line that is no row, or a row whose line is no record. */
  | 'malformed'
  /** A checkpoint that is out of shape, or that names another history than the one that stands before it. */
  | 'bad-checkpoint'
  /** A checkpoint whose signature is not that of its key. */
  | 'bad-signature'
  /** A checkpoint of a key that is not trusted. */
  | 'unknown-key'
  /** More rows in a row without a checkpoint than the node leaves. */
  | 'unsealed'
  /** The log ends before the place that was expected of it. */
  | 'truncated'
  /** The row at the place that was expected is another one. */
  | 'rewritten';

/** What a verification can remark on. It proves nothing, but somebody may want to know. */
export type AuditNoteKind =
  /** Older rows were removed, as retention does. */
  | 'begins-later'
  /** The clock of the node was set back, or several wrote. */
  | 'clock-back'
  /** Records that were lost while the log could not be written; the node says so itself. */
  | 'lost'
  /** The node did not end in order: rows were sealed only when it began again. */
  | 'sealed-late'
  /** The rows at the end that no checkpoint seals yet. */
  | 'unsealed-tail'
  /** The log ends in a piece of a line: a crash, or a node that is writing. */
  | 'cut-off'
  /** No key was given: the one that the log names was taken at its word. */
  | 'key-not-pinned';

/** One thing that a verification found. */
export interface AuditFinding {
  readonly severity: 'fault' | 'note';
  readonly kind: AuditFaultKind | AuditNoteKind;
  /** The row at which it shows. */
  readonly sequence: number;
  /** The last row that it is about, where they are several. */
  readonly toSequence?: number;
  readonly message: string;
}

/** Findings as they come, up to a limit; those beyond it are counted. */
export interface FindingList {
  readonly findings: readonly AuditFinding[];
  readonly faultCount: number;
  readonly noteCount: number;
  fault(kind: AuditFaultKind, sequence: number, message: string, toSequence?: number): void;
  note(kind: AuditNoteKind, sequence: number, message: string, toSequence?: number): void;
}

/** Makes an empty list. Faults are kept in preference to notes: half of the room is theirs alone. */
export function createFindingList(limit: number = AUDIT_LIMITS.findingCount): FindingList {
  const findings: AuditFinding[] = [];
  let faultCount = 0;
  let noteCount = 0;
  const keep = (finding: AuditFinding, room: number): void => {
    if (findings.length < room) findings.push(finding);
  };
  return {
    findings,
    get faultCount() {
      return faultCount;
    },
    get noteCount() {
      return noteCount;
    },
    fault(kind, sequence, message, toSequence) {
      faultCount += 1;
      keep({ severity: 'fault', kind, sequence, message, ...until(toSequence) }, limit);
    },
    note(kind, sequence, message, toSequence) {
      noteCount += 1;
      keep({ severity: 'note', kind, sequence, message, ...until(toSequence) }, limit / 2);
    },
  };
}

function until(toSequence: number | undefined): { readonly toSequence?: number } {
  return toSequence === undefined ? {} : { toSequence };
}
