import {
  AUDIT_LIMITS,
  type AuditRecord,
  type AuditRow,
  type AuditSigner,
  type CheckpointCause,
  createChainWriter,
} from '@rta/audit';
import { type Clock, diagnostics, type Timer } from '@rta/core';
import type { AuditLog } from '@rta/store';
import { reportFault } from '../diagnostics.ts';
import { createPendingRows } from './pending-rows.ts';

/** `rta:server.audit`: rows after they were written, for those who keep a copy. */
export const auditChannel = diagnostics<AuditRow>('server.audit');

/**
 * What a node does while its audit log cannot be written.
 *
 * - `deny`: nothing is permitted; refusals and revocations go on.
 * - `degrade`: everything goes on. Records wait in memory up to a limit; what finds no room is lost, and a `gap`
 *   record says how much, from when to when, as soon as the log can be written. What waits ends with the process.
 */
export type AuditFailureMode = 'deny' | 'degrade';

/** The audit log of a node: every row carries the hash of all rows before it. */
export interface AuditTrail {
  /** Whether something may be permitted: records can be kept, or the node goes on without. */
  readonly healthy: boolean;
  /** Whether the log took what it was last given. */
  readonly isWritable: boolean;
  /** Rows that wait to be written. */
  readonly waitingCount: number;
  /** Records that found no room while the log could not be written, since the node was started. */
  readonly lostCount: number;
  /** Adds a record; it is written in the order of the calls, soon. */
  record(record: AuditRecord): void;
  /** Resolves when everything recorded so far was written or could not be. */
  flush(): Promise<void>;
  /** Seals what is not sealed yet, and flushes. Idempotent; what is recorded later is written, and not sealed. */
  close(): Promise<void>;
}

/** What a trail is opened with. */
export interface AuditTrailOptions {
  readonly log: AuditLog;
  readonly clock: Clock;
  /** Name of the node; part of every row. */
  readonly node: string;
  /** Signs checkpoints: at the start, every so many rows, after some time, and at the end. None without it. */
  readonly signer?: AuditSigner | undefined;
  /** `deny` by default. */
  readonly onFailure?: AuditFailureMode | undefined;
}

/** Opens the trail, going on where the log ends. */
export async function openAuditTrail(options: AuditTrailOptions): Promise<AuditTrail> {
  const { log, clock, node, signer, onFailure = 'deny' } = options;
  const chain = createChainWriter({ last: await log.last(), node, signer });
  const pending = createPendingRows();
  let writing: Promise<void> | undefined;
  let isWritable = true;
  let lost: { count: number; readonly fromMs: number; toMs: number } | undefined;
  let sealTimer: Timer | undefined;
  let lostCount = 0;
  let isClosed = false;

  const seal = (cause: CheckpointCause): void => {
    sealTimer?.cancel();
    sealTimer = undefined;
    const row = chain.seal(cause, clock.now());
    if (row !== undefined) pending.add(row);
  };

  const add = (record: AuditRecord): void => {
    pending.add(chain.add(record, clock.now()));
    if (chain.isSealDue) seal('rows');
  };

  /** Says in the chain what is not in it. */
  const admitLoss = (): void => {
    if (lost === undefined || pending.isFull) return;
    const { count, fromMs, toMs } = lost;
    lost = undefined;
    add({ kind: 'gap', outcome: 'ok', cause: 'log-unavailable', detail: { lost: count, fromMs, toMs } });
  };

  const writeAll = async (): Promise<void> => {
    // One turn of the event loop is written at once.
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    while (pending.count > 0) {
      const rows = pending.batch();
      try {
        await log.append(rows);
      } catch (error) {
        // The rows stay where they are: nothing that waits is lost, and they are tried again in the same order.
        isWritable = false;
        reportFault('audit', error);
        return;
      }
      pending.drop(rows.length);
      isWritable = true;
      admitLoss();
      if (auditChannel.hasSubscribers) for (const row of rows) auditChannel.publish(row);
    }
  };

  const write = (): Promise<void> => {
    writing ??= writeAll().finally(() => {
      writing = undefined;
    });
    return writing;
  };

  const writeSoon = (): void => {
    // A log that refused is not asked again for every record: `flush` tries, from time to time.
    if (isWritable) void write();
  };

  const sealLater = (): void => {
    if (signer === undefined || isClosed || chain.unsealedCount === 0) return;
    sealTimer ??= clock.after(AUDIT_LIMITS.checkpointMs, () => {
      seal('time');
      writeSoon();
    });
  };

  const flush = async (): Promise<void> => {
    while (pending.count > 0) {
      await write();
      if (!isWritable) return;
    }
  };

  seal('start');
  writeSoon();

  return {
    get healthy() {
      return onFailure === 'degrade' || (isWritable && !pending.isFull);
    },
    get isWritable() {
      return isWritable;
    },
    get waitingCount() {
      return pending.count;
    },
    get lostCount() {
      return lostCount;
    },
    record(record) {
      if (pending.isFull) {
        const nowMs = clock.now();
        lost ??= { count: 0, fromMs: nowMs, toMs: nowMs };
        lost.count += 1;
        lostCount += 1;
        lost.toMs = nowMs;
        return;
      }
      admitLoss();
      add(record);
      sealLater();
      writeSoon();
    },
    flush,
    async close() {
      isClosed = true;
      if (chain.unsealedCount > 0) seal('stop');
      sealTimer?.cancel();
      await flush();
    },
  };
}
