import { type Clock, isRtaError } from '@rta/core';
import { importJWK, type JWK } from 'jose';
import {
  allowInsecureRequests,
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  Configuration,
  clientCredentialsGrant,
  customFetch,
  type DiscoveryRequestOptions,
  discovery,
  PrivateKeyJwt,
  ResponseBodyError,
} from 'openid-client';
import type { Fetch } from '../http/fetch.ts';
import { isSsfHttpError } from '../http/http-errors.ts';
import { ssfClientError } from './client-errors.ts';
import { SSF_CLIENT_LIMITS } from './client-limits.ts';

/** How this receiver shows a transmitter who it is: a token of its own, or the OAuth 2.0 client credentials grant. */
export type ClientAuthentication =
  | { readonly token: string }
  | {
      readonly clientId: string;
      /** Give this or `privateKey`. */
      readonly clientSecret?: string;
      /** A private JWK with `alg`: the client signs for itself (`private_key_jwt`, RFC 7523). */
      readonly privateKey?: JWK;
      /** How the secret is sent; in the `Authorization` header by default. */
      readonly secretIn?: 'header' | 'body';
      /** Found at `authorizationServer` where absent. */
      readonly tokenEndpoint?: string;
      /** Issuer of the authorization server; the transmitter itself by default. */
      readonly authorizationServer?: string;
      /** Scopes to ask for; `ssf.manage ssf.read` by default. An empty string asks for none. */
      readonly scope?: string;
      /** `resource` of the request (RFC 8707). */
      readonly resource?: string;
    };

/** Access tokens for one transmitter. */
export interface AccessTokens {
  /**
   * A token that is not known to be of no use.
   *
   * @throws RtaError `RTA_SSF_TOKEN_REFUSED`, `RTA_SSF_TOKEN_UNAVAILABLE`
   */
  current(): Promise<string>;
  /**
   * A token in place of one that was not taken; undefined where there is none, or where the last was asked for too
   * short a time ago.
   *
   * @throws as {@link AccessTokens.current}
   */
  insteadOf(refused: string): Promise<string | undefined>;
}

/**
 * Makes the source of access tokens for one transmitter. One request runs at a time, and a token is used until shortly
 * before it expires.
 *
 * @throws TypeError for options that are not usable.
 * @see RFC 6749 §4.4
 */
export function createAccessTokens(options: {
  readonly issuer: string;
  readonly authentication: ClientAuthentication;
  readonly fetch: Fetch;
  readonly clock: Clock;
  /** Lets the authorization server be `http` on the loopback interface: for development. */
  readonly allowInsecureHttp?: boolean;
}): AccessTokens {
  const { authentication, clock } = options;
  if ('token' in authentication) {
    const token = checkedToken(authentication.token);
    if (token === undefined) throw new TypeError('a bearer token has only the characters of RFC 6750 §2.1');
    return { current: async () => token, insteadOf: async () => undefined };
  }
  if ((authentication.clientSecret === undefined) === (authentication.privateKey === undefined)) {
    throw new TypeError('give either clientSecret or privateKey');
  }
  let known: { readonly token: string; readonly goodUntilMs: number } | undefined;
  let requestedMs = Number.NEGATIVE_INFINITY;
  let request: Promise<string> | undefined;

  const load = async (): Promise<string> => {
    requestedMs = clock.monotonicMs();
    const { token, lifetimeMs } = await requestToken(options, authentication);
    // A short life is cut by a part of it, so that something of it is left.
    const marginMs = Math.min(SSF_CLIENT_LIMITS.accessTokenMarginMs, lifetimeMs / 4);
    known = { token, goodUntilMs: requestedMs + lifetimeMs - marginMs };
    return token;
  };
  const renew = async (): Promise<string> => {
    request ??= load().finally(() => {
      request = undefined;
    });
    return request;
  };

  return {
    async current() {
      return known !== undefined && clock.monotonicMs() < known.goodUntilMs ? known.token : renew();
    },
    async insteadOf(refused) {
      if (request !== undefined) return request;
      if (known !== undefined && known.token !== refused) return known.token;
      if (clock.monotonicMs() - requestedMs < SSF_CLIENT_LIMITS.accessTokenCooldownMs) return undefined;
      return renew();
    },
  };
}

