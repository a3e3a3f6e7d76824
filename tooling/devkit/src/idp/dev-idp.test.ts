import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { request } from 'node:http';
import { systemClock } from '@rta/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBrowser, type Place } from './browser.ts';
import { createCookieJar } from './cookie-jar.ts';
import { createDevIdp, type DevIdp, type DevIdpFault } from './dev-idp.ts';
import { signInWithBrowser } from './sign-in.ts';

const REDIRECT_URI = 'http://127.0.0.1/callback';
const CLIENT = { clientId: 'co-pilot', redirectUris: [REDIRECT_URI] };
const RESOURCE_SERVER = {
  resource: 'https://rta.example/',
  scopes: ['agent:act'],
  clientId: 'rta',
  clientSecret: 'rta-secret',
};
// RFC 7636, appendix B.
const CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';

let idp: DevIdp;
beforeAll(async () => {
  idp = await createDevIdp({
    users: [{ sub: 'user-anna', email: 'anna@example.com', password: 'correct horse' }],
    clients: [{ ...CLIENT, name: '<b>Co-pilot</b>' }],
    resourceServers: [RESOURCE_SERVER],
  });
});
afterAll(() => idp.close());

function authorizationUrl(changes: Record<string, string | undefined> = {}): URL {
  const url = new URL('/auth', idp.issuer);
  const parameters = {
    client_id: 'co-pilot',
    response_type: 'code',
    redirect_uri: REDIRECT_URI,
    scope: 'openid agent:act',
    resource: 'https://rta.example/',
    state: 'state-1',
    code_challenge: CHALLENGE,
    code_challenge_method: 'S256',
    ...changes,
  };
  for (const [name, value] of Object.entries(parameters))
    if (value !== undefined) url.searchParams.set(name, value);
  return url;
}

function openPorts(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPServerWrap').length;
}

function openBrowser() {
  return createBrowser({ origin: idp.issuer, redirectUri: REDIRECT_URI });
}

function answerIn(place: Place): Record<string, string> {
  return place.kind === 'callback' ? Object.fromEntries(place.url.searchParams) : { kind: place.kind };
}

/** Starts an authorization and stops at the sign-in page, with the cookies that the browser would hold. */
async function startSignIn(): Promise<{ readonly url: URL; readonly cookie: string }> {
  const jar = createCookieJar(systemClock);
  const start = authorizationUrl();
  const response = await fetch(start, { redirect: 'manual' });
  jar.take(start, response.headers.getSetCookie());
  const url = new URL(response.headers.get('location') ?? '', start);
  return { url, cookie: jar.headerFor(url) ?? '' };
}

describe('the authorization endpoint', () => {
  it('refuses a request without PKCE', async () => {
    const place = await openBrowser().open(
      authorizationUrl({ code_challenge: undefined, code_challenge_method: undefined }),
    );
    expect(answerIn(place)).toMatchObject({ error: 'invalid_request', state: 'state-1' });
  });

  it('refuses plain PKCE', async () => {
    const place = await openBrowser().open(authorizationUrl({ code_challenge_method: 'plain' }));
    expect(answerIn(place)).toMatchObject({ error: 'invalid_request' });
  });

  it('refuses the implicit flow', async () => {
    const place = await openBrowser().open(authorizationUrl({ response_type: 'id_token', nonce: 'nonce-1' }));
    expect(place.kind === 'callback' ? place.url.hash : place.kind).toContain(
      'error=unsupported_response_type',
    );
  });

  it('shows an error page, and no redirect, for a redirect URI that is not registered', async () => {
    const response = await fetch(authorizationUrl({ redirect_uri: 'https://evil.example/' }), {
      redirect: 'manual',
      headers: { Accept: 'text/html' },
    });
    expect(response.status).toBe(400);
    expect(response.headers.get('location')).toBeNull();
    expect(await response.text()).toContain('invalid_redirect_uri');
  });
});

