import type { Amount, GrantedAction, Session } from '@rta/authority';
import type { JsonObject, JsonValue } from '@rta/core';
import type { AccessRequest } from '@rta/pdp';

/** What an agent asks, as it left the wire. */
export interface Question {
  readonly action: string;
  readonly resource: { readonly type: string; readonly id: string };
  readonly context?: JsonObject;
}

/** A question, as far as a grant is concerned. What it would move stands in `context.amount`. */
export function grantedAction({ action, resource, context }: Question): GrantedAction {
  return { action, resourceId: resource.id, amount: amountOf(context?.['amount']) };
}

/** An amount that makes no sense is none: where amounts are limited, nothing is permitted without one. */
function amountOf(value: JsonValue | undefined): Amount | undefined {
  if (typeof value !== 'object' || value === null || !('value' in value)) return undefined;
  const { value: number, currency } = value;
  if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < 0) return undefined;
  return typeof currency === 'string' ? { value: number, currency } : undefined;
}

/**
 * The question to the PDP, in AuthZEN's terms: may this user, through this agent, do this to that?
 *
 * What stands at the top of `context` comes from the session and is trusted; what the agent said about its request
 * stands under `request`.
 */
export function accessRequest(session: Session, question: Question): AccessRequest {
  const { subject, actors, grant, attributes } = session;
  const agent = actors.at(-1);
  return {
    subject: {
      type: 'User',
      id: subject.sub,
      properties: { issuer: subject.issuer, email: subject.email },
    },
    action: { name: question.action },
    resource: question.resource,
    context: {
      session: { id: session.id, depth: session.depth },
      agent: agent === undefined ? {} : { ...agent },
      actors: actors.map(({ id }) => id),
      scope: grant.scope,
      ...attributes,
      acr: subject.acr,
      amr: subject.amr,
      signedInAtMs: subject.signedInAtMs,
      request: question.context ?? {},
    },
  };
}
