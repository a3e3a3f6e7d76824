import type { Grant } from '../grant/grant.ts';
import type { Cause, Mint, Session, SessionEffect, SessionIdentity } from '../session.ts';
import type { SubjectFacts } from '../subjects/subject-facts.ts';
import { type Accounts, createAccounts } from './accounts.ts';
import { createConsequences, type Happening } from './consequences.ts';
import { type Circumstances, derive, openSession } from './derive.ts';
import { createEndedSessions, type EndedSessions } from './ended-sessions.ts';
import { createRate } from './rate.ts';
import { createSessionIndex, type SessionIndex } from './session-index.ts';
import { endOf, newestChange, type SessionNode } from './session-node.ts';
import { resumeSpending, type Spending } from './spending.ts';

/** What a session goes on from: nothing for a new one. */
export interface SessionHistory {
  readonly ownGrant: Grant;
  readonly generation: number;
  readonly issuedAtMs: number;
  readonly boundAtMs: number | undefined;
  readonly spending: Spending | undefined;
}

/** What holds for all sessions. */
export interface SessionTreeOptions {
  readonly mint: Mint;
  readonly facts: SubjectFacts;
  readonly suspendAtRisk: 'MEDIUM' | 'HIGH' | undefined;
  readonly agentRequestsPerSecond: number | undefined;
  readonly policyRevision: string;
}

/**
 * The trees of sessions: what happens to a session is noted at once, and in force for everything below it; those who
 * are concerned are told one after the other.
 */
export interface SessionTree {
  readonly index: Pick<
    SessionIndex,
    'size' | 'get' | 'byKeys' | 'countOf' | 'boundTo' | 'takeExpired' | 'all'
  >;
  readonly ended: Pick<EndedSessions, 'get'>;
  readonly accounts: Omit<Accounts, 'opened' | 'closed'>;
  /** A session that is in no tree yet. */
  prepare(
    identity: SessionIdentity,
    parent: SessionNode | undefined,
    history: SessionHistory,
    nowMs: number,
  ): SessionNode;
  add(node: SessionNode): void;
  /** The session as it is now. Of one that has ended, as it was. */
  current(node: SessionNode, nowMs: number): Session;
  /** The session has come to a connection, or lost it. */
  rebind(
    node: SessionNode,
    to: { readonly connection: string | undefined; readonly boundAtMs: number | undefined },
    nowMs: number,
  ): Session;
  /** Something that these sessions' contexts rest on has changed. */
  noteChange(nodes: readonly SessionNode[], cause: Cause): void;
  /** Something has changed that concerns the sessions right below. */
  noteForChildren(node: SessionNode, cause: Cause): void;
  /** These sessions are over, and everything below them. */
  noteEnd(nodes: readonly SessionNode[], cause: Cause): void;
  setPolicyRevision(revision: string, cause: Cause): void;
  /** Replaces the tokens of all sessions. */
  remint(cause: Cause): void;
  readonly isSettled: boolean;
  settle(nowMs: number, maxCount: number): readonly SessionEffect[];
}

