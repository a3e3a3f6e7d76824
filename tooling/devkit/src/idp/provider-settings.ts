import { randomBytes } from 'node:crypto';
import type { JWK } from 'jose';
import { type ClientMetadata, type Configuration, errors } from 'oidc-provider';
import {
  type DevClient,
  type DevIdpOptions,
  type DevResourceServer,
  type DevUser,
  SECOND_FACTOR,
} from './options.ts';
import { errorPage } from './pages.ts';
import type { IdpRecords } from './records.ts';

/** Seconds that things live: a working day for sessions, an hour for tokens, minutes for what is passed on at once. */
const LIFETIME_SECONDS = {
  AccessToken: 3_600,
  AuthorizationCode: 60,
  Grant: 28_800,
  IdToken: 3_600,
  Interaction: 600,
  Session: 28_800,
} as const;

/** Where the pages of one sign-in are served. */
export const INTERACTION_PATH = '/interaction/';

/**
 * The settings of `oidc-provider` for a development IdP: code flow with PKCE only, tokens for one resource server
 * at a time, and nothing left to the defaults that announce on the console that they should be changed.
 *
 * @param signingKey private RSA key for ID tokens and JWT access tokens, with `kid` and `alg`.
 */
export function providerSettings(
  options: Pick<DevIdpOptions, 'users' | 'clients' | 'resourceServers'>,
  signingKey: JWK,
  records: IdpRecords,
): Configuration {
  const users = new Map(options.users.map((user) => [user.sub, user]));
  const resourceServers = new Map(options.resourceServers.map((server) => [server.resource, server]));
  const introspectors = new Set(options.resourceServers.map((server) => server.clientId));

  return {
    adapter: (model) => records.adapterFor(model),
    jwks: { keys: [signingKey] },
    cookies: { keys: [randomBytes(32).toString('base64url')] },
    clients: [...options.clients.map(application), ...options.resourceServers.map(introspector)],
    clientAuthMethods: ['client_secret_basic', 'none'],
    clientBasedCORS: () => false,
    claims: { openid: ['sub', 'sid'], email: ['email', 'email_verified'], profile: ['name'] },
    acrValues: [SECOND_FACTOR],
    scopes: ['openid'],
    responseTypes: ['code'],
    pkce: { required: () => true },
    ttl: LIFETIME_SECONDS,
    interactions: { url: (_ctx, interaction) => `${INTERACTION_PATH}${interaction.uid}` },
    findAccount: (_ctx, sub) => {
      const user = users.get(sub);
      return user && { accountId: sub, claims: () => claimsOf(user) };
    },
    // Opaque tokens carry these into the introspection answer, JWT tokens into their claims.
    extraTokenClaims: (ctx, token) => {
      if (!('accountId' in token)) return undefined;
      const { acr, authTime } = ctx.oidc.entities.AuthorizationCode ?? {};
      // RFC 9470 §6.2: how the user signed in, and when.
      const how = acr === undefined ? {} : { acr, auth_time: authTime };
      return { email: users.get(token.accountId)?.email, sid: token.sid, ...how };
    },
    renderError: (ctx, out) => {
      ctx.type = 'html';
      ctx.body = errorPage(`${out.error}: ${out.error_description ?? ''}`);
    },
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      // Without a userinfo endpoint a token is for the granted resource, and the ID token has the user's claims.
      userinfo: { enabled: false },
      // `sid` is in the tokens of a client that asks for it: `claims={"id_token":{"sid":null}}` (OIDC Core §5.5).
      claimsParameter: { enabled: true },
      introspection: {
        enabled: true,
        // As with most IdPs, a resource server is told the audience of any token, and has to check it.
        allowedPolicy: (_ctx, client, token) =>
          introspectors.has(client.clientId) || token.clientId === client.clientId,
      },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_ctx, resource) => {
          const server = resourceServers.get(resource);
          if (server === undefined) throw new errors.InvalidTarget();
          return {
            audience: server.resource,
            scope: server.scopes.join(' '),
            accessTokenTTL: LIFETIME_SECONDS.AccessToken,
            accessTokenFormat: server.accessTokenFormat ?? 'opaque',
          };
        },
      },
    },
  };
}

function claimsOf(user: DevUser): { sub: string; email: string; email_verified: boolean; name?: string } {
  return {
    sub: user.sub,
    email: user.email,
    email_verified: true,
    ...(user.name === undefined ? {} : { name: user.name }),
  };
}

function application(client: DevClient): ClientMetadata {
  return {
    client_id: client.clientId,
    client_name: client.name ?? client.clientId,
    redirect_uris: client.redirectUris,
    response_types: ['code'],
    grant_types: ['authorization_code'],
    ...(client.clientSecret === undefined
      ? { token_endpoint_auth_method: 'none' }
      : { token_endpoint_auth_method: 'client_secret_basic', client_secret: client.clientSecret }),
  };
}

function introspector(server: DevResourceServer): ClientMetadata {
  return {
    client_id: server.clientId,
    client_secret: server.clientSecret,
    token_endpoint_auth_method: 'client_secret_basic',
    redirect_uris: [],
    response_types: [],
    grant_types: [],
  };
}
