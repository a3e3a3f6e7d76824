import type { Clock, SessionId } from '@rta/core';
import { SERVER_LIMITS } from '../limits.ts';

/** What happened, as it is told when it is begun. */
export interface ChangeHeader {
  readonly id: string;
  /** Kind of signal or order. */
  readonly kind: string;
  /** Who said so. */
  readonly source: string;
  readonly reason?: string;
  readonly txn?: string;
  /** UNIX milliseconds of its arrival at this node. */
  readonly receivedAtMs: number;
}

/** What became of a change at one enforcement point. Times are milliseconds after the arrival of the change. */
export interface EnforcementPoint {
  readonly session: SessionId;
  /** Id of the agent that holds it. */
  readonly agent: string;
  readonly generation: number;
  /** `pending`; `acknowledged`; `cut-off`: it did not in time, and lost its connection; `offline`: it had none. */
  readonly outcome: 'pending' | 'acknowledged' | 'cut-off' | 'offline';
  readonly pushedAfterMs?: number;
  readonly settledAfterMs?: number;
}

/** A change, and what became of it so far. */
export interface ChangeRecord extends ChangeHeader {
  readonly node: string;
  /** When it was in force at this node for everything that it concerns; undefined until then. */
  readonly decidedAfterMs: number | undefined;
  /** Sessions that it changed or ended. */
  readonly sessionCount: number;
  readonly pendingCount: number;
  readonly acknowledgedCount: number;
  readonly cutOffCount: number;
  readonly offlineCount: number;
  /** Whether nothing more is awaited. */
  readonly isComplete: boolean;
  /** The first of them, up to a limit. */
  readonly points: readonly EnforcementPoint[];
}

/** What becomes of each change, at every enforcement point that it concerns (invariant I8). */
export interface ChangeLog {
  /** A change has arrived. Twice the same is once. */
  begin(header: ChangeHeader, receivedMonotonicMs: number): void;
  /** It is in force. */
  decided(id: string): void;
  /** Everybody whom changes in force concern was told: none of them gets more points. */
  closeDecided(): void;
  pushed(id: string, point: Pick<EnforcementPoint, 'session' | 'agent' | 'generation'>): void;
  offline(id: string, point: Pick<EnforcementPoint, 'session' | 'agent' | 'generation'>): void;
  /** @returns milliseconds since its arrival; undefined where the change is not known any more. */
  settled(
    id: string,
    session: SessionId,
    generation: number,
    outcome: 'acknowledged' | 'cut-off',
  ): number | undefined;
  get(id: string): ChangeRecord | undefined;
  /** The newest first. */
  list(): Iterable<ChangeRecord>;
}

interface Tracked {
  readonly header: ChangeHeader;
  readonly receivedMonotonicMs: number;
  decidedAfterMs: number | undefined;
  isClosed: boolean;
  sessionCount: number;
  readonly counts: { pending: number; acknowledged: number; cutOff: number; offline: number };
  readonly points: Map<string, EnforcementPoint>;
}

/**
 * Makes the change log of a node.
 *
 * @param onComplete - told once for each change when nothing more is awaited.
 */
export function createChangeLog(options: {
  readonly clock: Clock;
  readonly node: string;
  readonly onComplete: (record: ChangeRecord) => void;
}): ChangeLog {
  const { clock, node, onComplete } = options;
  const changes = new Map<string, Tracked>();
  // Those that may still get points.
  const open = new Set<Tracked>();

  const afterMs = ({ receivedMonotonicMs }: Tracked): number =>
    Math.max(0, clock.monotonicMs() - receivedMonotonicMs);

  const isComplete = ({ isClosed, counts }: Tracked): boolean => isClosed && counts.pending === 0;

  const recordOf = (tracked: Tracked): ChangeRecord => {
    const { header, decidedAfterMs, sessionCount, counts, points } = tracked;
    return {
      ...header,
      node,
      decidedAfterMs,
      sessionCount,
      pendingCount: counts.pending,
      acknowledgedCount: counts.acknowledged,
      cutOffCount: counts.cutOff,
      offlineCount: counts.offline,
      isComplete: isComplete(tracked),
      points: [...points.values()],
    };
  };

  const put = (tracked: Tracked, point: EnforcementPoint): void => {
    const key = pointKey(point.session, point.generation);
    if (tracked.points.has(key) || tracked.points.size < SERVER_LIMITS.maxPointsPerChange) {
      tracked.points.set(key, point);
    }
  };

  /** The oldest that is complete: agents bring about changes too, and must not push out one that awaits them. */
  const forgetOne = (): void => {
    let [forgotten] = changes;
    for (const change of changes) {
      if (!isComplete(change[1])) continue;
      forgotten = change;
      break;
    }
    if (forgotten === undefined) return;
    changes.delete(forgotten[0]);
    open.delete(forgotten[1]);
  };

  return {
    begin(header, receivedMonotonicMs) {
      if (changes.has(header.id)) return;
      if (changes.size >= SERVER_LIMITS.maxTrackedChanges) forgetOne();
      const tracked: Tracked = {
        header,
        receivedMonotonicMs,
        decidedAfterMs: undefined,
        isClosed: false,
        sessionCount: 0,
        counts: { pending: 0, acknowledged: 0, cutOff: 0, offline: 0 },
        points: new Map(),
      };
      changes.set(header.id, tracked);
      open.add(tracked);
    },
    decided(id) {
      const tracked = changes.get(id);
      if (tracked !== undefined) tracked.decidedAfterMs ??= afterMs(tracked);
    },
    closeDecided() {
      for (const tracked of open) {
        if (tracked.decidedAfterMs === undefined) continue;
        open.delete(tracked);
        tracked.isClosed = true;
        if (isComplete(tracked)) onComplete(recordOf(tracked));
      }
    },
    pushed(id, point) {
      const tracked = changes.get(id);
      if (tracked === undefined) return;
      tracked.sessionCount += 1;
      tracked.counts.pending += 1;
      put(tracked, { ...point, outcome: 'pending', pushedAfterMs: afterMs(tracked) });
    },
    offline(id, point) {
      const tracked = changes.get(id);
      if (tracked === undefined) return;
      tracked.sessionCount += 1;
      tracked.counts.offline += 1;
      put(tracked, { ...point, outcome: 'offline' });
    },
    settled(id, session, generation, outcome) {
      const tracked = changes.get(id);
      if (tracked === undefined) return undefined;
      const settledAfterMs = afterMs(tracked);
      tracked.counts.pending -= 1;
      tracked.counts[outcome === 'acknowledged' ? 'acknowledged' : 'cutOff'] += 1;
      const point = tracked.points.get(pointKey(session, generation));
      if (point !== undefined) put(tracked, { ...point, outcome, settledAfterMs });
      if (isComplete(tracked)) onComplete(recordOf(tracked));
      return settledAfterMs;
    },
    get(id) {
      const tracked = changes.get(id);
      return tracked === undefined ? undefined : recordOf(tracked);
    },
    *list() {
      for (const tracked of [...changes.values()].toReversed()) yield recordOf(tracked);
    },
  };
}

function pointKey(session: SessionId, generation: number): string {
  return `${session} ${generation}`;
}