/** Makes an empty forest. */
export function createSessionTree(options: SessionTreeOptions): SessionTree {
  const { mint, facts, suspendAtRisk } = options;
  const index = createSessionIndex();
  const ended = createEndedSessions();
  const consequences = createConsequences();
  const accounts = createAccounts(options.agentRequestsPerSecond);
  let policyRevision = options.policyRevision;
  // Logical time: goes up with everything that happens.
  let now = 0;
  // When something last happened to all sessions, and when all their tokens were last replaced.
  let allChangedAt = 0;
  let remintedAt = 0;

  const circumstancesOf = (
    node: Pick<SessionNode, 'identity' | 'parent' | 'ownGrant' | 'standing'>,
    parent: Session | undefined,
  ): Circumstances => ({
    ownGrant: node.ownGrant,
    parent,
    parentAbsence: node.identity.detached ? undefined : node.parent?.absence,
    standing: node.standing,
    suspendAtRisk,
    policyRevision,
  });

  const current = (node: SessionNode, nowMs: number): Session => {
    const newest = Math.max(newestChange(node), allChangedAt);
    if (newest <= node.derivedAt || endOf(node) !== undefined) return node.session;
    const parent = node.parent === undefined ? undefined : current(node.parent, nowMs);
    node.standing = facts.standingOf(node.party, node.parent?.standing);
    const anew = remintedAt > node.derivedAt;
    const next = derive(node.session, circumstancesOf(node, parent), { mint, anew }, nowMs);
    if (next.generation !== node.session.generation) node.contextAt = newest;
    node.session = next;
    node.derivedAt = now;
    return next;
  };

  const noteForAll = (cause: Cause): void => {
    now += 1;
    allChangedAt = now;
    consequences.add({ kind: 'change', cause, at: now }, [...index.roots()]);
  };

  const finish = (node: SessionNode, cause: Cause): Session => {
    const { session } = node;
    const over: Session = { ...session, state: 'ended', generation: session.generation + 1 };
    index.remove(node);
    accounts.closed(node);
    ended.add(over, cause);
    return over;
  };

  /** Looks at one session; whether what happened may concern those below it. */
  const visit = (
    node: SessionNode,
    { kind, at, cause }: Happening,
    nowMs: number,
    tell: (effect: SessionEffect) => void,
  ): boolean => {
    if (index.get(node.identity.id) !== node) return false;
    if (kind === 'end') {
      const first = endOf(node) ?? cause;
      tell({ kind: 'ended', session: finish(node, first), cause: first });
      return true;
    }
    // That it has ended since is told in its turn, and so it is below.
    if (endOf(node) !== undefined) return false;
    const session = current(node, nowMs);
    if (node.contextAt < at) return false;
    // Where it was told of this together with something else, those below may still have to be.
    const before = node.told;
    if (before.generation !== session.generation) {
      node.told = session;
      tell({ kind: 'changed', session, before, cause });
    } else tell({ kind: 'joined', session, cause });
    return true;
  };

  return {
    index,
    ended,
    accounts,
    prepare(identity, parent, history, nowMs) {
      const { actors, subject, id, budget } = identity;
      const actor = actors.at(-1);
      if (actor === undefined) throw new TypeError('a session has at least one actor');
      const party = { subject, actor, session: id };
      const parentNow = parent === undefined ? undefined : current(parent, nowMs);
      const standing = facts.standingOf(party, parent?.standing);
      const { ownGrant } = history;
      const circumstances = circumstancesOf({ identity, parent, ownGrant, standing }, parentNow);
      const { generation, issuedAtMs, boundAtMs } = history;
      const session = openSession({ ...identity, generation, issuedAtMs, boundAtMs }, circumstances, mint);
      const rate = budget?.requestsPerSecond;
      return {
        identity,
        party,
        parent,
        children: new Set(),
        openedAt: now + 1,
        ownGrant,
        changedAt: now,
        end: undefined,
        absence: undefined,
        session,
        standing,
        derivedAt: now,
        contextAt: now,
        told: session,
        spending: resumeSpending(history.spending, ownGrant, budget),
        rate: rate === undefined ? undefined : createRate(rate),
      };
    },
    add(node) {
      index.add(node);
      accounts.opened(node);
    },
    current,
    rebind(node, { connection, boundAtMs }, nowMs) {
      const session = current(node, nowMs);
      index.rebound(node, session.connection, connection);
      node.session = { ...session, connection, boundAtMs };
      return node.session;
    },
    noteChange(nodes, cause) {
      now += 1;
      for (const node of nodes) node.changedAt = now;
      consequences.add({ kind: 'change', cause, at: now }, nodes);
    },
    noteForChildren(node, cause) {
      now += 1;
      node.changedAt = now;
      consequences.add({ kind: 'change', cause, at: now }, [...node.children]);
    },
    noteEnd(nodes, cause) {
      now += 1;
      // What has ended keeps its first reason, be it its own or that of an ancestor: it is going to be told.
      const living = nodes.filter((node) => endOf(node) === undefined);
      for (const node of living) node.end = cause;
      consequences.add({ kind: 'end', cause, at: now }, living);
    },
    setPolicyRevision(revision, cause) {
      if (revision === policyRevision) return;
      policyRevision = revision;
      noteForAll(cause);
    },
    remint(cause) {
      remintedAt = now + 1;
      noteForAll(cause);
    },
    get isSettled() {
      return consequences.isEmpty;
    },
    settle(nowMs, maxCount) {
      const effects: SessionEffect[] = [];
      const tell = (effect: SessionEffect): void => void effects.push(effect);
      const look = (node: SessionNode, what: Happening): boolean => visit(node, what, nowMs, tell);
      for (let count = 0; count < maxCount && consequences.next(look); count++);
      return effects;
    },
  };
}
