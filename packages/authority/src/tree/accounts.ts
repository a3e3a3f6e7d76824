import type { SessionId } from '@rta/core';
import type { Grant, GrantedAction } from '../grant/grant.ts';
import { createRate, type Rate } from './rate.ts';
import type { SessionNode } from './session-node.ts';
import { carrySpending, type Spending, spend } from './spending.ts';

/** What sessions and agents may ask for, and how often. */
export interface Accounts {
  opened(node: SessionNode): void;
  closed(node: SessionNode): void;
  /** Counts a question against the rates of the session, its ancestors and its agent: all of them, or none. */
  takeTurn(node: SessionNode, nowMs: number): boolean;
  /** Counts a permit against the totals of the session and its ancestors: all of them, or none. */
  spend(node: SessionNode, asked: GrantedAction): boolean;
  /** Replaces the session's own grant by a part of it; what was spent of it stays spent. */
  narrow(node: SessionNode, to: Grant): void;
  /** Accounts that have changed since this was last asked. */
  takeChanged(): readonly (readonly [SessionId, Spending])[];
}

/** Makes the accounts of a node. */
export function createAccounts(agentRequestsPerSecond: number | undefined): Accounts {
  const agents = new Map<string, { readonly rate: Rate; sessions: number }>();
  const changed = new Set<SessionNode>();

  const ratesOf = (node: SessionNode): readonly Rate[] => {
    const agent = agents.get(node.party.actor.id);
    const rates = agent === undefined ? [] : [agent.rate];
    for (let at: SessionNode | undefined = node; at !== undefined; at = at.parent) {
      if (at.rate !== undefined) rates.push(at.rate);
    }
    return rates;
  };

  return {
    opened({ party }) {
      if (agentRequestsPerSecond === undefined) return;
      const { id } = party.actor;
      const known = agents.get(id);
      if (known === undefined) agents.set(id, { rate: createRate(agentRequestsPerSecond), sessions: 1 });
      else known.sessions += 1;
    },
    closed(node) {
      changed.delete(node);
      const { id } = node.party.actor;
      const known = agents.get(id);
      if (known === undefined) return;
      known.sessions -= 1;
      if (known.sessions === 0) agents.delete(id);
    },
    takeTurn(node, nowMs) {
      const rates = ratesOf(node);
      // A question that is refused takes nothing from the siblings.
      if (!rates.every((rate) => rate.has(nowMs))) return false;
      for (const rate of rates) rate.take();
      return true;
    },
    spend(node, asked) {
      const after: (readonly [SessionNode, Spending])[] = [];
      for (let at: SessionNode | undefined = node; at !== undefined; at = at.parent) {
        if (at.spending === undefined) continue;
        const spending = spend(at.spending, { grant: at.ownGrant, budget: at.identity.budget }, asked);
        if (spending === 'exhausted') return false;
        after.push([at, spending]);
      }
      for (const [at, spending] of after) {
        at.spending = spending;
        changed.add(at);
      }
      return true;
    },
    narrow(node, to) {
      node.spending = carrySpending(node.spending, node.ownGrant, to, node.identity.budget);
      node.ownGrant = to;
      // What is kept of it goes by the details of the grant: it is of no use with another one.
      changed.add(node);
    },
    takeChanged() {
      const taken: (readonly [SessionId, Spending])[] = [];
      for (const { identity, spending } of changed) {
        if (spending !== undefined) taken.push([identity.id, spending]);
      }
      changed.clear();
      return taken;
    },
  };
}
