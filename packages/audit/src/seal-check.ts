import { fromBase64Url } from '@rta/core';
import { auditKeyId } from './audit-key.ts';
import type { AuditEntry } from './audit-record.ts';
import type { AuditRow } from './chain.ts';
import { type Checkpoint, isSignedBy, readCheckpoint } from './checkpoint.ts';
import type { FindingList } from './findings.ts';
import { AUDIT_LIMITS } from './limits.ts';

/** Follows the checkpoints of a log. */
export interface SealCheck {
  /** The last good checkpoint; sequence 0 where there was none. */
  readonly sealed: Pick<AuditRow, 'sequence' | 'hash'>;
  readonly checkpointCount: number;
  /** Rows since the last good checkpoint. */
  readonly unsealedCount: number;
  /**
   * Takes a row in its place.
   *
   * @param previous - what the hash of the row before may be; empty where it is not known.
   */
  push(row: AuditRow, entry: AuditEntry, previous: readonly string[]): void;
  finish(lastSequence: number): void;
}

/** Makes one that trusts these keys; without any, the first key that the log names. */
export function createSealCheck(
  trustedKeys: readonly Uint8Array[] | undefined,
  found: FindingList,
): SealCheck {
  const keys = new Map((trustedKeys ?? []).map((key) => [auditKeyId(key), key]));
  let sealed: Pick<AuditRow, 'sequence' | 'hash'> = { sequence: 0, hash: '' };
  let checkpointCount = 0;
  let unsealedCount = 0;
  let firstUnsealed = 1;
  let everyRows: number = AUDIT_LIMITS.checkpointRows;
  let isToldUnsealed = false;

  /** The key that a log without a pinned key names for itself. */
  const takeAtItsWord = ({ claim }: Checkpoint, sequence: number): void => {
    if (trustedKeys !== undefined || keys.size > 0 || claim.publicKey === undefined) return;
    let key: Uint8Array;
    try {
      key = fromBase64Url(claim.publicKey);
    } catch {
      return;
    }
    if (auditKeyId(key) !== claim.key) return;
    keys.set(claim.key, key);
    found.note(
      'key-not-pinned',
      sequence,
      `no key was given: ${claim.key}, which the log names, was trusted`,
    );
  };

  /** Whether a checkpoint seals what stands before it. */
  const isGood = (row: AuditRow, entry: AuditEntry, previous: readonly string[]): boolean => {
    const { sequence } = row;
    const checkpoint = readCheckpoint(row.line, entry.checkpoint);
    if (checkpoint === undefined) {
      found.fault('bad-checkpoint', sequence, 'the checkpoint is out of shape');
      return false;
    }
    takeAtItsWord(checkpoint, sequence);
    const { claim } = checkpoint;
    const key = keys.get(claim.key);
    if (key === undefined) {
      found.fault('unknown-key', sequence, `the checkpoint is of key ${claim.key}, which is not trusted`);
      return false;
    }
    if (!isSignedBy(checkpoint, key)) {
      found.fault('bad-signature', sequence, `the checkpoint was not signed by key ${claim.key}`);
      return false;
    }
    if (previous.length > 0 && !previous.includes(claim.previous)) {
      found.fault('bad-checkpoint', sequence, 'the checkpoint seals other rows than those before it');
      return false;
    }
    everyRows = claim.everyRows;
    if (claim.cause === 'start' && unsealedCount > 0) {
      const message = 'rows were sealed only when the node began again: until then they could be made anew';
      found.note('sealed-late', firstUnsealed, message, sequence - 1);
    }
    return true;
  };

  return {
    get sealed() {
      return sealed;
    },
    get checkpointCount() {
      return checkpointCount;
    },
    get unsealedCount() {
      return unsealedCount;
    },
    push(row, entry, previous) {
      if (entry.kind === 'checkpoint' && isGood(row, entry, previous)) {
        checkpointCount += 1;
        sealed = { sequence: row.sequence, hash: row.hash };
        unsealedCount = 0;
        isToldUnsealed = false;
        return;
      }
      if (unsealedCount === 0) firstUnsealed = row.sequence;
      unsealedCount += 1;
      if (unsealedCount <= everyRows || isToldUnsealed || keys.size === 0) return;
      isToldUnsealed = true;
      found.fault('unsealed', firstUnsealed, `more than ${everyRows} rows stand here without a checkpoint`);
    },
    finish(lastSequence) {
      if (trustedKeys !== undefined && checkpointCount === 0 && unsealedCount > 0 && !isToldUnsealed) {
        found.fault('unsealed', firstUnsealed, 'no checkpoint of a trusted key is in the log', lastSequence);
      } else if (unsealedCount > 0) {
        const message = 'rows at the end that no checkpoint seals: who can write the log can make them anew';
        found.note('unsealed-tail', firstUnsealed, message, lastSequence);
      }
    },
  };
}
