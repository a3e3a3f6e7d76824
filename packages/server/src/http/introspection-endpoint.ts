import type { Authority, Session } from '@rta/authority';
import { type Clock, type JsonObject, toBase64Url } from '@rta/core';
import type { NonceIssuer } from '@rta/idp';
import { equalTokens } from '@rta/token';
import type { Context } from 'hono';
import { type AdminPolicy, stepUpError } from '../admin/admin-policy.ts';
import type { Administrators } from '../admin/administrators.ts';
import { sessionResource } from '../admin/targets.ts';
import type { AuditTrail } from '../audit/audit-trail.ts';
import { formParameters, oneParameter, type PresentedRtaToken, readRtaToken } from './presented-rta-token.ts';
import { oauthAnswer } from './refusal.ts';

/** What introspection rests on. */
export interface IntrospectionEndpointOptions {
  readonly authority: Authority;
  readonly administrators: Administrators;
  readonly policy: AdminPolicy;
  readonly nonces: NonceIssuer;
  readonly audit: AuditTrail;
  readonly clock: Clock;
  readonly issuer: string;
  readonly path: string;
  readonly isFresh: () => boolean;
}

const INACTIVE = { active: false } as const;

/**
 * `POST /oauth/introspect`: whether an RTAToken is good at this moment, for backends that hold no connection.
 *
 * Active is only the current token of a live session that is not suspended, on a node that knows that it is up to date
 * and can write down that it said so. The answer holds for the moment it was given in: it must not be kept. Who asks
 * about a token that they may not know of learns that it is not active, as RFC 7662 §2.2 has it.
 *
 * @see RFC 7662 §2, RFC 8693 §4.1, RFC 9396 §9.2
 */
export function introspectionEndpoint(
  options: IntrospectionEndpointOptions,
): (context: Context) => Promise<Response> {
  const { authority, administrators, policy, nonces, audit, clock, issuer, path } = options;

  /** The session whose token this is now. */
  const currentSession = (token: PresentedRtaToken | undefined): Session | undefined => {
    if (token === undefined || !options.isFresh() || !audit.healthy) return undefined;
    const session = authority.get(token.session, clock.now());
    if (session === undefined || !equalTokens(token.bytes, session.token)) return undefined;
    return session.state === 'active' ? session : undefined;
  };

  return async (context) => {
    try {
      const by = await administrators.authenticate({
        authorization: context.req.header('Authorization'),
        proof: context.req.header('DPoP'),
        method: 'POST',
        path,
      });
      const text = oneParameter(await formParameters(context.req.raw), 'token');
      if (text === undefined) {
        return context.json({ error: 'invalid_request', error_description: 'token: expected once' }, 400);
      }
      const token = readRtaToken(text);
      const asked = currentSession(token);
      const resource = asked === undefined ? { type: 'Session', id: 'unknown' } : sessionResource(asked);
      const answer = await policy.answer(by, { action: 'admin:introspect', resource });
      if (answer.kind === 'step-up') {
        audit.record({ ...answer.about, outcome: 'deny', cause: 'step-up-required' });
        throw stepUpError(answer.stepUp);
      }
      // Once more: policies took their time, and what is answered is what is true now.
      const session = answer.kind === 'permit' ? currentSession(token) : undefined;
      audit.record({
        ...answer.about,
        outcome: answer.kind === 'permit' ? 'ok' : 'deny',
        cause: answer.kind === 'deny' ? answer.cause : session === undefined ? 'inactive' : 'active',
        ...(session === undefined ? {} : { session: session.id, generation: session.generation }),
      });
      if (session === undefined || session.id !== asked?.id || !audit.healthy) return context.json(INACTIVE);
      return context.json(introspectionOf(session, issuer));
    } catch (error) {
      return oauthAnswer(context, error, nonces);
    }
  };
}

/** What is told of a session to who may know. */
function introspectionOf(session: Session, issuer: string): JsonObject {
  const { id, subject, actors, grant, attributes, generation, issuedAtMs, expiresAtMs } = session;
  const { certificateThumbprint } = session;
  const agent = actors.at(-1);
  return {
    active: true,
    iss: issuer,
    sub: subject.sub,
    ...actorChain(actors.map((actor) => actor.id)),
    client_id: agent?.id ?? '',
    scope: grant.scope.join(' '),
    ...(grant.details === undefined
      ? {}
      : {
          authorization_details: grant.details.map(
            (detail) => JSON.parse(JSON.stringify({ type: 'rta_action', ...detail })) as JsonObject,
          ),
        }),
    iat: Math.floor(issuedAtMs / 1_000),
    exp: Math.floor(expiresAtMs / 1_000),
    cnf: {
      jkt: agent?.keyThumbprint ?? '',
      ...(certificateThumbprint === undefined ? {} : { 'x5t#S256': toBase64Url(certificateThumbprint) }),
    },
    rta_session: id,
    rta_generation: generation,
    /** Whose `sub` it is: two identity providers may call two people the same. */
    rta_subject_issuer: subject.issuer,
    rta_attributes: { ...attributes },
  };
}

/** Outermost the agent that acts, within it those on whose behalf it does (RFC 8693 §4.1). */
function actorChain(ids: readonly string[]): JsonObject {
  return ids.reduce<JsonObject>((within, sub) => ({ act: { sub, ...within } }), {});
}
