import { z } from 'zod';
import { type CompactJwt, mediaType } from './compact-jwt.ts';
import { idpError } from './errors.ts';
import type { IssuerConfig } from './issuer-options.ts';
import { IDP_LIMITS } from './limits.ts';

/** What an issuer says of the end of a sign-in. It names a session of the issuer, a person, or both. */
export interface VerifiedLogout {
  readonly issuer: string;
  readonly sub?: string;
  /** The session at the issuer (`sid`). */
  readonly idpSessionId?: string;
  readonly jti: string;
  /** UNIX milliseconds. */
  readonly issuedAtMs: number;
  /** UNIX milliseconds. */
  readonly expiresAtMs: number;
}

/** The member of `events` that makes a JWT a logout token. @see OpenID Connect Back-Channel Logout 1.0 §2.4 */
const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout';

const name = z.string().min(1).max(IDP_LIMITS.maxClaimCharacters);
const seconds = z
  .number()
  .min(0)
  .max(Number.MAX_SAFE_INTEGER / 1_000);
const claimsSchema = z.object({
  iss: name,
  aud: z.union([name, z.array(name).min(1)]),
  iat: seconds,
  exp: seconds,
  jti: name,
  events: z.object({ [LOGOUT_EVENT]: z.record(z.string(), z.unknown()) }),
  sub: name.exactOptional(),
  sid: name.exactOptional(),
});

/**
 * Whether the header can be one of a logout token: the type is `logout+jwt`, or none in particular.
 *
 * @see OpenID Connect Back-Channel Logout 1.0 §2.4
 */
export function isLogoutType({ header }: Pick<CompactJwt, 'header'>): boolean {
  const { typ } = header;
  return typ === undefined || ['logout+jwt', 'jwt'].includes(mediaType(typ) ?? '');
}

/**
 * Holds the claims of a logout token to the rules.
 *
 * @throws RtaError `RTA_IDP_TOKEN_CLAIMS`, `RTA_IDP_TOKEN_AUDIENCE`, `RTA_IDP_TOKEN_EXPIRED`,
 *   `RTA_IDP_TOKEN_NOT_YET_VALID`
 * @see OpenID Connect Back-Channel Logout 1.0 §2.4, §2.6
 */
export function readLogout(
  claims: NonNullable<CompactJwt['claims']>,
  { issuer, clientIds, clockSkewMs }: Pick<IssuerConfig, 'issuer' | 'clientIds' | 'clockSkewMs'>,
  nowMs: number,
): VerifiedLogout {
  const result = claimsSchema.safeParse(claims);
  if (!result.success) {
    const claim = String(result.error.issues[0]?.path[0] ?? '');
    throw idpError('RTA_IDP_TOKEN_CLAIMS', undefined, { details: { issuer, claim } });
  }
  const { aud, iat, exp, jti, sub, sid } = result.data;
  // With a nonce it could be an ID token, and an ID token is no order to sign somebody out.
  if ('nonce' in claims) {
    throw idpError('RTA_IDP_TOKEN_CLAIMS', undefined, { details: { issuer, claim: 'nonce' } });
  }
  if (sub === undefined && sid === undefined) {
    throw idpError('RTA_IDP_TOKEN_CLAIMS', undefined, { details: { issuer, claim: 'sub' } });
  }
  const audiences = typeof aud === 'string' ? [aud] : aud;
  if (!audiences.some((audience) => clientIds.has(audience))) {
    throw idpError('RTA_IDP_TOKEN_AUDIENCE', undefined, { details: { issuer } });
  }
  const [issuedAtMs, expiresAtMs] = [iat * 1_000, exp * 1_000];
  if (nowMs >= expiresAtMs + clockSkewMs) {
    throw idpError('RTA_IDP_TOKEN_EXPIRED', undefined, { details: { issuer } });
  }
  if (issuedAtMs > nowMs + clockSkewMs) {
    throw idpError('RTA_IDP_TOKEN_NOT_YET_VALID', undefined, { details: { issuer } });
  }
  return {
    issuer,
    jti,
    issuedAtMs,
    expiresAtMs,
    ...(sub === undefined ? {} : { sub }),
    ...(sid === undefined ? {} : { idpSessionId: sid }),
  };
}
