import { assertAccount } from './account.ts';
import type { Actor } from './context.ts';
import { authorityError } from './errors.ts';
import { type Grant, isGrantWithin } from './grant/grant.ts';
import { AUTHORITY_LIMITS } from './limits.ts';
import type { Session } from './session.ts';

/** What a session wants to hand on. */
export interface Delegation {
  readonly actor: Actor;
  readonly grant: Grant;
  /** Sessions that it has delegated before, and that live. */
  readonly children: number;
}

/**
 * Whether a session may delegate this at all. What policies say about it is for others to ask.
 *
 * @throws RtaError `RTA_AUTHORITY_ACCOUNT_DISABLED`, `_SESSION_SUSPENDED`, `_MAY_ACT`, `_CYCLE`, `_DEPTH`, `_FULL`, `_WIDENING`
 */
export function checkDelegation(parent: Session, { actor, grant, children }: Delegation): void {
  assertAccount(parent);
  if (parent.state !== 'active') throw authorityError('RTA_AUTHORITY_SESSION_SUSPENDED');
  const { mayAct } = parent.subject;
  if (mayAct !== undefined && mayAct !== actor.id) throw authorityError('RTA_AUTHORITY_MAY_ACT');
  if (parent.actors.some((one) => isSameAgent(one, actor))) throw authorityError('RTA_AUTHORITY_CYCLE');
  if (parent.depth >= AUTHORITY_LIMITS.maxDelegationDepth) throw authorityError('RTA_AUTHORITY_DEPTH');
  if (children >= AUTHORITY_LIMITS.maxChildrenPerSession) {
    throw authorityError('RTA_AUTHORITY_FULL', 'the session has delegated as often as it may');
  }
  if (!isGrantWithin(grant, parent.grant)) throw authorityError('RTA_AUTHORITY_WIDENING');
}

/** By its key, or by its name where both name the same instance: no agent acts on behalf of itself. */
function isSameAgent(one: Actor, other: Actor): boolean {
  if (one.keyThumbprint === other.keyThumbprint) return true;
  return one.id === other.id && one.instance !== undefined && one.instance === other.instance;
}
