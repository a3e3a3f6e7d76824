import { utf8 } from '@rta/core';
import type { AuditSigner } from './audit-key.ts';
import type { AuditPlace, AuditRecord, CheckpointCause } from './audit-record.ts';
import { type AuditRow, auditHash, CHAIN_START, type ChainPlace } from './chain.ts';
import { signCheckpoint } from './checkpoint.ts';
import { AUDIT_LIMITS } from './limits.ts';

/** Makes the rows of one node's log, each with the hash of all before it. It writes nothing by itself. */
export interface ChainWriter {
  /** Rows since the last checkpoint. */
  readonly unsealedCount: number;
  /** Whether the next row must be a checkpoint: there is a key, and as many rows as may stand between two. */
  readonly isSealDue: boolean;
  /** The row of a record. */
  add(record: AuditRecord, atMs: number): AuditRow;
  /** The row of a checkpoint; undefined without a key. */
  seal(cause: CheckpointCause, atMs: number): AuditRow | undefined;
}

/** What {@link createChainWriter} is made of. */
export interface ChainWriterOptions {
  /** Where the log ends; at its beginning by default. */
  readonly last?: ChainPlace | undefined;
  /** Name of the node, part of every row. */
  readonly node: string;
  /** Signs checkpoints; without it rows are chained, and not sealed. */
  readonly signer?: AuditSigner | undefined;
  /** Rows between two checkpoints; {@link AUDIT_LIMITS}.checkpointRows by default. */
  readonly everyRows?: number;
}

/**
 * Makes a chain writer that goes on where a log ends.
 *
 * @throws RangeError where `everyRows` is not a positive integer.
 */
export function createChainWriter(options: ChainWriterOptions): ChainWriter {
  const { last = CHAIN_START, node, signer, everyRows = AUDIT_LIMITS.checkpointRows } = options;
  if (!Number.isSafeInteger(everyRows) || everyRows < 1) {
    throw new RangeError('everyRows must be a positive integer');
  }
  let { sequence, hash } = last;
  let unsealedCount = 0;

  const chain = (line: string): AuditRow => {
    sequence += 1;
    hash = auditHash(hash, line);
    return { sequence, line, hash };
  };
  const placeAt = (atMs: number): AuditPlace => ({ sequence: sequence + 1, atMs, node });

  return {
    get unsealedCount() {
      return unsealedCount;
    },
    get isSealDue() {
      return signer !== undefined && unsealedCount >= everyRows;
    },
    add(record, atMs) {
      unsealedCount += 1;
      return chain(lineOf(placeAt(atMs), record));
    },
    seal(cause, atMs) {
      if (signer === undefined) return undefined;
      unsealedCount = 0;
      return chain(signCheckpoint(placeAt(atMs), { previous: hash, cause, everyRows }, signer));
    },
  };
}

/**
 * A record as a line that every log takes. One that is too long, say for a decision by thousands of policies, leaves
 * its lists out and says so: a row that no log takes would stop all that follow, and with them the node.
 */
function lineOf(place: AuditPlace, record: AuditRecord): string {
  const line = JSON.stringify({ ...place, ...record });
  // A UTF-16 code unit has at most three bytes of UTF-8.
  if (line.length * 3 <= AUDIT_LIMITS.lineBytes) return line;
  if (utf8(line).byteLength <= AUDIT_LIMITS.lineBytes) return line;
  const { policies, detail: _detail, ...rest } = record;
  return JSON.stringify({ ...place, ...rest, detail: { cut: { policies: policies?.length ?? 0 } } });
}
