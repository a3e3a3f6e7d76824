import { isRtaError } from '@rta/core';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createDevIdp, type DevIdp } from './dev-idp.ts';
import type { DevIdpOptions } from './options.ts';
import { type SignInRequest, signInWithBrowser } from './sign-in.ts';

const OPTIONS: DevIdpOptions = {
  users: [
    { sub: 'user-anna', email: 'anna@example.com', name: 'Anna', password: 'correct horse' },
    { sub: 'user-ben', email: 'ben@example.com', password: 'battery staple' },
  ],
  clients: [
    { clientId: 'co-pilot', redirectUris: ['http://127.0.0.1/callback'] },
    { clientId: 'portal', clientSecret: 'portal-secret', redirectUris: ['https://portal.example/callback'] },
  ],
  resourceServers: [
    {
      resource: 'https://rta.example/',
      scopes: ['agent:act', 'agent:read'],
      clientId: 'rta',
      clientSecret: 'rta-secret',
    },
    {
      resource: 'https://jwt.example/',
      scopes: ['agent:act'],
      clientId: 'jwt-api',
      clientSecret: 'jwt-secret',
      accessTokenFormat: 'jwt',
    },
  ],
};

let idp: DevIdp;
beforeAll(async () => {
  idp = await createDevIdp(OPTIONS);
});
afterAll(() => idp.close());

function anna(changes: Partial<SignInRequest> = {}): SignInRequest {
  return {
    issuer: idp.issuer,
    clientId: 'co-pilot',
    redirectUri: 'http://127.0.0.1/callback',
    username: 'anna@example.com',
    password: 'correct horse',
    scope: 'openid email agent:act',
    resource: 'https://rta.example/',
    ...changes,
  };
}

