import { isRtaError, systemClock } from '@rta/core';
import { createDevIdp, type DevIdp, type SignIn, signInWithBrowser } from '@rta/devkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createIdpRegistry, type IdpRegistry, type IssuerOptions, TOKEN_TYPE } from '../src/index.ts';

// The registry against a real authorization server, by discovery and over HTTP.

const OPAQUE_API = 'https://rta.example/';
const JWT_API = 'https://rta.example/jwt';

let idp: DevIdp;
const registries: IdpRegistry[] = [];

beforeAll(async () => {
  idp = await createDevIdp({
    users: [{ sub: 'user-anna', email: 'Anna@example.com', password: 'correct horse' }],
    clients: [{ clientId: 'co-pilot', redirectUris: ['http://127.0.0.1/callback'] }],
    resourceServers: [
      { resource: OPAQUE_API, scopes: ['agent:act'], clientId: 'rta', clientSecret: 'rta:secret+' },
      {
        resource: JWT_API,
        scopes: ['agent:act'],
        clientId: 'rta-jwt',
        clientSecret: 'secret',
        accessTokenFormat: 'jwt',
      },
    ],
  });
});

afterAll(async () => {
  await Promise.all(registries.map((registry) => registry.close()));
  await idp.close();
});

function registryOf(issuer: Omit<IssuerOptions, 'issuer' | 'allowInsecureHttp'>): IdpRegistry {
  const registry = createIdpRegistry({
    issuers: [{ issuer: idp.issuer, allowInsecureHttp: true, ...issuer }],
    clock: systemClock,
  });
  registries.push(registry);
  return registry;
}

async function signIn(resource: string): Promise<SignIn> {
  return await signInWithBrowser({
    issuer: idp.issuer,
    clientId: 'co-pilot',
    redirectUri: 'http://127.0.0.1/callback',
    username: 'anna@example.com',
    password: 'correct horse',
    scope: 'openid email agent:act',
    resource,
  });
}

async function refusal(registry: IdpRegistry, token: string, tokenType: string): Promise<unknown> {
  return await registry.verifySubjectToken({ token, tokenType }).then(
    () => 'accepted',
    (error: unknown) => (isRtaError(error) ? error.code : error),
  );
}

const introspection = { clientId: 'rta', clientSecret: 'rta:secret+' };

test('an opaque access token is introspected, until its session ends', async () => {
  const registry = registryOf({ audiences: [OPAQUE_API], introspection });
  const { accessToken, sid } = await signIn(OPAQUE_API);
  expect(
    await registry.verifySubjectToken({ token: accessToken, tokenType: TOKEN_TYPE.accessToken }),
  ).toMatchObject({
    issuer: idp.issuer,
    sub: 'user-anna',
    clientId: 'co-pilot',
    email: 'anna@example.com',
    idpSessionId: sid,
    scope: ['agent:act'],
  });
  idp.endSession(sid);
  expect(await refusal(registry, accessToken, TOKEN_TYPE.accessToken)).toBe('RTA_IDP_TOKEN_INACTIVE');
});

test('a token for another API is refused, although the issuer calls it active', async () => {
  const registry = registryOf({ audiences: ['https://other.example/'], introspection });
  const { accessToken } = await signIn(OPAQUE_API);
  expect(await refusal(registry, accessToken, TOKEN_TYPE.accessToken)).toBe('RTA_IDP_TOKEN_AUDIENCE');
});

test('a wrong client secret is told apart from a wrong token', async () => {
  const registry = registryOf({
    audiences: [OPAQUE_API],
    introspection: { clientId: 'rta', clientSecret: 'wrong' },
  });
  expect(await refusal(registry, 'whatever', TOKEN_TYPE.accessToken)).toBe('RTA_IDP_CLIENT_AUTH');
});

test('a JWT access token and an ID token are validated by the published keys, each as what it is', async () => {
  const registry = registryOf({ audiences: [JWT_API], clientIds: ['co-pilot'], jwks: {} });
  const { accessToken, idToken, sid } = await signIn(JWT_API);
  expect(
    await registry.verifySubjectToken({ token: accessToken, tokenType: TOKEN_TYPE.accessToken }),
  ).toMatchObject({ sub: 'user-anna', clientId: 'co-pilot', scope: ['agent:act'], idpSessionId: sid });
  expect(await registry.verifySubjectToken({ token: idToken, tokenType: TOKEN_TYPE.idToken })).toMatchObject({
    sub: 'user-anna',
    idpSessionId: sid,
    scope: [],
  });
  expect(await refusal(registry, idToken, TOKEN_TYPE.accessToken)).toBe('RTA_IDP_TOKEN_KIND');
  expect(await refusal(registry, accessToken, TOKEN_TYPE.idToken)).toBe('RTA_IDP_TOKEN_KIND');
});
