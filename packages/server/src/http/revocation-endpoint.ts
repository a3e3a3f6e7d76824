import { type Authority, keyThumbprint, type Session, type Signal } from '@rta/authority';
import type { Clock } from '@rta/core';
import type { DpopVerifier, NonceIssuer } from '@rta/idp';
import type { Store } from '@rta/store';
import { equalTokens } from '@rta/token';
import type { Context } from 'hono';
import type { AdminPolicy } from '../admin/admin-policy.ts';
import type { Administrators } from '../admin/administrators.ts';
import type { Orders } from '../admin/orders.ts';
import { sessionResource } from '../admin/targets.ts';
import { whoOf } from '../audit/audit-record.ts';
import type { AuditTrail } from '../audit/audit-trail.ts';
import { parseSessionRecord } from '../sessions/session-records.ts';
import type { SessionService } from '../sessions/session-service.ts';
import { formParameters, oneParameter, type PresentedRtaToken, readRtaToken } from './presented-rta-token.ts';
import { oauthAnswer } from './refusal.ts';

/** What the revocation of tokens rests on. */
export interface RevocationOptions {
  readonly authority: Authority;
  readonly sessions: Pick<SessionService, 'endByKey'>;
  readonly store: Pick<Store, 'features' | 'sessions'>;
  readonly dpop: DpopVerifier;
  readonly nonces: NonceIssuer;
  readonly audit: AuditTrail;
  readonly clock: Clock;
  readonly issuer: string;
  /** URL of the endpoint, which proofs name. */
  readonly endpoint: string;
  readonly path: string;
  /** Whether RealTimeAuth made these bytes, be they out of date. */
  readonly isAuthentic: (token: Uint8Array) => boolean;
  readonly raise: (signals: readonly Signal[]) => Promise<void>;
  /** Lets administrators revoke, too; undefined where there are none. */
  readonly admin:
    | { readonly administrators: Administrators; readonly policy: AdminPolicy; readonly orders: Orders }
    | undefined;
}

/**
 * `POST /oauth/revoke`: the agent of a session gives it back, with everything below it.
 *
 * An agent authenticates by a DPoP proof with the key of the session: whoever only has a copy of the token ends nothing.
 * A token of the session that is out of date does as well, since it changes under the agent's hands.
 *
 * @see RFC 7009 §2, RFC 9449 §5
 */
export function revocationEndpoint(options: RevocationOptions): (context: Context) => Promise<Response> {
  const { authority, dpop, nonces, audit, clock, admin, path } = options;
  const origin = { connection: 'https', transport: 'https' } as const;

  const isGenuine = ({ bytes }: PresentedRtaToken, session: Session): boolean =>
    equalTokens(bytes, session.token) || options.isAuthentic(bytes);

  /** @returns false where the key is not the one of the token's session. */
  const revokeByKey = async (token: PresentedRtaToken, jkt: string): Promise<boolean> => {
    const session = authority.get(token.session, clock.now());
    if (session === undefined) return revokeElsewhere(token, jkt);
    if (!isGenuine(token, session)) return true;
    if (session.actors.at(-1)?.keyThumbprint !== jkt) {
      audit.record({
        kind: 'refusal',
        outcome: 'refused',
        cause: 'not-its-key',
        ...whoOf(session),
        ...origin,
      });
      return false;
    }
    await options.sessions.endByKey(session);
    return true;
  };

  /** A session that another node serves: all nodes hear of its end. */
  const revokeElsewhere = async ({ bytes, session }: PresentedRtaToken, jkt: string): Promise<boolean> => {
    if (!options.store.features.shared || !options.isAuthentic(bytes)) return true;
    const record = await options.store.sessions.get(session);
    const kept = record === undefined ? undefined : parseSessionRecord(record);
    if (kept === undefined) return true;
    if (keyThumbprint(kept.publicKey) !== jkt) {
      audit.record({ kind: 'refusal', outcome: 'refused', cause: 'not-its-key', session, ...origin });
      return false;
    }
    const nowMs = clock.now();
    const id = `${session}:revoked`;
    await options.raise([
      {
        id,
        source: { issuer: options.issuer, id },
        subject: { session: { id: session } },
        change: { kind: 'session-revoked' },
        occurredAtMs: nowMs,
        receivedAtMs: nowMs,
        reason: 'revoked by its agent',
      },
    ]);
    return true;
  };

  const revokeByOrder = async (
    token: PresentedRtaToken | undefined,
    request: Context['req'],
    { administrators, policy, orders }: NonNullable<RevocationOptions['admin']>,
  ): Promise<void> => {
    const by = await administrators.authenticate({
      authorization: request.header('Authorization'),
      proof: request.header('DPoP'),
      method: 'POST',
      path,
    });
    const session = token && authority.get(token.session, clock.now());
    const known = token !== undefined && session !== undefined && isGenuine(token, session);
    const resource = known ? sessionResource(session) : { type: 'Session', id: 'unknown' };
    const about = await policy.permit(by, { action: 'admin:end', resource });
    if (!known) return;
    const target = { type: 'session', id: session.id } as const;
    const reason = 'revoked by an administrator';
    const { change } = await orders.give({ action: 'end', target, reason, keepOut: false, scope: [] });
    audit.record({ ...about, outcome: 'ok', change });
  };

  return async (context) => {
    try {
      const parameters = await formParameters(context.req.raw);
      const text = oneParameter(parameters, 'token');
      if (text === undefined) {
        return context.json({ error: 'invalid_request', error_description: 'token: expected once' }, 400);
      }
      const token = readRtaToken(text);
      if (admin !== undefined && context.req.header('Authorization') !== undefined) {
        await revokeByOrder(token, context.req, admin);
      } else {
        const proof = context.req.header('DPoP');
        const { jkt } = await dpop.verify({ proof, method: 'POST', url: options.endpoint });
        if (token !== undefined && !(await revokeByKey(token, jkt))) {
          const error_description = 'the proof is by another key than that of the session';
          return context.json({ error: 'unauthorized_client', error_description }, 400);
        }
      }
      if (token !== undefined) return context.body(null, 200);
      // RFC 7009 §2.2.1: what is no RTAToken was issued by somebody else, and is revoked there.
      return context.json(
        { error: 'unsupported_token_type', error_description: 'expected an RTAToken' },
        400,
      );
    } catch (error) {
      return oauthAnswer(context, error, nonces);
    }
  };
}
