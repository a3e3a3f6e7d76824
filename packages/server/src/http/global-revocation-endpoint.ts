import type { SubjectSelector } from '@rta/authority';
import type { NonceIssuer } from '@rta/idp';
import type { PdpEntity } from '@rta/pdp';
import type { Context } from 'hono';
import { z } from 'zod';
import type { AdminPolicy } from '../admin/admin-policy.ts';
import type { Administrators } from '../admin/administrators.ts';
import type { Orders } from '../admin/orders.ts';
import { lineSchema, trustedIssuer } from '../admin/targets.ts';
import type { AuditTrail } from '../audit/audit-trail.ts';
import { jsonBody } from './json-body.ts';
import { oauthAnswer } from './refusal.ts';

/** RFC 9493: a person by what the identity provider calls them. */
const bodySchema = z.object({
  sub_id: z.discriminatedUnion('format', [
    z.strictObject({ format: z.literal('iss_sub'), iss: lineSchema, sub: lineSchema }),
    z.strictObject({ format: z.literal('email'), email: lineSchema.regex(/^[^@]+@[^@]+$/) }),
    z.strictObject({ format: z.literal('opaque'), id: lineSchema }),
  ]),
});
type SubId = z.infer<typeof bodySchema>['sub_id'];

/**
 * `POST /oauth/global-token-revocation`: an identity provider or a security tool says that somebody is to be signed out
 * everywhere. Everything that acts for that person ends, here and on every node; they come back with a new sign-in.
 *
 * 204 says that it is durable, also where nobody was there to be ended: it holds for sessions that are offline.
 *
 * @see draft-parecki-oauth-global-token-revocation §3, RFC 9493 §3
 */
export function globalRevocationEndpoint(options: {
  readonly administrators: Administrators;
  readonly policy: AdminPolicy;
  readonly orders: Orders;
  readonly nonces: NonceIssuer;
  readonly audit: AuditTrail;
  /** Issuers whose users there are. */
  readonly issuers: readonly string[];
  readonly path: string;
}): (context: Context) => Promise<Response> {
  const { administrators, policy, orders, nonces, audit, issuers, path } = options;
  return async (context) => {
    try {
      const by = await administrators.authenticate({
        authorization: context.req.header('Authorization'),
        proof: context.req.header('DPoP'),
        method: 'POST',
        path,
      });
      const { sub_id: subId } = await jsonBody(context.req.raw, bodySchema);
      const user = userOf(subId, issuers);
      const about = await policy.permit(by, { action: 'admin:revoke-tokens', resource: resourceOf(subId) });
      const { change } = await orders.revokeUser(user, 'all tokens of the user were revoked');
      audit.record({ ...about, outcome: 'ok', change });
      return context.body(null, 204);
    } catch (error) {
      return oauthAnswer(context, error, nonces);
    }
  };
}

/** @throws RtaError `RTA_SERVER_ADMIN_ISSUER` for a user of an issuer that nobody here trusts. */
function userOf(subId: SubId, issuers: readonly string[]): NonNullable<SubjectSelector['user']> {
  switch (subId.format) {
    case 'iss_sub':
      return { by: 'iss-sub', issuer: trustedIssuer(subId.iss, issuers), sub: subId.sub };
    case 'email':
      return { by: 'email', email: subId.email, issuers };
    case 'opaque':
      return { by: 'opaque', id: subId.id, issuers };
  }
}

function resourceOf(subId: SubId): PdpEntity {
  switch (subId.format) {
    case 'iss_sub':
      return { type: 'User', id: subId.sub, properties: { issuer: subId.iss, by: 'sub' } };
    case 'email':
      return { type: 'User', id: subId.email, properties: { by: 'email' } };
    case 'opaque':
      return { type: 'User', id: subId.id, properties: { by: 'opaque' } };
  }
}
