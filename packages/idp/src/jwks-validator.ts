import type { Clock } from '@rta/core';
import { type CompactVerifyGetKey, compactVerify, createLocalJWKSet, errors } from 'jose';
import { z } from 'zod';
import { type CompactJwt, mediaType } from './compact-jwt.ts';
import { idpError } from './errors.ts';
import { answerError } from './issuer-answer.ts';
import { endpointOf, type IssuerMetadata } from './issuer-metadata.ts';
import type { IssuerConfig } from './issuer-options.ts';
import type { JsonFetcher } from './json-fetcher.ts';
import { IDP_LIMITS } from './limits.ts';
import { createRefreshable, type Refreshable } from './refreshable.ts';
import type { TokenKind } from './token-rules.ts';
import { TOKEN_TYPE } from './token-types.ts';

/** Validates the JWTs of one issuer by its published keys. */
export interface JwksValidator {
  /**
   * Checks all of a JWT but its claims' values: header type, algorithm and signature.
   *
   * @throws RtaError `RTA_IDP_TOKEN_KIND`, `RTA_IDP_TOKEN_ALGORITHM`, `RTA_IDP_TOKEN_KEY`,
   *   `RTA_IDP_TOKEN_SIGNATURE`, and those of the fetch.
   */
  verify(token: string, jwt: CompactJwt, kind: TokenKind, signal: AbortSignal | undefined): Promise<void>;
  /** As {@link JwksValidator.verify}, for what is told apart elsewhere: algorithm and signature alone. */
  verifySignature(
    token: string,
    header: CompactJwt['header'],
    signal: AbortSignal | undefined,
  ): Promise<void>;
}

const JWKS = z.object({
  keys: z.array(z.looseObject({})).max(IDP_LIMITS.maxJwksKeys),
});

/** Makes the validator; it fetches keys when the first token comes. */
export function createJwksValidator(
  config: IssuerConfig,
  rules: NonNullable<IssuerConfig['jwks']>,
  metadata: Refreshable<IssuerMetadata>,
  fetcher: JsonFetcher,
  clock: Clock,
): JwksValidator {
  const { issuer } = config;
  const details = { issuer };

  const load = async (): Promise<CompactVerifyGetKey> => {
    const url = await endpointOf(config, metadata, 'jwksUri');
    const { status, json } = await fetcher.fetchJson({ issuer, request: 'jwks', url });
    if (status !== 200) throw answerError(issuer, 'jwks', status);
    const jwks = JWKS.safeParse(json);
    if (!jwks.success) {
      throw idpError('RTA_IDP_RESPONSE', undefined, {
        details: { issuer, request: 'jwks', reason: 'not a key set' },
      });
    }
    return createLocalJWKSet(jwks.data);
  };
  const keys = createRefreshable({
    load,
    clock,
    maxAgeMs: IDP_LIMITS.jwksMaxAgeMs,
    cooldownMs: IDP_LIMITS.jwksRefetchCooldownMs,
  });

  /** Whether the signature was made by one of these keys; undefined where none of them fits the token's header. */
  const isSignedBy = async (token: string, getKey: CompactVerifyGetKey): Promise<boolean | undefined> => {
    try {
      await compactVerify(token, getKey, { algorithms: [...rules.algorithms] });
      return true;
    } catch (error) {
      if (error instanceof errors.JWSSignatureVerificationFailed) return false;
      if (error instanceof errors.JWKSNoMatchingKey) return undefined;
      // No `kid` to tell several keys apart, or a key that cannot be imported: another fetch would not help.
      throw idpError('RTA_IDP_TOKEN_KEY', undefined, { details });
    }
  };

  const verifySignature: JwksValidator['verifySignature'] = async (token, { alg }, signal) => {
    const algorithms: readonly string[] = rules.algorithms;
    if (!algorithms.includes(alg)) throw idpError('RTA_IDP_TOKEN_ALGORITHM', undefined, { details });

    const current = await keys.get(signal);
    let signed = await isSignedBy(token, current);
    if (signed === undefined) {
      const rotated = await keys.getOtherThan(current, signal);
      signed = rotated && (await isSignedBy(token, rotated));
    }
    if (signed === undefined) throw idpError('RTA_IDP_TOKEN_KEY', undefined, { details });
    if (!signed) throw idpError('RTA_IDP_TOKEN_SIGNATURE', undefined, { details });
  };

  return {
    async verify(token, { header, claims }, kind, signal) {
      if (!fitsKind(header['typ'], claims, kind, rules.accessTokenTyp)) {
        throw idpError('RTA_IDP_TOKEN_KIND', undefined, { details });
      }
      await verifySignature(token, header, signal);
    },
    verifySignature,
  };
}

/**
 * Whether a JWT can be what it is presented as. Logout tokens and Security Event Tokens carry `events` and are signed
 * by the same keys, for the same audience (OpenID Connect Back-Channel Logout 1.0 §2.4); `at_hash` and `c_hash` are
 * marks of ID tokens.
 *
 * @see RFC 9068 §2.1, RFC 8725 §3.11
 */
function fitsKind(
  typ: unknown,
  claims: CompactJwt['claims'],
  kind: TokenKind,
  accessTokenTyp: 'at+jwt' | 'jwt',
): boolean {
  if (claims === undefined || 'events' in claims) return false;
  const type = typ === undefined ? 'jwt' : mediaType(typ);
  if (kind === TOKEN_TYPE.idToken) return type === 'jwt';
  if (type === 'at+jwt') return true;
  return accessTokenTyp === 'jwt' && type === 'jwt' && !('at_hash' in claims) && !('c_hash' in claims);
}
