import type { AuditRecord } from '@rta/audit';
import { SERVER_LIMITS } from '../limits.ts';
import type { AuditTrail } from './audit-trail.ts';

/** Records that are written in one turn of the event loop, once there is time: decisions go on between turns. */
const RECORDS_PER_TURN = 64;

/**
 * Records of what was done, in order, that wait while more of it is to be done: agents must not wait for what is
 * written about others.
 */
export interface LaterRecords {
  /** Adds a record; it is made when it is written. Where nothing is more urgent that is at once. */
  add(make: () => AuditRecord): void;
  /** Writes all that wait. */
  flush(): void;
}

/**
 * Makes an empty queue in front of an audit trail.
 *
 * @param isBusy - whether something is more urgent now.
 */
export function createLaterRecords(audit: Pick<AuditTrail, 'record'>, isBusy: () => boolean): LaterRecords {
  let waiting: (() => AuditRecord)[] = [];
  let isScheduled = false;

  const write = (count: number): void => {
    const due = waiting.slice(0, count);
    waiting = waiting.slice(count);
    for (const make of due) audit.record(make());
  };

  const schedule = (): void => {
    if (isScheduled) return;
    isScheduled = true;
    setImmediate(() => {
      isScheduled = false;
      if (!isBusy()) write(RECORDS_PER_TURN);
      if (waiting.length > 0) schedule();
    });
  };

  return {
    add(make) {
      if (waiting.length === 0 && !isBusy()) return audit.record(make());
      if (waiting.length >= SERVER_LIMITS.maxLaterRecords) write(RECORDS_PER_TURN);
      waiting.push(make);
      schedule();
    },
    flush: () => write(waiting.length),
  };
}
