import { constantTimeEqual, type SessionId } from '@rta/core';
import { equalTokens } from '@rta/token';
import { createAdmission } from './admission.ts';
import type { Authority, AuthorityOptions, Check } from './authority.ts';
import { checkDelegation } from './delegation.ts';
import { authorityError } from './errors.ts';
import { assertGrant, isEmptyGrant, isGrantWithin, normalizeGrant } from './grant/grant.ts';
import { AUTHORITY_LIMITS } from './limits.ts';
import type { Cause, Session, SessionIdentity } from './session.ts';
import { asOfReceipt } from './subjects/fact.ts';
import type { Signal, SubjectSelector } from './subjects/signal.ts';
import { createSubjectFacts, isCutOffBy } from './subjects/subject-facts.ts';
import { matchesParty, selectorKeys } from './subjects/subject-match.ts';
import { createAbsences } from './tree/absences.ts';
import { restOf } from './tree/ended-sessions.ts';
import { endOf, isLive, type SessionNode } from './tree/session-node.ts';
import { createSessionTree } from './tree/session-tree.ts';
import { areTotalsWithin } from './tree/spending.ts';

/** Makes the authority of a node. */
export function createAuthority(options: AuthorityOptions): Authority {
  const { mint, isAuthentic, policyRevision, suspendAtRisk, agentRequestsPerSecond } = options;
  if (agentRequestsPerSecond !== undefined && !(agentRequestsPerSecond > 0)) {
    throw new RangeError('agentRequestsPerSecond is a positive number');
  }
  const facts = createSubjectFacts();
  const tree = createSessionTree({ mint, facts, suspendAtRisk, agentRequestsPerSecond, policyRevision });
  const { index, ended, accounts } = tree;
  const absences = createAbsences(tree);
  const { admit, mayReturn } = createAdmission(tree, facts);

  const liveNode = (id: SessionId, nowMs: number): SessionNode => {
    const node = index.get(id);
    if (node !== undefined && isLive(node, nowMs)) return node;
    throw authorityError(
      node === undefined && ended.get(id) === undefined
        ? 'RTA_AUTHORITY_SESSION_UNKNOWN'
        : 'RTA_AUTHORITY_SESSION_ENDED',
    );
  };

  const concerned = (selector: SubjectSelector): readonly SessionNode[] => {
    const named = selector.session === undefined ? undefined : index.get(selector.session.id);
    const candidates =
      selector.session === undefined
        ? index.byKeys(selectorKeys(selector))
        : [named].filter((node) => node !== undefined);
    return candidates.filter((node) => endOf(node) === undefined && matchesParty(selector, node.party));
  };

  function* treeOf(node: SessionNode, nowMs: number): Generator<Session> {
    if (!isLive(node, nowMs)) return;
    yield tree.current(node, nowMs);
    for (const child of node.children) yield* treeOf(child, nowMs);
  }

  return {
    get sessionCount() {
      return index.size;
    },
    get factCount() {
      return facts.size;
    },
    get(id, nowMs) {
      const node = index.get(id);
      return node === undefined || !isLive(node, nowMs) ? undefined : tree.current(node, nowMs);
    },
    recall(id, nowMs) {
      const node = index.get(id);
      if (node === undefined) return ended.get(id)?.session;
      return isLive(node, nowMs) ? tree.current(node, nowMs) : restOf(node.session);
    },
    live: (id, nowMs) => tree.current(liveNode(id, nowMs), nowMs),
    childrenOf: (id, nowMs) =>
      [...(index.get(id)?.children ?? [])]
        .filter((child) => isLive(child, nowMs))
        .map((child) => tree.current(child, nowMs)),
    *treeOf(id, nowMs) {
      const node = index.get(id);
      if (node !== undefined) yield* treeOf(node, nowMs);
    },
    signInCutOffOf: facts.signInCutOffOf,
    concernedBy: (selector, nowMs) =>
      concerned(selector)
        .filter((node) => isLive(node, nowMs))
        .map((node) => tree.current(node, nowMs)),
    *sessions(nowMs) {
      for (const node of index.all()) if (isLive(node, nowMs)) yield tree.current(node, nowMs);
    },

    open(input, nowMs) {
      const { id, subject, actor, publicKey, certificateThumbprint, grant, budget } = input;
      assertGrant(grant);
      if (isEmptyGrant(grant)) throw authorityError('RTA_AUTHORITY_GRANT_EMPTY');
      // Cut-offs are forgotten after a while: of an older sign-in nobody can say that it still stands.
      if (!(subject.signedInAtMs > nowMs - AUTHORITY_LIMITS.factRetentionMs)) {
        throw authorityError('RTA_AUTHORITY_SIGN_IN_OLD');
      }
      const identity: SessionIdentity = {
        id,
        parent: undefined,
        depth: 0,
        subject,
        actors: [actor],
        publicKey,
        certificateThumbprint,
        createdAtMs: nowMs,
        expiresAtMs: Math.min(input.expiresAtMs, nowMs + AUTHORITY_LIMITS.maxSessionLifetimeMs),
        detached: false,
        budget,
      };
      return admit(identity, undefined, grant, nowMs);
    },

    delegate(parentId, input, nowMs) {
      const node = liveNode(parentId, nowMs);
      const parent = tree.current(node, nowMs);
      const { id, actor, publicKey, grant = parent.grant, detached = false, budget } = input;
      assertGrant(grant);
      checkDelegation(parent, { actor, grant, children: node.children.size });
      const identity: SessionIdentity = {
        id,
        parent: parent.id,
        depth: parent.depth + 1,
        subject: parent.subject,
        actors: [...parent.actors, actor],
        publicKey,
        certificateThumbprint: undefined,
        createdAtMs: nowMs,
        expiresAtMs: Math.min(input.expiresAtMs, parent.expiresAtMs),
        detached,
        budget,
      };
      return admit(identity, node, grant, nowMs);
    },

    restore(sessions, nowMs) {
      const dropped: SessionId[] = [];
      // Parents before their children.
      for (const kept of [...sessions].sort((a, b) => a.depth - b.depth)) {
        const { ownGrant, generation, issuedAtMs, boundAtMs, spending, ...identity } = kept;
        if (index.get(kept.id) !== undefined) continue;
        const parent = kept.parent === undefined ? undefined : index.get(kept.parent);
        if (!mayReturn(identity, parent, nowMs)) {
          dropped.push(kept.id);
          continue;
        }
        const history = {
          ownGrant: normalizeGrant(ownGrant),
          generation: generation + 1,
          issuedAtMs: Math.max(nowMs, issuedAtMs + 1),
          boundAtMs,
          spending,
        };
        const node = tree.prepare(identity, parent, history, nowMs);
        tree.add(node);
        // Its agent has to come back, as after any loss of the connection.
        absences.begin(node, `restart@${nowMs}`, nowMs);
      }
      return { dropped };
    },

    bind(id, { connection, certificateThumbprint, provenAtMs }, nowMs) {
      const node = liveNode(id, nowMs);
      const before = tree.current(node, nowMs);
      if (!showsCertificate(before, certificateThumbprint)) throw authorityError('RTA_AUTHORITY_CERTIFICATE');
      if (provenAtMs !== undefined && !isProofGood(before, provenAtMs)) {
        throw authorityError('RTA_AUTHORITY_PROOF_OLD');
      }
      const session = tree.rebind(
        node,
        { connection, boundAtMs: Math.max(nowMs, provenAtMs ?? nowMs) },
        nowMs,
      );
      absences.end(node, connection);
      const displaced = before.connection !== undefined && before.connection !== connection;
      return {
        session,
        effects: displaced ? [{ kind: 'displaced', session, connection: before.connection }] : [],
      };
    },

    release(connection, nowMs) {
      const waiting: Session[] = [];
      for (const node of index.boundTo(connection)) {
        const session = tree.rebind(
          node,
          { connection: undefined, boundAtMs: node.session.boundAtMs },
          nowMs,
        );
        if (!isLive(node, nowMs)) continue;
        absences.begin(node, `connection:${connection}`, nowMs);
        waiting.push(session);
      }
      return waiting;
    },

    check(id, token, connection, nowMs) {
      const node = index.get(id);
      if (node === undefined) {
        const tomb = ended.get(id);
        return tomb === undefined
          ? { ok: false, cause: 'session-unknown' }
          : { ok: false, cause: 'session-ended', session: tomb.session, endedBy: tomb.cause };
      }
      const end = endOf(node);
      if (end !== undefined) return endedCheck(node.session, end);
      // Written so that a time that is no number is too late as well.
      if (!(nowMs < node.identity.expiresAtMs)) return endedCheck(node.session, expiredCause(node.identity));
      const session = tree.current(node, nowMs);
      // Binding comes before the token: what is said about a session, is said to its own connection only (I5).
      if (session.connection !== connection) return { ok: false, cause: 'not-bound', session };
      // Equality with the one current token is authenticity; no signature is verified on this path.
      if (!equalTokens(token, session.token)) {
        // What its agent was told last is a token of this session, also where the key that signed it is revoked since.
        const isKnown = equalTokens(token, node.told.token) || isAuthentic(token);
        return { ok: false, cause: isKnown ? 'stale-token' : 'token-invalid', session };
      }
      return session.state === 'active'
        ? { ok: true, session }
        : { ok: false, cause: 'session-suspended', session };
    },

    takeTurn(id, nowMs) {
      const node = index.get(id);
      return node !== undefined && accounts.takeTurn(node, nowMs);
    },
    spend(id, asked) {
      const node = index.get(id);
      return node !== undefined && accounts.spend(node, asked);
    },
    takeSpending: () => accounts.takeChanged(),

    apply(received, nowMs) {
      const signal = asOfReceipt(received);
      const remembered = facts.remember(signal, nowMs);
      const cause = signalCause(signal);
      const nodes = concerned(signal.subject);
      const isOver = ({ party, identity }: SessionNode): boolean =>
        !remembered || isCutOffBy(signal, party, identity.createdAtMs);
      const over = new Set(nodes.filter(isOver));
      tree.noteEnd([...over], cause);
      tree.noteChange(
        nodes.filter((node) => !over.has(node)),
        cause,
      );
      return nodes.length;
    },

    setPolicyRevision: tree.setPolicyRevision,
    remint: tree.remint,

    narrow(id, to, cause, nowMs) {
      assertGrant(to);
      const node = liveNode(id, nowMs);
      const ownGrant = normalizeGrant(to);
      if (!isGrantWithin(ownGrant, node.ownGrant) || !areTotalsWithin(ownGrant, node.ownGrant)) {
        throw authorityError('RTA_AUTHORITY_WIDENING');
      }
      accounts.narrow(node, ownGrant);
      tree.noteChange([node], cause);
      return tree.current(node, nowMs);
    },

    end(id, cause) {
      const node = index.get(id);
      if (node !== undefined) tree.noteEnd([node], cause);
      else if (ended.get(id) === undefined) throw authorityError('RTA_AUTHORITY_SESSION_UNKNOWN');
    },

    expire(nowMs) {
      for (const node of index.takeExpired(nowMs)) tree.noteEnd([node], expiredCause(node.identity));
      absences.notice(nowMs);
    },

    get isSettled() {
      return tree.isSettled;
    },
    settle: (nowMs, maxCount = Number.POSITIVE_INFINITY) => tree.settle(nowMs, maxCount),
  };
}

/** A session that was opened without a certificate asks for none. */
function showsCertificate({ certificateThumbprint }: Session, shown: Uint8Array | undefined): boolean {
  if (certificateThumbprint === undefined) return true;
  return shown !== undefined && constantTimeEqual(certificateThumbprint, shown);
}

/** A proof that may come late is good where the session was not bound since it was made. */
function isProofGood({ boundAtMs = 0 }: Session, provenAtMs: number): boolean {
  return Number.isFinite(provenAtMs) && provenAtMs >= boundAtMs;
}

const endedCheck = (session: Session, endedBy: Cause): Check => ({
  ok: false,
  cause: 'session-ended',
  session: restOf(session),
  endedBy,
});

const signalCause = ({ id, change, reason, source }: Signal): Cause => ({
  kind: change.kind,
  change: id,
  ...(reason === undefined ? {} : { reason }),
  ...(source.txn === undefined ? {} : { txn: source.txn }),
});

const expiredCause = ({ id, expiresAtMs }: SessionIdentity): Cause => ({
  kind: 'expired',
  change: `${id}@${expiresAtMs}`,
});