type ClientCredentials = Exclude<ClientAuthentication, { readonly token: string }>;

async function requestToken(
  options: { readonly issuer: string; readonly fetch: Fetch; readonly allowInsecureHttp?: boolean },
  credentials: ClientCredentials,
): Promise<{ readonly token: string; readonly lifetimeMs: number }> {
  const { scope = 'ssf.manage ssf.read', resource } = credentials;
  try {
    const configuration = await configure(options, credentials);
    const answer = await clientCredentialsGrant(configuration, {
      ...(scope === '' ? {} : { scope }),
      ...(resource === undefined ? {} : { resource }),
    });
    const token = checkedToken(answer.access_token);
    if (token === undefined || answer.token_type !== 'bearer') {
      throw ssfClientError('RTA_SSF_TOKEN_REFUSED', 'the authorization server gives no bearer token');
    }
    const seconds = answer.expires_in;
    return {
      token,
      lifetimeMs:
        seconds === undefined ? SSF_CLIENT_LIMITS.accessTokenAssumedMs : Math.max(0, seconds) * 1000,
    };
  } catch (cause) {
    throw tokenError(cause);
  }
}

async function configure(
  {
    issuer,
    fetch,
    allowInsecureHttp = false,
  }: { readonly issuer: string; readonly fetch: Fetch; readonly allowInsecureHttp?: boolean },
  credentials: ClientCredentials,
): Promise<Configuration> {
  const { clientId, tokenEndpoint, authorizationServer = issuer } = credentials;
  const authentication = await clientAuth(credentials);
  if (tokenEndpoint !== undefined) {
    const configuration = new Configuration(
      { issuer: authorizationServer, token_endpoint: tokenEndpoint },
      clientId,
      undefined,
      authentication,
    );
    configuration[customFetch] = fetchLike(fetch);
    if (allowInsecureHttp) allowInsecureRequests(configuration);
    return configuration;
  }
  const discover = async (algorithm: 'oidc' | 'oauth2'): Promise<Configuration> => {
    const settings: DiscoveryRequestOptions = {
      algorithm,
      [customFetch]: fetchLike(fetch),
      ...(allowInsecureHttp ? { execute: [allowInsecureRequests] } : {}),
    };
    return discovery(new URL(authorizationServer), clientId, undefined, authentication, settings);
  };
  try {
    return await discover('oauth2');
  } catch (error) {
    if (isRtaError(error) && error.retryable) throw error;
    return discover('oidc');
  }
}

async function clientAuth({ clientSecret, privateKey, secretIn }: ClientCredentials): Promise<ClientAuth> {
  if (privateKey === undefined) {
    return secretIn === 'body' ? ClientSecretPost(clientSecret) : ClientSecretBasic(clientSecret);
  }
  const key = await importJWK(privateKey);
  if (key instanceof Uint8Array) throw new TypeError('privateKey is not the private half of a key pair');
  return PrivateKeyJwt(privateKey.kid === undefined ? key : { key, kid: privateKey.kid });
}

/** The library's requests in the terms of `fetch`. */
function fetchLike(fetch: Fetch): NonNullable<DiscoveryRequestOptions[typeof customFetch]> {
  return async (url, { method, headers, body, signal }) =>
    fetch(url, {
      method,
      headers,
      ...(body instanceof URLSearchParams ? { body } : {}),
      ...(signal === undefined ? {} : { signal }),
    });
}

/** @see RFC 6750 §2.1 */
function checkedToken(token: string): string | undefined {
  return token.length <= SSF_CLIENT_LIMITS.accessTokenCharacters && /^[\w\-.~+/]+=*$/.test(token)
    ? token
    : undefined;
}

/** The cause stays here; of the answer only its error code is passed on (invariant I10). */
function tokenError(cause: unknown): Error {
  if (isRtaError(cause) && !isSsfHttpError(cause)) return cause;
  if (cause instanceof ResponseBodyError && cause.status < 500 && cause.status !== 429) {
    const details = { status: cause.status, error: cause.error.slice(0, 64) };
    return ssfClientError('RTA_SSF_TOKEN_REFUSED', undefined, { details, cause });
  }
  return ssfClientError('RTA_SSF_TOKEN_UNAVAILABLE', undefined, { cause });
}
