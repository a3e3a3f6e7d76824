import type { Grant } from '../grant/grant.ts';
import type { Cause, Session, SessionIdentity } from '../session.ts';
import type { Standing } from '../subjects/standing.ts';
import type { Party } from '../subjects/subject-match.ts';
import type { Rate } from './rate.ts';
import type { Spending } from './spending.ts';

/**
 * One session's place in its tree.
 *
 * A change is noted where it happens, by a logical time; what follows from it for the sessions below is derived when
 * somebody asks for one of them, or when its turn comes to be told. So a change is in force for the whole tree at once,
 * however large that is.
 */
export interface SessionNode {
  readonly identity: SessionIdentity;
  readonly party: Party;
  readonly parent: SessionNode | undefined;
  readonly children: Set<SessionNode>;
  /** Logical time at which the session was opened. */
  readonly openedAt: number;
  ownGrant: Grant;
  /** Logical time of the last change here that its tree inherits. */
  changedAt: number;
  /** Why the session ended; undefined while it lives, or where only an ancestor's end is noted so far. */
  end: Cause | undefined;
  /** Since when the agent is away for longer than its children may go on without it; by which change. */
  absence: string | undefined;
  /** The session as it was derived last. */
  session: Session;
  standing: Standing;
  /** Logical times of that derivation, and of the newest change that made a difference to its context. */
  derivedAt: number;
  contextAt: number;
  /** The session as its agent was told of it last. */
  told: Session;
  /** What was spent of its own budget and grant; undefined where nothing is limited. */
  spending: Spending | undefined;
  /** How often it and those below it may ask; undefined where they may as they like. */
  readonly rate: Rate | undefined;
}

/** Why a session has ended: its own end, or that of the nearest ancestor; undefined while it lives. */
export function endOf(node: SessionNode): Cause | undefined {
  for (let at: SessionNode | undefined = node; at !== undefined; at = at.parent) {
    if (at.end !== undefined) return at.end;
  }
  return undefined;
}

/** Whether a session is there still: one whose time is up has ended, also before it is swept out. */
export function isLive(node: SessionNode, nowMs: number): boolean {
  return nowMs < node.identity.expiresAtMs && endOf(node) === undefined;
}

/** Logical time of the newest change that the session may have to follow. */
export function newestChange(node: SessionNode): number {
  let newest = node.changedAt;
  for (let at = node.parent; at !== undefined; at = at.parent) {
    if (at.changedAt > newest) newest = at.changedAt;
  }
  return newest;
}
