import type { Authority, Cause, Session, SessionEffect } from '@rta/authority';
import type { Clock } from '@rta/core';
import type { PolicyDecisionPoint } from '@rta/pdp';
import type { Store } from '@rta/store';
import type { AuditTrail } from '../audit/audit-trail.ts';
import { createLaterRecords } from '../audit/later-records.ts';
import type { ChangeLog } from '../changes/change-log.ts';
import { type Binder, createBinder } from './binder.ts';
import { createDelegation, type Delegation } from './delegation.ts';
import { createEnforcement, type Enforcement, type PushTarget } from './enforcement.ts';
import { createRequestCount, createTokenGate } from './presented-token.ts';
import { createPushWindow } from './push-window.ts';
import type { SessionKeeper } from './session-keeper.ts';
import { createSettlement } from './settlement.ts';
import { createTreeControl, type TreeControl } from './tree-control.ts';

/** What the sessions of a node can be asked for over a connection, besides decisions. */
export interface SessionService extends Binder, Delegation, TreeControl {
  /** An agent has taken a push to heart. */
  readonly acknowledge: Enforcement['acknowledge'];
  /** A connection is gone. */
  release(connection: string): void;
  /** Ends what has reached its time, suspends what may not go on alone, and cuts off who does not obey in time. */
  expire(): void;
  /** Other policies are in force. */
  setPolicyRevision(revision: string): void;
  /** A session that could not be kept was never there: nobody was told of it. */
  abandon(session: Session): void;
  /** Policies say that a session is to end; kept when it resolves. @throws RtaError of the store. */
  endByPolicy(session: Session, policies: readonly string[]): Promise<void>;
  /** Replaces the tokens of all sessions. */
  remint(cause: Cause): void;
  /** The agent of a session gives it back by its key; kept when it resolves. @throws RtaError of the store. */
  endByKey(session: Session): Promise<void>;
  /** Something is in force since now: those whom it concerns are told. */
  settle(): void;
  /** Resolves when everybody who is connected was told. */
  settled(): Promise<void>;
  /** Gives the audit log what it is still to be given of those who were told. */
  writeDown(): void;
}

/** What the sessions of a node rest on. */
export interface SessionServiceOptions {
  readonly authority: Authority;
  readonly target: PushTarget;
  readonly changes: ChangeLog;
  readonly keeper: SessionKeeper;
  readonly store: Store;
  readonly audit: AuditTrail;
  readonly clock: Clock;
  readonly node: string;
  readonly delegationPdp: PolicyDecisionPoint | undefined;
  readonly isFresh: () => boolean;
  /** Whether a connection is still there. */
  readonly isConnected: (connection: string) => boolean;
  readonly onEffects: (effects: readonly SessionEffect[]) => void;
  /** A session was opened by delegation. */
  readonly onOpened: (session: Session) => void;
}

/** Makes the session service of a node. */
export function createSessionService(options: SessionServiceOptions): SessionService {
  const { authority, changes, keeper, store, audit, clock, node } = options;
  const present = createTokenGate(options);
  const count = createRequestCount(options);

  const window = createPushWindow(clock);
  // Agents who can be told now come before what is written about those who were.
  const later = createLaterRecords(audit, () => !authority.isSettled && window.room() > 0);
  const enforcement = createEnforcement({
    ...options,
    later,
    window,
    onSettled: () => settlement.goOn(),
  });

  const carryOut = (effects: readonly SessionEffect[]): void => {
    enforcement.carryOut(effects);
    keeper.follow(effects);
    options.onEffects(effects);
  };
  const settlement = createSettlement({
    authority,
    clock,
    window,
    onEffects: carryOut,
    onSettled: changes.closeDecided,
  });

  /** What this node itself has brought about. */
  const onChange = ({ change, kind, reason }: Cause): void => {
    const header = { id: change, kind, source: node, receivedAtMs: clock.now() };
    changes.begin(reason === undefined ? header : { ...header, reason }, clock.monotonicMs());
    changes.decided(change);
    settlement.begin();
  };

  /** Those who waited for its return go on. */
  const onBound = (session: Session): void => {
    keeper.touch(session);
    settlement.begin();
  };

  const abandon = ({ id }: Session): void => {
    authority.end(id, { kind: 'ended', change: id });
    settlement.begin();
  };

  return {
    ...createBinder({ ...options, singleUse: store.singleUse, carryOut, onBound }),
    ...createDelegation({ ...options, present, count, abandon }),
    ...createTreeControl({ ...options, present, count, onChange }),
    acknowledge: enforcement.acknowledge,
    release(connection) {
      authority.release(connection, clock.now());
    },
    expire() {
      authority.expire(clock.now());
      settlement.begin();
      enforcement.cutOffOverdue();
    },
    setPolicyRevision(revision) {
      const cause: Cause = { kind: 'policy-change', change: revision };
      audit.record({ kind: 'policy', outcome: 'ok', policyRevision: revision });
      authority.setPolicyRevision(revision, cause);
      onChange(cause);
    },
    abandon,
    async endByPolicy({ id, generation }, policies) {
      const cause: Cause = {
        kind: 'ended',
        change: `${id}:policy:${generation}`,
        reason: `ended by policy ${policies.join(', ')}`,
      };
      authority.end(id, cause);
      onChange(cause);
      await keeper.forget(id);
    },
    remint(cause) {
      authority.remint(cause);
      onChange(cause);
    },
    async endByKey({ id, generation }) {
      const cause: Cause = {
        kind: 'ended',
        change: `${id}:revoked:${generation}`,
        reason: 'revoked by its agent',
      };
      authority.end(id, cause);
      onChange(cause);
      await keeper.forget(id);
    },
    settle: settlement.begin,
    settled: settlement.settled,
    writeDown: later.flush,
  };
}
