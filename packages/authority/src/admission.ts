import { assertAccount } from './account.ts';
import { authorityError } from './errors.ts';
import { type Grant, isEmptyGrant, normalizeGrant } from './grant/grant.ts';
import { AUTHORITY_LIMITS } from './limits.ts';
import type { Session, SessionIdentity } from './session.ts';
import type { SubjectFacts } from './subjects/subject-facts.ts';
import { isLive, type SessionNode } from './tree/session-node.ts';
import type { SessionTree } from './tree/session-tree.ts';
import { assertBudget } from './tree/spending.ts';

/** Which sessions may be there. */
export interface Admission {
  /**
   * Takes in a new session. One without rights is not opened; one whose rights a ceiling takes is told so.
   *
   * @throws RtaError `RTA_AUTHORITY_SUBJECT_CUT_OFF`, `_ACCOUNT_DISABLED`, `_CEILING`, `_GRANT_EMPTY`, `_GRANT_LIMITS`, `_EXPIRED`,
   *   `_SESSION_EXISTS`, `_FULL`
   */
  admit(identity: SessionIdentity, parent: SessionNode | undefined, grant: Grant, nowMs: number): Session;
  /** Whether a session that was kept may go on. */
  mayReturn(identity: SessionIdentity, parent: SessionNode | undefined, nowMs: number): boolean;
}

/** Makes the admission to a forest, by what is known of subjects. */
export function createAdmission(tree: SessionTree, facts: SubjectFacts): Admission {
  const { index, ended } = tree;

  const assertRoom = ({ id, subject, expiresAtMs }: SessionIdentity, nowMs: number): void => {
    if (index.get(id) !== undefined || ended.get(id) !== undefined) {
      throw authorityError('RTA_AUTHORITY_SESSION_EXISTS');
    }
    // Written so that a time that is no number is over as well.
    if (!(expiresAtMs > nowMs)) throw authorityError('RTA_AUTHORITY_EXPIRED');
    if (index.size >= AUTHORITY_LIMITS.maxSessions) throw authorityError('RTA_AUTHORITY_FULL');
    if (index.countOf(subject) >= AUTHORITY_LIMITS.maxSessionsPerUser) {
      throw authorityError('RTA_AUTHORITY_FULL', 'the user has as many sessions as one may have');
    }
  };

  /** Id of a signal that a session cannot be there after; undefined where there is none. */
  const cutOffOf = (identity: SessionIdentity): string | undefined => {
    const { subject, actors, id, parent, createdAtMs } = identity;
    const actor = actors.at(-1);
    if (actor === undefined) throw new TypeError('a session has at least one actor');
    return facts.cutOffOf({ subject, actor, session: id }, parent === undefined, createdAtMs);
  };

  /** Of sessions that a fact may concern which is not remembered, nobody can say that they may be there. */
  const assertFacts = (nowMs: number): void => {
    if (facts.isComplete(nowMs)) return;
    throw authorityError('RTA_AUTHORITY_FULL', 'a fact about some subject could not be remembered', {
      details: { limit: AUTHORITY_LIMITS.maxFacts },
    });
  };

  const admit = (
    identity: SessionIdentity,
    parent: SessionNode | undefined,
    grant: Grant,
    nowMs: number,
  ): Session => {
    assertBudget(identity.budget);
    assertFacts(nowMs);
    assertRoom(identity, nowMs);
    const change = cutOffOf(identity);
    if (change !== undefined) {
      throw authorityError('RTA_AUTHORITY_SUBJECT_CUT_OFF', undefined, { details: { change } });
    }
    const node = tree.prepare(
      identity,
      parent,
      {
        // What the parent has is in normal form: its children share it.
        ownGrant: grant === parent?.session.grant ? grant : normalizeGrant(grant),
        generation: 1,
        issuedAtMs: nowMs,
        boundAtMs: undefined,
        spending: undefined,
      },
      nowMs,
    );
    assertAccount(node.session);
    if (isEmptyGrant(node.session.grant)) {
      const [ceiling] = node.standing.ceilings;
      throw ceiling === undefined
        ? authorityError('RTA_AUTHORITY_GRANT_EMPTY')
        : authorityError('RTA_AUTHORITY_CEILING', undefined, { details: { change: ceiling.change } });
    }
    tree.add(node);
    return node.session;
  };

  const mayReturn = (identity: SessionIdentity, parent: SessionNode | undefined, nowMs: number): boolean => {
    if (ended.get(identity.id) !== undefined || !(nowMs < identity.expiresAtMs)) return false;
    if (identity.parent !== undefined && (parent === undefined || !isLive(parent, nowMs))) return false;
    return (
      facts.isComplete(nowMs) && index.size < AUTHORITY_LIMITS.maxSessions && cutOffOf(identity) === undefined
    );
  };

  return { admit, mayReturn };
}