describe('the pages', () => {
  it('tell the application that the user cancelled at sign-in', async () => {
    const browser = openBrowser();
    const signIn = await browser.open(authorizationUrl());
    if (signIn.kind !== 'form') throw new Error('expected the sign-in form');
    const place = await browser.submit(signIn, { decision: 'deny' });
    expect(answerIn(place)).toMatchObject({ error: 'access_denied', state: 'state-1', iss: idp.issuer });
  });

  it('tell the application that the user denied consent', async () => {
    const browser = openBrowser();
    const signIn = await browser.open(authorizationUrl());
    if (signIn.kind !== 'form') throw new Error('expected the sign-in form');
    const consent = await browser.submit(signIn, { username: 'anna@example.com', password: 'correct horse' });
    if (consent.kind !== 'form') throw new Error('expected the consent form');
    const place = await browser.submit(consent, { decision: 'deny' });
    expect(answerIn(place)).toMatchObject({ error: 'access_denied' });
    expect(answerIn(place)).not.toHaveProperty('code');
  });

  it('let nobody past the sign-in who posts the consent form instead', async () => {
    const { url, cookie } = await startSignIn();
    const response = await fetch(url, {
      method: 'POST',
      redirect: 'manual',
      headers: { Cookie: cookie },
      body: new URLSearchParams({ decision: 'allow', prompt: 'consent' }),
    });
    expect(response.status).toBe(403);
  });

  it('are for the browser that started: without its cookie, or under the address of another, they are refused', async () => {
    const mine = await startSignIn();
    const others = await startSignIn();
    const fields = { username: 'anna@example.com', password: 'correct horse', decision: 'allow' };
    for (const headers of [{}, { Cookie: others.cookie }]) {
      const post = {
        method: 'POST',
        redirect: 'manual',
        headers,
        body: new URLSearchParams(fields),
      } as const;
      expect((await fetch(mine.url, post)).status).toBe(400);
    }
  });

  it('refuse forms that are too long or not forms', async () => {
    const { url, cookie } = await startSignIn();
    const post = (body: string, type: string) =>
      fetch(url, {
        method: 'POST',
        redirect: 'manual',
        headers: { Cookie: cookie, 'Content-Type': type },
        body,
      });
    expect((await post('{}', 'application/json')).status).toBe(400);
    expect((await post(`password=${'x'.repeat(500_000)}`, 'application/x-www-form-urlencoded')).status).toBe(
      400,
    );
  });

  it('write the name of a client as text, and may not be framed or cached', async () => {
    const { url, cookie } = await startSignIn();
    const response = await fetch(url, { headers: { Cookie: cookie } });
    const html = await response.text();
    expect(html).toContain('&lt;b&gt;Co-pilot&lt;/b&gt;');
    expect(html).not.toContain('<b>Co-pilot');
    expect(response.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(response.headers.get('cache-control')).toBe('no-store');
  });

  it('take GET and POST alone', async () => {
    const { url, cookie } = await startSignIn();
    const response = await fetch(url, { method: 'DELETE', headers: { Cookie: cookie } });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('GET, POST');
  });
});

describe('the server', () => {
  it('publishes metadata under the issuer that it listens at', async () => {
    const response = await fetch(`${idp.issuer}/.well-known/openid-configuration`);
    expect(await response.json()).toMatchObject({
      issuer: idp.issuer,
      jwks_uri: idp.endpoints.jwksUri,
      introspection_endpoint: idp.endpoints.introspection,
      response_types_supported: ['code'],
      code_challenge_methods_supported: ['S256'],
    });
  });

  it('publishes public keys alone', async () => {
    for (const uri of [idp.endpoints.jwksUri, idp.endpoints.ssfJwksUri]) {
      const { keys } = (await (await fetch(uri)).json()) as { keys: object[] };
      expect(keys).toHaveLength(1);
      expect(Object.keys(keys[0] ?? {}).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
    }
  });

  it('answers to no other host name, against DNS rebinding', async () => {
    const url = new URL('/.well-known/openid-configuration', idp.issuer);
    const status = await new Promise((resolve, reject) => {
      request(url, { headers: { Host: 'evil.example' } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on('error', reject)
        .end();
    });
    expect(status).toBe(421);
  });

  it('does not listen beyond loopback', async () => {
    const options = { users: [], clients: [], resourceServers: [], host: '0.0.0.0' };
    await expect(createDevIdp(options as unknown as Parameters<typeof createDevIdp>[0])).rejects.toThrow(
      RangeError,
    );
  });

  it.each([
    ['a page', 'password', /^\/interaction\//],
    ['an endpoint', 'name', /^\/token$/],
  ])(
    'says on its diagnostics channel that %s failed for a reason of its own',
    async (_name, member, path) => {
      const faults: DevIdpFault[] = [];
      const listener = (message: unknown) => void faults.push(message as DevIdpFault);
      const user = { sub: 'user-anna', email: 'anna@example.com', password: 'correct horse' };
      Object.defineProperty(user, member, {
        get() {
          throw new RangeError('the vault is shut');
        },
      });
      await using faulty = await createDevIdp({
        users: [user],
        clients: [CLIENT],
        resourceServers: [RESOURCE_SERVER],
      });
      subscribe('rta:devidp', listener);
      try {
        const signIn = signInWithBrowser({
          issuer: faulty.issuer,
          clientId: 'co-pilot',
          redirectUri: REDIRECT_URI,
          username: 'anna@example.com',
          password: 'correct horse',
          scope: 'openid profile agent:act',
          resource: 'https://rta.example/',
        });
        await expect(signIn).rejects.toMatchObject({ code: 'RTA_DEVIDP_SIGN_IN' });
        expect(faults).toEqual([{ kind: 'fault', path: expect.stringMatching(path), error: 'RangeError' }]);
      } finally {
        unsubscribe('rta:devidp', listener);
      }
    },
  );

  it.each([
    ['a redirect URI is no URI', [{ clientId: 'co-pilot', redirectUris: ['nowhere'] }]],
    ['two clients share an id', [CLIENT, CLIENT]],
  ])('does not start, and keeps no port open, when %s', async (_name, clients) => {
    const before = openPorts();
    await expect(createDevIdp({ users: [], clients, resourceServers: [] })).rejects.toThrow(TypeError);
    expect(openPorts()).toBe(before);
  });

  it('does not start on a port that is taken', async () => {
    const port = Number(new URL(idp.issuer).port);
    await expect(createDevIdp({ users: [], clients: [], resourceServers: [], port })).rejects.toThrow(
      'EADDRINUSE',
    );
  });

  it('stops once, however often it is told', async () => {
    const other = await createDevIdp({ users: [], clients: [], resourceServers: [] });
    await Promise.all([other.close(), other.close()]);
    await other.close();
    await expect(fetch(`${other.issuer}/.well-known/openid-configuration`)).rejects.toThrow('fetch failed');
  });
});
