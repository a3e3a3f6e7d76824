import { randomBytes } from 'node:crypto';
import {
  type Authority,
  assertGrant,
  type Session,
  type Signal,
  type SignalChange,
  type SubjectSelector,
} from '@rta/authority';
import type { Clock, SessionId } from '@rta/core';
import { SERVER_LIMITS } from '../limits.ts';
import { nextTurn } from './next-turn.ts';
import { type OrderTarget, selectorOf } from './targets.ts';

/** What can be ordered. */
export const ORDER_ACTIONS = ['end', 'suspend', 'resume', 'limit', 'lift'] as const;

/** One of {@link ORDER_ACTIONS}. */
export type OrderAction = (typeof ORDER_ACTIONS)[number];

/** What an administrator wants done. */
export interface Order {
  /**
   * `end`: sessions are over, with everything below them. `suspend`, `resume`: nothing is permitted in between.
   * `limit`: nobody reaches more than `scope`. `lift`: the limit, or what an `end` left behind, is taken back.
   */
  readonly action: OrderAction;
  readonly target: OrderTarget;
  /** For people: in the audit log, in receipts, and told to the agents. */
  readonly reason: string;
  /**
   * With `end`: whether they stay away until a `lift`, or may come back by exchanging again. By default agents, tenants
   * and everyone stay away; people come back with a new sign-in.
   */
  readonly keepOut: boolean;
  /** With `limit`: patterns of actions; empty: nothing. */
  readonly scope: readonly string[];
  /** The transaction that the order belongs to. */
  readonly txn?: string | undefined;
}

/** The ids of what an order has brought about. */
export interface GivenOrder {
  /** The change that the order is known by. */
  readonly change: string;
  /** All its changes, in the order in which they were made. */
  readonly changes: readonly { readonly id: string; readonly kind: SignalChange['kind'] }[];
}

/** Whom an order would meet on this node. */
export interface Concerned {
  readonly sessionCount: number;
  readonly connectedCount: number;
  /** The first of them, from the top of each tree down. */
  readonly sessions: readonly Session[];
}

/** The orders of administrators: signals of a source of their own, durable and heard by all nodes like any other. */
export interface Orders {
  /** Finds whom the order would meet now, and changes nothing. */
  preview(order: Order, listedCount: number): Promise<Concerned>;
  /**
   * Gives the order; it is durable when this resolves, and in force on every node when the broker has brought it there.
   *
   * @throws RtaError of the authority for a scope that makes no sense; of the broker or the store.
   */
  give(order: Order): Promise<GivenOrder>;
  /** Ends the sessions of a person, as by the order `end`, whatever they are called by (and by whom). */
  revokeUser(user: NonNullable<SubjectSelector['user']>, reason: string): Promise<GivenOrder>;
}

/** The source of orders. One administrator's word takes back another's, and nobody else's. */
function orderSource(issuer: string): string {
  return `${issuer}/admin`;
}

/** Makes the orders of a node. */
export function createOrders(options: {
  readonly authority: Pick<Authority, 'concernedBy' | 'treeOf'>;
  readonly issuer: string;
  readonly clock: Clock;
  readonly raise: (signals: readonly Signal[]) => Promise<void>;
}): Orders {
  const { authority, clock, raise } = options;
  const source = orderSource(options.issuer);
  let lastMs = 0;

  const raiseAll = async (
    subject: SubjectSelector,
    made: readonly SignalChange[],
    { reason, txn }: Pick<Order, 'reason' | 'txn'>,
  ): Promise<GivenOrder> => {
    const order = `admin-${randomBytes(16).toString('base64url')}`;
    // Of two orders in one millisecond the graver one would stay, and not the later one.
    lastMs = Math.max(clock.now(), lastMs + 1);
    const signals = made.map((change, at): Signal => {
      // The last one is what the order is known by; the others stand in front of it.
      const id = at === made.length - 1 ? order : `${order}.${change.kind}`;
      return {
        id,
        source: { issuer: source, id, ...(txn === undefined ? {} : { txn }) },
        subject,
        change,
        occurredAtMs: lastMs,
        receivedAtMs: lastMs,
        reason,
      };
    });
    await raise(signals);
    return { change: order, changes: signals.map(({ id, change: { kind } }) => ({ id, kind })) };
  };

  return {
    async preview({ target }, listedCount) {
      const seen = new Set<SessionId>();
      const sessions: Session[] = [];
      let connectedCount = 0;
      let looked = 0;
      for (const top of authority.concernedBy(selectorOf(target), clock.now())) {
        for (const session of authority.treeOf(top.id, clock.now())) {
          if (seen.has(session.id)) continue;
          seen.add(session.id);
          if (session.connection !== undefined) connectedCount += 1;
          if (sessions.length < listedCount) sessions.push(session);
        }
        looked += 1;
        if (looked % SERVER_LIMITS.sessionsPerTurn === 0) await nextTurn();
      }
      return { sessionCount: seen.size, connectedCount, sessions };
    },

    give: (order) => raiseAll(selectorOf(order.target), changesOf(order), order),
    revokeUser: (user, reason) => raiseAll({ user }, [{ kind: 'session-revoked' }], { reason }),
  };
}

/**
 * What an order comes to. Who is to stay away is first kept from opening anything: between the two nobody slips
 * through.
 *
 * @throws RtaError of the authority for a scope that makes no sense.
 */
function changesOf({ action, keepOut, scope }: Order): readonly SignalChange[] {
  switch (action) {
    case 'end': {
      const end: SignalChange = { kind: 'session-revoked' };
      return keepOut ? [{ kind: 'ceiling', grant: { scope: [] } }, end] : [end];
    }
    case 'suspend':
      return [{ kind: 'suspension', current: true }];
    case 'resume':
      return [{ kind: 'suspension', current: false }];
    case 'limit':
      assertGrant({ scope });
      return [{ kind: 'ceiling', grant: { scope } }];
    case 'lift':
      return [{ kind: 'ceiling' }];
  }
}
