import { isRtaError, systemClock } from '@rta/core';
import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  ClientSecretBasic,
  type Configuration,
  calculatePKCECodeChallenge,
  customFetch,
  discovery,
  enableNonRepudiationChecks,
  None,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
} from 'openid-client';
import { createBrowser } from './browser.ts';
import { devIdpError } from './errors.ts';
import { DEV_IDP_LIMITS } from './limits.ts';
import { isLoopback } from './loopback.ts';

/** A user, an application, and what it asks for. */
export interface SignInRequest {
  readonly issuer: string;
  readonly clientId: string;
  /** For a confidential client. */
  readonly clientSecret?: string;
  readonly redirectUri: string;
  /** Email address of the user. */
  readonly username: string;
  readonly password: string;
  /** The second factor, where `acrValues` asks for one. */
  readonly code?: string;
  /** How the user is to sign in (OpenID Connect Core §3.1.2.1 `acr_values`): `mfa`. */
  readonly acrValues?: string;
  /** Space-separated; `openid` among them. */
  readonly scope: string;
  /** The API that the access token is for (RFC 8707). */
  readonly resource: string;
  readonly signal?: AbortSignal;
}

/** What the application holds after a sign-in. */
export interface SignIn {
  readonly accessToken: string;
  readonly idToken: string;
  /** UNIX milliseconds at which the access token ends. */
  readonly expiresAtMs: number;
  /** Scopes of the access token, space-separated. */
  readonly scope: string;
  readonly sub: string;
  /** The user's session at the IdP, as security events will name it. */
  readonly sid: string;
}

/**
 * Signs a user in at a development IdP as a browser and an application do it together: authorization code flow
 * with PKCE, state and nonce, the sign-in and consent forms filled in over HTTP, the ID token's signature checked.
 *
 * @throws RtaError `RTA_DEVIDP_CREDENTIALS` for a wrong name or password; `RTA_DEVIDP_SIGN_IN` for all else that
 *   does not end with tokens, with what the IdP answered as its cause; the reason of `signal` once that is aborted.
 */
export async function signInWithBrowser(request: SignInRequest): Promise<SignIn> {
  try {
    return await signIn(request);
  } catch (cause) {
    request.signal?.throwIfAborted();
    if (isRtaError(cause)) throw cause;
    throw devIdpError('RTA_DEVIDP_SIGN_IN', undefined, { cause });
  }
}

async function signIn(request: SignInRequest): Promise<SignIn> {
  const { redirectUri, scope, resource, acrValues } = request;
  const configuration = await discover(request);
  const pkceCodeVerifier = randomPKCECodeVerifier();
  const expectedState = randomState();
  const expectedNonce = randomNonce();
  const authorizationUrl = buildAuthorizationUrl(configuration, {
    redirect_uri: redirectUri,
    scope,
    resource,
    state: expectedState,
    nonce: expectedNonce,
    code_challenge: await calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    ...(acrValues === undefined ? {} : { acr_values: acrValues }),
    claims: JSON.stringify({ id_token: { sid: { essential: true } } }),
  });

  const callbackUrl = await passForms(authorizationUrl, request);
  const tokens = await authorizationCodeGrant(
    configuration,
    callbackUrl,
    { pkceCodeVerifier, expectedState, expectedNonce },
    { resource },
  );
  const claims = tokens.claims();
  const sid = claims?.['sid'];
  if (claims === undefined || tokens.id_token === undefined || typeof sid !== 'string') {
    throw devIdpError('RTA_DEVIDP_SIGN_IN', 'the answer has no ID token with a sid');
  }
  return {
    accessToken: tokens.access_token,
    idToken: tokens.id_token,
    expiresAtMs: systemClock.now() + (tokens.expiresIn() ?? 0) * 1000,
    scope: tokens.scope ?? scope,
    sub: claims.sub,
    sid,
  };
}

/** Learns the IdP's addresses; plain HTTP is for loopback alone. */
function discover({ issuer, clientId, clientSecret, signal }: SignInRequest): Promise<Configuration> {
  const url = new URL(issuer);
  const insecure = url.protocol === 'http:' && isLoopback(url.hostname) ? [allowInsecureRequests] : [];
  return discovery(
    url,
    clientId,
    undefined,
    clientSecret === undefined ? None() : ClientSecretBasic(clientSecret),
    {
      execute: [...insecure, enableNonRepudiationChecks],
      [customFetch]: (url, { signal: timeout, body = null, ...init }) =>
        fetch(url, {
          ...init,
          body,
          signal: AbortSignal.any([signal, timeout].filter((given) => given !== undefined)),
        }),
    },
  );
}

/** Goes from the application's redirect to the IdP up to the IdP's redirect back. */
async function passForms(authorizationUrl: URL, request: SignInRequest): Promise<URL> {
  const { username, password, code = '', redirectUri, signal } = request;
  const browser = createBrowser({ origin: authorizationUrl.origin, redirectUri, signal });
  let passwordGiven = false;
  let place = await browser.open(authorizationUrl);
  for (let forms = 0; place.kind === 'form' && forms < DEV_IDP_LIMITS.formsCount; forms++) {
    const asksPassword = place.form.inputs.has('password');
    if (asksPassword && passwordGiven) throw devIdpError('RTA_DEVIDP_CREDENTIALS');
    passwordGiven ||= asksPassword;
    const asksCode = place.form.inputs.has('code');
    place = await browser.submit(
      place,
      asksPassword ? { username, password, ...(asksCode ? { code } : {}) } : {},
    );
  }
  if (place.kind === 'callback') return place.url;
  throw devIdpError('RTA_DEVIDP_SIGN_IN', 'the IdP does not lead back to the application', {
    details: { path: place.url.pathname, ...(place.kind === 'page' ? { httpStatus: place.status } : {}) },
  });
}
