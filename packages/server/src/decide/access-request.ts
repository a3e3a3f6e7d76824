import type { Session } from '@rta/authority';
import type { JsonObject } from '@rta/core';
import type { AccessRequest } from '@rta/pdp';

/** What an agent asks, as it left the wire. */
export interface Question {
  readonly action: string;
  readonly resource: { readonly type: string; readonly id: string };
  readonly context?: JsonObject;
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
      request: question.context ?? {},
    },
  };
}
