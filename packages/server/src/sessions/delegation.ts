import { randomBytes } from 'node:crypto';
import { type Authority, authorityError, type Grant, keyThumbprint, type Session } from '@rta/authority';
import { type Clock, type JsonObject, sessionIdFromBytes } from '@rta/core';
import { isWeakEd25519Key, parseAgentMetadata } from '@rta/idp';
import type { PolicyDecisionPoint } from '@rta/pdp';
import type { Messages } from '@rta/protocol';
import { type Origin, refusalOf, whoOf } from '../audit/audit-record.ts';
import type { AuditTrail } from '../audit/audit-trail.ts';
import { accessRequest } from '../decide/access-request.ts';
import { lifecycleChannel } from '../diagnostics.ts';
import { serverError } from '../errors.ts';
import type { CountRequest, PresentToken } from './presented-token.ts';
import type { SessionKeeper } from './session-keeper.ts';

/** Opens sessions below others. */
export interface Delegation {
  /**
   * Opens a child session for another agent's key.
   *
   * @throws RtaError `RTA_SERVER_TOKEN_REFUSED`, `RTA_SERVER_RATE`, `RTA_SERVER_DELEGATION_DENIED`; of `@rta/authority` for what may not be
   *   delegated.
   */
  delegate(message: Messages['delegate'], origin: Origin): Promise<Session>;
}

/** What delegation rests on. */
export interface DelegationOptions {
  readonly authority: Authority;
  readonly present: PresentToken;
  readonly count: CountRequest;
  readonly keeper: SessionKeeper;
  readonly audit: AuditTrail;
  readonly clock: Clock;
  /** Asked who may delegate what to whom; undefined where that is for the grant alone to say. */
  readonly delegationPdp: PolicyDecisionPoint | undefined;
  /** A session that is not kept could not be found again: it was never there. */
  readonly abandon: (session: Session) => void;
  /** A session was opened. */
  readonly onOpened: (session: Session) => void;
}

/** The action that policies decide delegations by; its resource is the agent that is delegated to. */
export const DELEGATE_ACTION = 'rta:delegate';

/** Makes the delegation of a node. */
export function createDelegation(options: DelegationOptions): Delegation {
  const { authority, present, count, keeper, audit, clock, delegationPdp, abandon, onOpened } = options;

  /** The state that was asked about must be the one in which it is done (invariant I3). */
  const assertMay = async (parent: Session, message: Messages['delegate'], origin: Origin): Promise<void> => {
    if (delegationPdp === undefined) return;
    const decision = await delegationPdp.evaluate(
      accessRequest(parent, {
        action: DELEGATE_ACTION,
        resource: { type: 'Agent', id: message.agent.id },
        context: delegationContext(message),
      }),
    );
    // Every other state has another token; and the session may be bound elsewhere by now.
    present(message.token, origin);
    const isOfNow = decision.revision === delegationPdp.revision;
    if (!isOfNow || decision.effect !== 'permit' || decision.obligations.length > 0) {
      throw serverError('RTA_SERVER_DELEGATION_DENIED');
    }
  };

  const open = (parent: Session, message: Messages['delegate']): Session => {
    const { key, lifetimeMs, detached, budget } = message;
    const nowMs = clock.now();
    const agent = parseAgentMetadata(message.agent);
    // Anybody could sign for a key of small order.
    if (isWeakEd25519Key(key)) throw authorityError('RTA_AUTHORITY_PROOF');
    return authority.delegate(
      parent.id,
      {
        id: sessionIdFromBytes(randomBytes(16)),
        actor: { ...agent, keyThumbprint: keyThumbprint(key) },
        publicKey: key.slice(),
        grant: grantOf(message, parent),
        expiresAtMs: lifetimeMs === undefined ? parent.expiresAtMs : nowMs + lifetimeMs,
        detached,
        budget,
      },
      nowMs,
    );
  };

  return {
    async delegate(message, origin) {
      const parent = present(message.token, origin);
      count(parent, origin);
      try {
        await assertMay(parent, message, origin);
        const child = open(parent, message);
        try {
          await keeper.keep(child);
        } catch (error) {
          abandon(child);
          throw error;
        }
        audit.record({ kind: 'delegation', outcome: 'ok', ...origin, ...whoOf(child) });
        lifecycleChannel.publish({ kind: 'session-opened', session: child.id });
        onOpened(child);
        return child;
      } catch (error) {
        audit.record({
          kind: 'delegation',
          ...refusalOf(error),
          ...origin,
          ...whoOf(parent),
          resource: { type: 'Agent', id: message.agent.id },
        });
        throw error;
      }
    },
  };
}

/** What is asked for; everything that the parent has where nothing is named. */
export function grantOf(
  { scope, authorizationDetails }: Pick<Messages['delegate'], 'scope' | 'authorizationDetails'>,
  from: Session,
): Grant {
  if (scope === undefined && authorizationDetails === undefined) return from.grant;
  return {
    scope: scope ?? from.grant.scope,
    ...(authorizationDetails === undefined
      ? from.grant.details === undefined
        ? {}
        : { details: from.grant.details }
      : { details: authorizationDetails.map(({ type: _type, ...detail }) => detail) }),
  };
}

function delegationContext({
  agent,
  scope,
  authorizationDetails,
  detached,
}: Messages['delegate']): JsonObject {
  return {
    agent: { ...agent },
    ...(scope === undefined ? {} : { scope }),
    ...(authorizationDetails === undefined
      ? {}
      : {
          authorizationDetails: authorizationDetails.map(
            (detail): JsonObject => JSON.parse(JSON.stringify(detail)),
          ),
        }),
    detached: detached === true,
  };
}
