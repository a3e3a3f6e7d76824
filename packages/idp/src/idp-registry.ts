import { type Clock, isRtaError, type RtaError } from '@rta/core';
import { type CompactJwt, mediaType, parseCompactJwt } from './compact-jwt.ts';
import { idpError } from './errors.ts';
import { createIntrospector, type Introspector } from './introspector.ts';
import { createIssuerMetadata } from './issuer-metadata.ts';
import { type IssuerConfig, type IssuerOptions, issuerConfig } from './issuer-options.ts';
import { createJsonFetcher, type JsonFetcher } from './json-fetcher.ts';
import { createJwksValidator, type JwksValidator } from './jwks-validator.ts';
import { IDP_LIMITS } from './limits.ts';
import { isLogoutType, readLogout, type VerifiedLogout } from './logout-token.ts';
import { mergeTokenClaims, readTokenClaims, type TokenActor, type TokenClaims } from './token-claims.ts';
import { checkTokenClaims, type TokenKind } from './token-rules.ts';
import { isSubjectTokenType, type SubjectTokenType, TOKEN_TYPE } from './token-types.ts';

/** The person for whom an agent is to act, as a validated token of an issuer names them: plain data, no secrets. */
export interface VerifiedSubject {
  readonly issuer: string;
  readonly sub: string;
  /** The OAuth client that the token was issued to. */
  readonly clientId?: string;
  /** Lower case; absent where the issuer says that it is not verified. */
  readonly email?: string;
  /** Absent unless the issuer says that it is verified. */
  readonly phone?: string;
  /** The session at the issuer (`sid`). */
  readonly idpSessionId?: string;
  /** The token itself (`jti`). */
  readonly tokenId?: string;
  /** By the claims that the options name. */
  readonly tenantId?: string;
  readonly deviceId?: string;
  /** Id of the only agent that may act for the subject (`may_act`, RFC 8693 §4.4). */
  readonly mayAct?: string;
  readonly acr?: string;
  readonly amr?: readonly string[];
  /** UNIX milliseconds of the sign-in, where the token tells. */
  readonly authTimeMs?: number;
  /** UNIX milliseconds. */
  readonly issuedAtMs: number;
  /** UNIX milliseconds; within the clock skew of the issuer it can be a moment ago. */
  readonly expiresAtMs: number;
  /** Empty where the token has none. */
  readonly scope: readonly string[];
  /** `groups` and `roles` of the token (RFC 9068 §2.2.3.1); absent where it has none that can be read. */
  readonly groups?: readonly string[];
  readonly roles?: readonly string[];
  /** Who acts for the subject already (`act`), from the one who acts now to the one who acted first. */
  readonly actors: readonly TokenActor[];
  /** What the token was validated as. */
  readonly tokenType: TokenKind;
}

export interface SubjectTokenRequest {
  /** The token as it was presented. */
  readonly token: string;
  /** `subject_token_type`: one of the URNs of {@link TOKEN_TYPE}. */
  readonly tokenType: string;
  /** Thumbprint of the key that DPoP proved; without it, tokens that are bound to a key (`cnf`) are refused. */
  readonly dpopJkt?: string;
  /** `id` of the agent; without it, tokens that name who may act (`may_act`) are refused. */
  readonly agentId?: string;
  readonly signal?: AbortSignal;
}

/** The issuers whose tokens can be exchanged. */
export interface IdpRegistry extends AsyncDisposable {
  /**
   * Validates a token by the rules of its issuer.
   *
   * A JWT goes to the issuer that its `iss` names and to no other; an unknown one is refused without any request. An
   * access token that is no JWT goes to the issuers that are configured with introspection alone, one after the
   * other in the order of the options, {@link IDP_LIMITS.maxOpaqueTokenIssuers} at most, until one knows it: each of
   * them learns the token, so configure only issuers that may.
   *
   * @throws RtaError `RTA_IDP_TOKEN_TYPE`, `RTA_IDP_TOKEN_MALFORMED`, `RTA_IDP_TOKEN_KIND`, `RTA_IDP_ISSUER_UNKNOWN`,
   *   `RTA_IDP_TOKEN_ALGORITHM`, `RTA_IDP_TOKEN_KEY`, `RTA_IDP_TOKEN_SIGNATURE`, `RTA_IDP_TOKEN_CLAIMS`,
   *   `RTA_IDP_TOKEN_AUDIENCE`, `RTA_IDP_TOKEN_EXPIRED`, `RTA_IDP_TOKEN_NOT_YET_VALID`, `RTA_IDP_TOKEN_INACTIVE`,
   *   `RTA_IDP_TOKEN_CONFLICT`, `RTA_IDP_TOKEN_BOUND`, `RTA_IDP_TOKEN_ACTOR`; `RTA_IDP_UNAVAILABLE`, `RTA_IDP_BUSY`,
   *   `RTA_IDP_RESPONSE`, `RTA_IDP_METADATA`, `RTA_IDP_CLIENT_AUTH` where the issuer could not be asked;
   *   `RTA_IDP_CLOSED`; the reason of `signal` where that ended it.
   */
  verifySubjectToken(request: SubjectTokenRequest): Promise<VerifiedSubject>;
  /**
   * Validates a logout token, by the published keys of the issuer that it names.
   *
   * @throws RtaError as `verifySubjectToken`, of a JWT.
   * @see OpenID Connect Back-Channel Logout 1.0 §2.6
   */
  verifyLogoutToken(token: string): Promise<VerifiedLogout>;
  /** Ends requests to issuers that run. Idempotent. */
  close(): Promise<void>;
}

