import { hash as digestOf } from 'node:crypto';
import { type Clock, diagnostics } from '@rta/core';
import { type AuditLog, type AuditRow, STORE_LIMITS } from '@rta/store';
import { reportFault } from '../diagnostics.ts';
import { SERVER_LIMITS } from '../limits.ts';
import type { AuditRecord } from './audit-record.ts';

/** `rta:server.audit`: rows after they were written, for those who keep a copy. */
export const auditChannel = diagnostics<AuditRow>('server.audit');

/** The audit log of a node: every row carries the hash of all rows before it. */
export interface AuditTrail {
  /**
   * Whether records can be kept. While not, nothing may be permitted: what is not accountable is not done.
   */
  readonly healthy: boolean;
  /** Adds a record; it is written in the order of the calls, soon. */
  record(record: AuditRecord): void;
  /** Resolves when everything recorded so far was written or could not be. */
  flush(): Promise<void>;
}

const GENESIS_HASH = '';

/**
 * The hash of a row: SHA-256 over the previous row's hash and the line, base64url.
 * A row that is edited, dropped or moved breaks the chain from there on.
 */
export function auditHash(previousHash: string, line: string): string {
  return digestOf('sha256', `${previousHash}\n${line}`, 'base64url');
}

/**
 * Opens the trail, going on where the log ends.
 *
 * @param node - name of the node; part of every row.
 */
export async function openAuditTrail(options: {
  readonly log: AuditLog;
  readonly clock: Clock;
  readonly node: string;
}): Promise<AuditTrail> {
  const { log, clock, node } = options;
  const last = await log.last();
  let sequence = last?.sequence ?? 0;
  let hash = last?.hash ?? GENESIS_HASH;
  let pending: AuditRow[] = [];
  let writing: Promise<void> | undefined;
  let healthy = true;

  const writeAll = async (): Promise<void> => {
    // One turn of the event loop is written at once.
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    while (pending.length > 0) {
      // A copy: what is recorded while the store writes is not part of what it was given.
      const rows = [...pending];
      try {
        await log.append(rows);
      } catch (error) {
        // The rows stay where they are: nothing is lost, and nothing more is permitted until they are written.
        healthy = false;
        reportFault('audit', error);
        return;
      }
      pending = pending.slice(rows.length);
      healthy = true;
      if (auditChannel.hasSubscribers) for (const row of rows) auditChannel.publish(row);
    }
  };

  const write = (): Promise<void> => {
    writing ??= writeAll().finally(() => {
      writing = undefined;
    });
    return writing;
  };

  return {
    get healthy() {
      return healthy && pending.length < SERVER_LIMITS.maxPendingAuditRecords;
    },
    record(record) {
      // Beyond the limit nothing is permitted any more (see `healthy`), so only refusals are left out here.
      if (pending.length >= SERVER_LIMITS.maxPendingAuditRecords) return;
      sequence += 1;
      const line = lineOf({ sequence, atMs: clock.now(), node }, record);
      hash = auditHash(hash, line);
      pending.push({ sequence, line, hash });
      // A log that refused is not asked again for every record: `flush` tries, from time to time.
      if (healthy) void write();
    },
    async flush() {
      while (pending.length > 0) {
        await write();
        if (!healthy) return;
      }
    },
  };
}

/**
 * A record as a line that every log takes. One that is too long, say for a decision by thousands of policies, leaves
 * its lists out and says so: a row that no log takes would stop all that follow, and with them the node.
 */
function lineOf(place: { sequence: number; atMs: number; node: string }, record: AuditRecord): string {
  const line = JSON.stringify({ ...place, ...record });
  // A UTF-16 code unit has at most three bytes of UTF-8.
  if (line.length * 3 <= STORE_LIMITS.auditLineBytes) return line;
  if (Buffer.byteLength(line) <= STORE_LIMITS.auditLineBytes) return line;
  const { policies, detail: _detail, ...rest } = record;
  const cut = { policies: policies?.length ?? 0 };
  return JSON.stringify({ ...place, ...rest, detail: { cut } });
}