async function introspect(token: string, clientId = 'rta', secret = 'rta-secret') {
  const response = await fetch(idp.endpoints.introspection, {
    method: 'POST',
    headers: { Authorization: `Basic ${Buffer.from(`${clientId}:${secret}`).toString('base64')}` },
    body: new URLSearchParams({ token }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return isRtaError(error) ? error.code : `not an RtaError: ${String(error)}`;
}

describe('signing in', () => {
  it('gives an opaque access token that says at introspection whose it is and which API it is for', async () => {
    const signIn = await signInWithBrowser(anna());
    const { status, body } = await introspect(signIn.accessToken);
    expect(status).toBe(200);
    expect(body).toEqual({
      active: true,
      sub: 'user-anna',
      email: 'anna@example.com',
      sid: signIn.sid,
      iss: idp.issuer,
      aud: 'https://rta.example/',
      client_id: 'co-pilot',
      scope: 'agent:act',
      token_type: 'Bearer',
      iat: expect.any(Number),
      exp: Number(body['iat']) + 3_600,
    });
    expect(signIn.sub).toBe('user-anna');
    expect(signIn.scope).toBe('agent:act');
    expect(signIn.accessToken).not.toContain('.');
  });

  it('gives an ID token with email and session id that verifies with the published keys', async () => {
    const signIn = await signInWithBrowser(anna());
    const keys = createRemoteJWKSet(new URL(idp.endpoints.jwksUri));
    const { payload, protectedHeader } = await jwtVerify(signIn.idToken, keys, {
      issuer: idp.issuer,
      audience: 'co-pilot',
    });
    expect(protectedHeader.alg).toBe('RS256');
    expect(payload).toMatchObject({
      sub: 'user-anna',
      email: 'anna@example.com',
      email_verified: true,
      sid: signIn.sid,
    });
  });

  it('keeps the name of the user back from a client that does not ask for the profile', async () => {
    const keys = createRemoteJWKSet(new URL(idp.endpoints.jwksUri));
    const without = await signInWithBrowser(anna());
    const withProfile = await signInWithBrowser(anna({ scope: 'openid profile agent:act' }));
    expect((await jwtVerify(without.idToken, keys)).payload).not.toHaveProperty('name');
    expect((await jwtVerify(withProfile.idToken, keys)).payload['name']).toBe('Anna');
  });

  it('gives RFC 9068 tokens for an API that is set up for them', async () => {
    const signIn = await signInWithBrowser(anna({ resource: 'https://jwt.example/' }));
    const keys = createRemoteJWKSet(new URL(idp.endpoints.jwksUri));
    const { payload } = await jwtVerify(signIn.accessToken, keys, {
      issuer: idp.issuer,
      audience: 'https://jwt.example/',
      typ: 'at+jwt',
    });
    expect(payload).toMatchObject({
      sub: 'user-anna',
      client_id: 'co-pilot',
      scope: 'agent:act',
      email: 'anna@example.com',
      sid: signIn.sid,
    });
  });

  it('takes the name in any case, and a confidential client by its secret', async () => {
    const signIn = await signInWithBrowser(
      anna({
        clientId: 'portal',
        clientSecret: 'portal-secret',
        redirectUri: 'https://portal.example/callback',
        username: 'Anna@Example.COM',
      }),
    );
    expect((await introspect(signIn.accessToken)).body['client_id']).toBe('portal');
  });

  it('opens a session of its own each time', async () => {
    const first = await signInWithBrowser(anna());
    const second = await signInWithBrowser(anna());
    expect(first.sid).not.toBe(second.sid);
    expect(first.accessToken).not.toBe(second.accessToken);
  });

  it('grants no scope that the API does not have', async () => {
    const signIn = await signInWithBrowser(anna({ scope: 'openid agent:read' }));
    expect((await introspect(signIn.accessToken)).body['scope']).toBe('agent:read');
    const unknown = await signInWithBrowser(anna({ scope: 'openid admin' }));
    expect(unknown.scope).toBe('');
    expect((await introspect(unknown.accessToken)).body).not.toHaveProperty('scope');
  });

  it('writes nothing to the console', async () => {
    const written = vi.fn();
    for (const method of ['log', 'info', 'warn', 'error', 'debug'] as const) {
      vi.spyOn(console, method).mockImplementation(written);
    }
    await using quiet = await createDevIdp(OPTIONS);
    await signInWithBrowser(anna({ issuer: quiet.issuer }));
    await signInWithBrowser(anna({ issuer: quiet.issuer, redirectUri: 'http://127.0.0.1/other' })).catch(
      () => {},
    );
    await fetch(`${quiet.issuer}/nothing-here`);
    expect(written.mock.calls).toEqual([]);
  });
});

describe('a sign-in is refused', () => {
  it.each([
    ['with a wrong password', { password: 'wrong' }],
    ['with no password', { password: '' }],
    ["with another user's password", { password: 'battery staple' }],
    ['with an unknown name', { username: 'eve@example.com' }],
    ['with the sub instead of the email address', { username: 'user-anna' }],
  ])('%s', async (_name, changes) => {
    expect(await codeOf(signInWithBrowser(anna(changes)))).toBe('RTA_DEVIDP_CREDENTIALS');
  });

  it.each([
    ['for a redirect URI that is not registered', { redirectUri: 'http://127.0.0.1/elsewhere' }],
    ["for another client's redirect URI", { redirectUri: 'https://portal.example/callback' }],
    ['for an unknown client', { clientId: 'nobody' }],
    ['for an unknown API', { resource: 'https://unknown.example/' }],
    ['without openid', { scope: 'agent:act' }],
    [
      'for a confidential client with a wrong secret',
      { clientId: 'portal', clientSecret: 'wrong', redirectUri: 'https://portal.example/callback' },
    ],
    ['at plain HTTP beyond loopback', { issuer: 'http://idp.example' }],
  ])('%s', async (_name, changes) => {
    expect(await codeOf(signInWithBrowser(anna(changes)))).toBe('RTA_DEVIDP_SIGN_IN');
  });

  it('with the reason of the caller who gives up', async () => {
    const signal = AbortSignal.abort(new RangeError('enough'));
    await expect(signInWithBrowser(anna({ signal }))).rejects.toThrow(RangeError);
  });
});

describe('introspection', () => {
  it('refuses a resource server with a wrong secret, whatever the token', async () => {
    const { accessToken } = await signInWithBrowser(anna());
    for (const token of [accessToken, 'made-up']) {
      const { status, body } = await introspect(token, 'rta', 'wrong');
      expect(status).toBe(401);
      expect(body['error']).toBe('invalid_client');
    }
  });

  it('knows nothing of a token that was made up', async () => {
    expect(await introspect('made-up')).toEqual({ status: 200, body: { active: false } });
  });

  it('tells an application nothing about the token of another', async () => {
    const { accessToken } = await signInWithBrowser(anna());
    expect((await introspect(accessToken, 'portal', 'portal-secret')).body).toEqual({ active: false });
  });

  it('names the true audience to a resource server that the token is not for', async () => {
    const { accessToken } = await signInWithBrowser(anna());
    const { body } = await introspect(accessToken, 'jwt-api', 'jwt-secret');
    expect(body['aud']).toBe('https://rta.example/');
  });

  it('says inactive once the session has ended, and leaves the sessions of others alone', async () => {
    const annas = await signInWithBrowser(anna());
    const bens = await signInWithBrowser(anna({ username: 'ben@example.com', password: 'battery staple' }));
    const sids = () => idp.sessions().map(({ sid }) => sid);
    expect(idp.sessions()).toContainEqual({
      sid: annas.sid,
      sub: 'user-anna',
      clientId: 'co-pilot',
      signedInAtMs: expect.any(Number),
    });

    expect(idp.endSession(annas.sid)).toBe(true);
    expect((await introspect(annas.accessToken)).body).toEqual({ active: false });
    expect((await introspect(bens.accessToken)).body['sub']).toBe('user-ben');
    expect(sids()).not.toContain(annas.sid);
    expect(sids()).toContain(bens.sid);
    expect(idp.endSession(annas.sid)).toBe(false);
  });
});