type Issuer =
  | { readonly config: IssuerConfig; readonly jwks: JwksValidator; readonly introspector?: Introspector }
  | { readonly config: IssuerConfig; readonly jwks?: never; readonly introspector: Introspector };

const TOKEN = /^[\x21-\x7e]+$/;

/**
 * Makes the registry. Nothing is fetched until a token comes.
 *
 * @param options - `fetch` is the platform's by default.
 * @throws TypeError or RangeError where the options of an issuer are not usable.
 */
export function createIdpRegistry(options: {
  readonly issuers: readonly IssuerOptions[];
  readonly fetch?: typeof globalThis.fetch;
  readonly clock: Clock;
}): IdpRegistry {
  const { clock } = options;
  const fetcher = createJsonFetcher({ fetch: options.fetch ?? globalThis.fetch, clock });
  const issuers = new Map<string, Issuer>();
  for (const each of options.issuers) {
    const issuer = createIssuer(issuerConfig(each), fetcher, clock);
    if (issuers.has(each.issuer)) throw new TypeError(`issuer ${each.issuer} is configured twice`);
    issuers.set(each.issuer, issuer);
  }
  const opaqueIssuers = [...issuers.values()]
    .filter((issuer) => issuer.jwks === undefined)
    .slice(0, IDP_LIMITS.maxOpaqueTokenIssuers);
  let closed = false;

  const check = (
    json: unknown,
    config: IssuerConfig,
    kind: TokenKind,
    { dpopJkt, agentId }: SubjectTokenRequest,
  ): TokenClaims => {
    const claims = readTokenClaims(config.issuer, json, config.claims);
    checkTokenClaims(claims, { config, kind, nowMs: clock.now() }, { dpopJkt, agentId });
    return claims;
  };

  const introspect = async (
    { config, introspector }: { readonly config: IssuerConfig; readonly introspector: Introspector },
    kind: TokenKind,
    request: SubjectTokenRequest,
  ): Promise<TokenClaims> => {
    const answer = await introspector.introspect(request.token, kind, request.signal);
    return check({ iss: config.issuer, ...answer }, config, kind, request);
  };

  const verifyJwt = async (
    issuer: Issuer,
    jwt: CompactJwt,
    kind: TokenKind,
    request: SubjectTokenRequest,
  ): Promise<TokenClaims> => {
    const { config, jwks, introspector } = issuer;
    if (jwks === undefined) return await introspect(issuer, kind, request);
    await jwks.verify(request.token, jwt, kind, request.signal);
    const signed = check(jwt.claims, config, kind, request);
    if (introspector === undefined) return signed;
    // Last, so that nobody makes us ask the issuer about what its own keys already refuse.
    return mergeTokenClaims(signed, await introspect({ config, introspector }, kind, request));
  };

  const verifyOpaque = async (request: SubjectTokenRequest): Promise<TokenClaims> => {
    let unreachable: RtaError | undefined;
    for (const issuer of opaqueIssuers) {
      try {
        return await introspect(issuer, TOKEN_TYPE.accessToken, request);
      } catch (error) {
        if (isRtaError(error) && error.httpStatus === 503) unreachable = error;
        else if (!isRtaError(error, 'RTA_IDP_TOKEN_INACTIVE')) throw error;
      }
    }
    // An issuer that could not be asked may be the one that knows the token.
    if (unreachable !== undefined) throw unreachable;
    throw idpError(opaqueIssuers.length === 0 ? 'RTA_IDP_ISSUER_UNKNOWN' : 'RTA_IDP_TOKEN_INACTIVE');
  };

  /** A JWT that names an issuer here, before anybody verified it. */
  const readJwt = (
    jwt: CompactJwt,
  ): { readonly issuer: Issuer; readonly claims: NonNullable<CompactJwt['claims']> } => {
    // A critical header is one that must be understood, and we understand none (RFC 7515 §4.1.11).
    if (jwt.claims === undefined || 'crit' in jwt.header) throw idpError('RTA_IDP_TOKEN_MALFORMED');
    const iss = jwt.claims['iss'];
    const issuer = typeof iss === 'string' ? issuers.get(iss) : undefined;
    if (issuer === undefined) throw idpError('RTA_IDP_ISSUER_UNKNOWN');
    return { issuer, claims: jwt.claims };
  };
  const checkShape = (token: string): void => {
    if (closed) throw idpError('RTA_IDP_CLOSED');
    if (token.length > IDP_LIMITS.maxSubjectTokenCharacters || !TOKEN.test(token)) {
      throw idpError('RTA_IDP_TOKEN_MALFORMED', undefined, { details: { characters: token.length } });
    }
  };

  const close = (): Promise<void> => {
    closed = true;
    fetcher.close();
    return Promise.resolve();
  };

  return {
    async verifySubjectToken(request) {
      const { token, tokenType, signal } = request;
      signal?.throwIfAborted();
      if (closed) throw idpError('RTA_IDP_CLOSED');
      if (!isSubjectTokenType(tokenType)) throw idpError('RTA_IDP_TOKEN_TYPE');
      checkShape(token);
      const jwt = parseCompactJwt(token);
      if (jwt === undefined) {
        if (tokenType !== TOKEN_TYPE.accessToken) throw idpError('RTA_IDP_TOKEN_MALFORMED');
        return subjectOf(await verifyOpaque(request), tokenType);
      }
      const { issuer } = readJwt(jwt);
      const kind = kindOf(jwt, tokenType, issuer.config);
      return subjectOf(await verifyJwt(issuer, jwt, kind, request), kind);
    },
    async verifyLogoutToken(token) {
      checkShape(token);
      const jwt = parseCompactJwt(token);
      if (jwt === undefined) throw idpError('RTA_IDP_TOKEN_MALFORMED');
      const { issuer, claims } = readJwt(jwt);
      const { config, jwks } = issuer;
      if (jwks === undefined || !isLogoutType(jwt)) {
        throw idpError('RTA_IDP_TOKEN_KIND', undefined, { details: { issuer: config.issuer } });
      }
      await jwks.verifySignature(token, jwt.header, undefined);
      return readLogout(claims, config, clock.now());
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function createIssuer(config: IssuerConfig, fetcher: JsonFetcher, clock: Clock): Issuer {
  const metadata = createIssuerMetadata(config, fetcher, clock);
  const { jwks, introspection } = config;
  const introspector = introspection && createIntrospector(config, introspection, metadata, fetcher);
  if (jwks !== undefined) {
    const validator = createJwksValidator(config, jwks, metadata, fetcher, clock);
    return { config, jwks: validator, ...(introspector === undefined ? {} : { introspector }) };
  }
  if (introspector !== undefined) return { config, introspector };
  throw new TypeError(`issuer ${config.issuer} must be given jwks, introspection or both`);
}

/**
 * What to hold a JWT to be. The type `jwt` leaves that to the header: `at+jwt` is an access token, all else an ID
 * token.
 *
 * @throws RtaError `RTA_IDP_TOKEN_TYPE` where the issuer is not configured for tokens of that kind.
 */
function kindOf(jwt: CompactJwt, tokenType: SubjectTokenType, config: IssuerConfig): TokenKind {
  let kind: TokenKind;
  if (tokenType === TOKEN_TYPE.jwt) {
    kind = mediaType(jwt.header['typ']) === 'at+jwt' ? TOKEN_TYPE.accessToken : TOKEN_TYPE.idToken;
  } else {
    kind = tokenType;
  }
  const recipients = kind === TOKEN_TYPE.accessToken ? config.audiences : config.clientIds;
  if (recipients.size === 0)
    throw idpError('RTA_IDP_TOKEN_TYPE', undefined, { details: { issuer: config.issuer } });
  return kind;
}

function subjectOf(claims: TokenClaims, tokenType: TokenKind): VerifiedSubject {
  const {
    issuer,
    sub,
    clientId,
    idpSessionId,
    tokenId,
    tenantId,
    deviceId,
    acr,
    amr,
    authTimeMs,
    groups,
    roles,
  } = claims;
  const mayAct = claims.mayAct?.['sub'];
  const email = claims.emailVerified === false ? undefined : claims.email?.toLowerCase();
  const phone = claims.phoneVerified === true ? claims.phone : undefined;
  return {
    issuer,
    sub,
    ...(clientId === undefined ? {} : { clientId }),
    ...(email === undefined ? {} : { email }),
    ...(phone === undefined ? {} : { phone }),
    ...(idpSessionId === undefined ? {} : { idpSessionId }),
    ...(tokenId === undefined ? {} : { tokenId }),
    ...(tenantId === undefined ? {} : { tenantId }),
    ...(deviceId === undefined ? {} : { deviceId }),
    ...(typeof mayAct === 'string' ? { mayAct } : {}),
    ...(acr === undefined ? {} : { acr }),
    ...(amr === undefined ? {} : { amr }),
    ...(authTimeMs === undefined ? {} : { authTimeMs }),
    issuedAtMs: claims.issuedAtMs,
    expiresAtMs: claims.expiresAtMs,
    scope: claims.scope ?? [],
    ...(groups === undefined ? {} : { groups }),
    ...(roles === undefined ? {} : { roles }),
    actors: claims.actors,
    tokenType,
  };
}
