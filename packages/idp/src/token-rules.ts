import { idpError } from './errors.ts';
import type { IssuerConfig } from './issuer-options.ts';
import type { TokenClaims } from './token-claims.ts';
import { TOKEN_TYPE } from './token-types.ts';

/** What a token is held to be, once that is decided. */
export type TokenKind = (typeof TOKEN_TYPE)['accessToken' | 'idToken'];

/** What is known of the one who presents a token. */
interface Presenter {
  /** RFC 7638 thumbprint of the key that was proved by DPoP. */
  readonly dpopJkt?: string | undefined;
  /** `id` of the agent that is to act for the subject. */
  readonly agentId?: string | undefined;
}

/**
 * Holds the claims of a token to the rules: issuer, audience, time, the key that it is bound to, and who may act.
 *
 * @throws RtaError `RTA_IDP_ISSUER_UNKNOWN`, `RTA_IDP_TOKEN_AUDIENCE`, `RTA_IDP_TOKEN_EXPIRED`,
 *   `RTA_IDP_TOKEN_NOT_YET_VALID`, `RTA_IDP_TOKEN_BOUND`, `RTA_IDP_TOKEN_ACTOR`
 */
export function checkTokenClaims(
  claims: TokenClaims,
  rules: { readonly config: IssuerConfig; readonly kind: TokenKind; readonly nowMs: number },
  presenter: Presenter,
): void {
  const { config, kind, nowMs } = rules;
  const details = { issuer: config.issuer };
  if (claims.issuer !== config.issuer) throw idpError('RTA_IDP_ISSUER_UNKNOWN', undefined, { details });
  if (!isForUs(claims, config, kind)) throw idpError('RTA_IDP_TOKEN_AUDIENCE', undefined, { details });

  const { clockSkewMs } = config;
  if (nowMs >= claims.expiresAtMs + clockSkewMs) {
    throw idpError('RTA_IDP_TOKEN_EXPIRED', undefined, { details });
  }
  const latestMs = Math.max(claims.issuedAtMs, claims.notBeforeMs ?? 0, claims.authTimeMs ?? 0);
  if (latestMs > nowMs + clockSkewMs) throw idpError('RTA_IDP_TOKEN_NOT_YET_VALID', undefined, { details });

  if (!isProvedBy(claims, presenter)) throw idpError('RTA_IDP_TOKEN_BOUND', undefined, { details });
  if (!mayBeActedBy(claims, presenter)) throw idpError('RTA_IDP_TOKEN_ACTOR', undefined, { details });
}

function isForUs({ audiences }: TokenClaims, config: IssuerConfig, kind: TokenKind): boolean {
  if (kind === TOKEN_TYPE.accessToken) return audiences.some((audience) => config.audiences.has(audience));
  // OpenID Connect Core 1.0 §3.1.3.7: an ID token for somebody untrusted as well is refused.
  return audiences.every((audience) => config.clientIds.has(audience));
}

/** RFC 7800: a token that is bound to a key is worth nothing without proof of it, and we know DPoP's proof only. */
function isProvedBy({ confirmation }: TokenClaims, { dpopJkt }: Presenter): boolean {
  if (confirmation === undefined) return true;
  return onlyHas(confirmation, ['jkt']) && dpopJkt !== undefined && confirmation['jkt'] === dpopJkt;
}

/** RFC 8693 §4.4: where the token says who may act for its subject, nobody else may. */
function mayBeActedBy({ issuer, mayAct }: TokenClaims, { agentId }: Presenter): boolean {
  if (mayAct === undefined) return true;
  if (!onlyHas(mayAct, ['sub', 'iss']) || agentId === undefined) return false;
  return mayAct['sub'] === agentId && (mayAct['iss'] === undefined || mayAct['iss'] === issuer);
}

/** A member that we do not understand may restrict further than we can check (invariant I1). */
function onlyHas(members: Readonly<Record<string, unknown>>, known: readonly string[]): boolean {
  return Object.keys(members).every((name) => known.includes(name));
}
