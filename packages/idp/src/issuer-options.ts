import { isEndpointUrl, isIssuerUrl } from './endpoint-url.ts';
import { IDP_LIMITS } from './limits.ts';
import type { ClaimNames } from './token-claims.ts';

/** Signature algorithms that can be accepted from an issuer: asymmetric ones only. @see RFC 7518 §3.1, RFC 9864 */
export const ISSUER_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const;

/** A signature algorithm that can be accepted from an issuer. */
export type IssuerAlgorithm = (typeof ISSUER_ALGORITHMS)[number];

/** Validation by the issuer's published keys. */
export interface JwksOptions {
  /** Where the keys are; `jwks_uri` of the issuer's metadata where absent. */
  readonly uri?: string;
  /** Algorithms to accept; all of {@link ISSUER_ALGORITHMS} by default. */
  readonly algorithms?: readonly IssuerAlgorithm[];
  /**
   * The header type that access tokens must have. `at+jwt` (the default) is RFC 9068 and tells access tokens from ID
   * tokens. `jwt` also accepts `JWT` or no type, for issuers that do not follow it; the audience must then tell them
   * apart, so give such an issuer an audience of its own.
   */
  readonly accessTokenTyp?: 'at+jwt' | 'jwt';
}

/** Validation by asking the issuer. Answers are never cached. @see RFC 7662 */
export interface IntrospectionOptions {
  /** Where to ask; `introspection_endpoint` of the issuer's metadata where absent. */
  readonly endpoint?: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** How this server authenticates; `client_secret_basic` by default. */
  readonly authMethod?: 'client_secret_basic' | 'client_secret_post';
}

/**
 * One issuer whose tokens can be exchanged. Give `jwks`, `introspection`, or both: with both, a token must pass both.
 */
export interface IssuerOptions {
  /** The issuer identifier, compared to the character. */
  readonly issuer: string;
  /** Audiences of which an access token must name at least one; none: access tokens are refused. */
  readonly audiences?: readonly string[];
  /**
   * OAuth clients whose ID tokens can be exchanged, `aud` of the token; none: ID tokens are refused. Needs `jwks`:
   * introspection is defined for access tokens (RFC 7662 §2.1) and alone says nothing sound of an ID token.
   */
  readonly clientIds?: readonly string[];
  readonly jwks?: JwksOptions;
  readonly introspection?: IntrospectionOptions;
  /** Claims that this issuer has names of its own for; without them, signals about tenants or devices match nobody. */
  readonly claims?: ClaimNames;
  /** Lets `http` pass, for URLs on the loopback interface only: for development. */
  readonly allowInsecureHttp?: boolean;
  /** How far the issuer's clock may be off, in milliseconds: 0 to 300 000, 30 000 by default. */
  readonly clockSkewMs?: number;
}

/** The options of an issuer, checked and with defaults in place. */
export interface IssuerConfig {
  readonly issuer: string;
  readonly audiences: ReadonlySet<string>;
  readonly clientIds: ReadonlySet<string>;
  readonly jwks?: Required<Omit<JwksOptions, 'uri'>> & Pick<JwksOptions, 'uri'>;
  readonly introspection?: Required<Omit<IntrospectionOptions, 'endpoint'>> &
    Pick<IntrospectionOptions, 'endpoint'>;
  readonly claims: ClaimNames;
  readonly allowInsecureHttp: boolean;
  readonly clockSkewMs: number;
}

/**
 * Checks the options of one issuer.
 *
 * @throws TypeError or RangeError where they are not usable.
 */
export function issuerConfig(options: IssuerOptions): IssuerConfig {
  const { issuer, jwks, introspection } = options;
  const allowInsecureHttp = options.allowInsecureHttp ?? false;
  const audiences = new Set(options.audiences);
  const clientIds = new Set(options.clientIds);
  const clockSkewMs = options.clockSkewMs ?? IDP_LIMITS.clockSkewMs;

  if (!isIssuerUrl(issuer, { allowInsecureHttp })) {
    throw new TypeError(
      `issuer ${issuer} must be an https URL without query, fragment and credentials (http on loopback only, with allowInsecureHttp)`,
    );
  }
  for (const endpoint of [jwks?.uri, introspection?.endpoint]) {
    if (endpoint !== undefined && !isEndpointUrl(endpoint, { allowInsecureHttp })) {
      throw new TypeError(
        `an endpoint of issuer ${issuer} is not an https URL without fragment and credentials`,
      );
    }
  }
  if (audiences.size + clientIds.size === 0) {
    throw new TypeError(`issuer ${issuer} must be given audiences, clientIds or both`);
  }
  if (clientIds.size > 0 && jwks === undefined) {
    throw new TypeError(`issuer ${issuer} has clientIds, but ID tokens are validated by jwks only`);
  }
  if (audiences.has('') || clientIds.has('')) {
    throw new TypeError(`issuer ${issuer} has an empty audience or client id`);
  }
  if (introspection !== undefined && (introspection.clientId === '' || introspection.clientSecret === '')) {
    throw new TypeError(`issuer ${issuer} has an empty client id or secret for introspection`);
  }
  if (!Number.isFinite(clockSkewMs) || clockSkewMs < 0 || clockSkewMs > IDP_LIMITS.maxClockSkewMs) {
    throw new RangeError(`clockSkewMs of issuer ${issuer} must be 0 to ${IDP_LIMITS.maxClockSkewMs}`);
  }
  const algorithms: readonly IssuerAlgorithm[] = jwks?.algorithms ?? ISSUER_ALGORITHMS;
  if (algorithms.length === 0 || !algorithms.every((algorithm) => ISSUER_ALGORITHMS.includes(algorithm))) {
    throw new TypeError(`algorithms of issuer ${issuer} must be some of ${ISSUER_ALGORITHMS.join(', ')}`);
  }

  return {
    issuer,
    audiences,
    clientIds,
    ...(jwks === undefined ? {} : { jwks: { accessTokenTyp: 'at+jwt', ...jwks, algorithms } }),
    ...(introspection === undefined
      ? {}
      : { introspection: { authMethod: 'client_secret_basic', ...introspection } }),
    claims: options.claims ?? {},
    allowInsecureHttp,
    clockSkewMs,
  };
}
