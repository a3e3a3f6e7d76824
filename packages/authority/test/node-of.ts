import type { Budget, Cause, Grant, Spending, Subject } from '../src/index.ts';
import { openSession } from '../src/tree/derive.ts';
import type { Rate } from '../src/tree/rate.ts';
import type { SessionNode } from '../src/tree/session-node.ts';
import { ALICE, COPILOT, HOUR_MS, idOf, mint, T0 } from './fixture.ts';

/** What of a node a test may care about. */
export interface NodeParts {
  readonly parent?: SessionNode;
  readonly subject?: Subject;
  readonly expiresAtMs?: number;
  readonly connection?: string;
  readonly ownGrant?: Grant;
  readonly budget?: Budget;
  readonly spending?: Spending;
  readonly rate?: Rate;
  readonly openedAt?: number;
  readonly end?: Cause;
}

/** A session of the agent `copilot`, in its tree. */
export function nodeOf(number: number, parts: NodeParts = {}): SessionNode {
  const { parent, subject = ALICE, ownGrant = { scope: ['*'] }, connection, budget, openedAt = 0 } = parts;
  const identity = {
    id: idOf(number),
    parent: parent?.identity.id,
    depth: parent === undefined ? 0 : parent.identity.depth + 1,
    subject,
    actors: [COPILOT],
    publicKey: new Uint8Array(32),
    certificateThumbprint: undefined,
    createdAtMs: T0,
    expiresAtMs: parts.expiresAtMs ?? T0 + HOUR_MS,
    detached: false,
    budget,
  };
  const standing = { attributes: {}, evidence: {}, ceilings: [], suspensions: [] };
  const seed = { ...identity, generation: 1, issuedAtMs: T0, boundAtMs: undefined };
  const circumstances = {
    ownGrant,
    parent: parent?.session,
    parentAbsence: undefined,
    standing,
    suspendAtRisk: undefined,
    policyRevision: 'r1',
  };
  const session = { ...openSession(seed, circumstances, mint), connection };
  const node: SessionNode = {
    identity,
    party: { subject, actor: COPILOT, session: identity.id },
    parent,
    children: new Set(),
    openedAt,
    ownGrant,
    changedAt: 0,
    end: parts.end,
    absence: undefined,
    session,
    standing,
    derivedAt: 0,
    contextAt: 0,
    told: session,
    spending: parts.spending,
    rate: parts.rate,
  };
  parent?.children.add(node);
  return node;
}
