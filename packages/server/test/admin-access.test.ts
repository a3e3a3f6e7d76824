import { readFile } from 'node:fs/promises';
import type { JsonObject } from '@rta/core';
import { signInWithBrowser } from '@rta/devkit';
import { createDpopProof } from '@rta/idp';
import { createStaticPdp } from '@rta/pdp';
import { cedarText, createCedarPdp } from '@rta/pdp-cedar';
import { generateAgentKey } from '@rta/sdk';
import { calculateJwkThumbprint } from 'jose';
import { afterAll, describe, expect, test } from 'vitest';
import { ADMIN_AUDIENCE, ADMIN_POLICY, startAdminServer, startUsersIdp } from './admin-fixture.ts';
import { ISSUER, startTestServer, trustedIdp } from './test-server.ts';

const idp = await startUsersIdp();
const t = await startAdminServer({ idp });
afterAll(() => t[Symbol.asyncDispose]());
const END_EVERYONE = { action: 'end', target: { type: 'everyone' }, reason: 'a test' };

const withProof = (token: string, proof: string) =>
  t.ask('/admin/v1/whoami', { token: '', headers: { Authorization: `DPoP ${token}`, DPoP: proof } });
const freshNonce = async (): Promise<string | null> =>
  (await t.ask('/admin/v1/whoami', { token: '' })).headers.get('DPoP-Nonce');
const endUser = (user: object) =>
  t.ask('/admin/v1/changes', {
    body: { action: 'end', target: { type: 'user', sub: 'alice', ...user }, reason: 'r' },
  });

describe('who may administer', () => {
  test('a person whom an identity provider signed in for the admin audience, over the real thing', async () => {
    await using real = await startAdminServer({
      idp,
      issuers: [{ issuer: idp.issuer, audiences: [ISSUER], jwks: {}, allowInsecureHttp: true }],
      adminPolicy: [{ id: 'sam', effect: 'permit', when: ({ subject }) => subject.id === 'sam' }],
      scope: 'rta:admin',
    });
    const { accessToken } = await signInWithBrowser({
      issuer: idp.issuer,
      clientId: 'app',
      redirectUri: 'http://127.0.0.1/callback',
      username: 'sam@example.com',
      password: 'sam password',
      scope: 'openid rta:admin',
      resource: ADMIN_AUDIENCE,
    });

    const whoami = await real.ask('/admin/v1/whoami', { token: accessToken });
    const changes = await real.ask('/admin/v1/changes', { token: accessToken });

    expect([whoami.status, whoami.body]).toEqual([
      200,
      {
        issuer: idp.issuer,
        sub: 'sam',
        clientId: 'app',
        email: 'sam@example.com',
        groups: [],
        roles: [],
        scope: ['rta:admin'],
      },
    ]);
    expect(changes.status).toBe(200);
  });

  test.each([
    ['no token', () => ''],
    ['a token for agents', () => t.signing.sign(t.clock.now(), { groups: ['security'] })],
    ['a token for another API', () => t.adminToken({ aud: 'https://other.example' })],
    ['a token that has expired', () => t.adminToken({ exp: Math.floor(t.clock.now() / 1_000) - 3_600 })],
    ['a token of an issuer that nobody trusts', () => t.adminToken({ iss: 'https://evil.example' })],
    ['a token that was tampered with', () => `${t.adminToken().slice(0, -4)}AAAA`],
    [
      'a token that is bound to a key, without proof of it',
      () => t.adminToken({ cnf: { jkt: 'thumbprint' } }),
    ],
    ['what is no token at all', () => 'a.b'],
  ])('is refused with %s, and nothing happens', async (_, tokenOf) => {
    const { session } = await t.openSession();
    const answer = await t.ask('/admin/v1/changes', { body: END_EVERYONE, token: tokenOf() });

    expect(answer.status).toBe(401);
    expect(answer.headers.get('Content-Type')).toBe('application/problem+json');
    expect(answer.headers.get('WWW-Authenticate')).toMatch(/^Bearer\b.*DPoP algs="Ed25519 EdDSA"/);
    expect(answer.headers.get('Cache-Control')).toBe('no-store');
    expect(answer.body).toEqual({
      title: 'Unauthorized',
      status: 401,
      detail: expect.any(String),
      code: 'RTA_SERVER_ADMIN_TOKEN',
    });
    expect(session.signal.aborted).toBe(false);
  });

  test('a token that outlives its sign-in is worth nothing, and a new sign-in is [I1]', async () => {
    await using own = await startAdminServer({ idp });
    const nowMs = own.clock.now();
    const token = own.adminToken();
    expect((await own.ask('/admin/v1/whoami', { token })).status).toBe(200);

    const { issuer } = own.signing.trusted;
    await own.server.signal({
      id: 'revoked-administrator',
      source: { issuer, id: '1' },
      subject: { user: { by: 'iss-sub', issuer, sub: 'sam' } },
      change: { kind: 'session-revoked' },
      occurredAtMs: nowMs,
      receivedAtMs: nowMs,
    });
    const { status, body } = await own.ask('/admin/v1/whoami', { token });
    expect([status, body.code]).toEqual([401, 'RTA_SERVER_ADMIN_TOKEN']);

    own.clock.advance(60_000);
    expect((await own.ask('/admin/v1/whoami', { token: own.adminToken() })).status).toBe(200);
  });

  test('an agent administers nothing, whatever its token is for: it has an actor', async () => {
    const token = t.adminToken({ act: { sub: 'agent-1' } });
    const { status, body } = await t.ask('/admin/v1/changes', { body: END_EVERYONE, token });

    expect([status, body.code]).toEqual([403, 'RTA_SERVER_ADMIN_ACTOR']);
  });

  test('a token without the scope that is asked for is not enough', async () => {
    await using scoped = await startAdminServer({ idp, scope: 'rta:admin' });
    const lacking = await scoped.ask('/admin/v1/whoami', { token: scoped.adminToken() });
    const having = await scoped.ask('/admin/v1/whoami', { token: scoped.adminToken({ scope: 'rta:admin' }) });

    expect([lacking.status, lacking.body.code]).toEqual([403, 'RTA_SERVER_ADMIN_SCOPE']);
    expect(lacking.headers.get('WWW-Authenticate')).toBe('Bearer error="insufficient_scope"');
    expect(having.status).toBe(200);
  });

  test('policies decide what each may do; a denial is written down', async () => {
    const token = t.adminToken({ sub: 'intern', groups: ['support'] });
    const { status, body } = await t.ask('/admin/v1/changes', { body: END_EVERYONE, token });

    expect([status, body.code]).toEqual([403, 'RTA_SERVER_ADMIN_DENIED']);
    expect(await t.audit()).toContainEqual(
      expect.objectContaining({
        kind: 'admin',
        outcome: 'deny',
        cause: 'default',
        subject: { issuer: t.signing.trusted.issuer, sub: 'intern' },
        action: 'admin:end',
        resource: { type: 'Everyone', id: 'everyone' },
      }),
    );
  });

  test('policies see the person, their groups and roles, their sign-in, and what is asked', async () => {
    const asked: unknown[] = [];
    await using seen = await startAdminServer({
      idp,
      adminPolicy: (request) => {
        asked.push(request);
        return { effect: 'deny' };
      },
    });
    const token = seen.adminToken({
      roles: ['responder'],
      email: 'Sam@Example.com',
      acr: 'phr',
      amr: ['hwk'],
      auth_time: 1_700_000_000,
      scope: 'x',
    });
    await seen.ask('/admin/v1/changes', {
      body: { action: 'limit', target: { type: 'agent', id: 'a' }, reason: 'r', scope: ['files.read'] },
      token,
    });

    expect(asked).toEqual([
      {
        subject: {
          type: 'User',
          id: 'sam',
          properties: {
            issuer: seen.signing.trusted.issuer,
            email: 'sam@example.com',
            groups: ['security'],
            roles: ['responder'],
          },
        },
        action: { name: 'admin:limit' },
        resource: { type: 'Agent', id: 'a' },
        context: {
          scope: ['x'],
          client: 'app',
          acr: 'phr',
          amr: ['hwk'],
          signedInAtMs: 1_700_000_000_000,
          request: { dryRun: false, scope: ['files.read'] },
        },
      },
    ]);
  });

  test('a policy can ask for another sign-in first, as RFC 9470 has it', async () => {
    await using strict = await startAdminServer({
      idp,
      adminPolicy: [
        {
          id: 'fresh',
          effect: 'permit',
          obligations: [{ type: 'step-up', properties: { acr_values: 'phr phrh', max_age: 300 } }],
        },
      ],
    });
    const at = (secondsAgo: number) => Math.floor(strict.clock.now() / 1_000) - secondsAgo;
    const listing = (claims: object) =>
      strict.ask('/admin/v1/sessions', { token: strict.adminToken({ ...claims }) });

    const weak = await listing({ acr: 'pwd', auth_time: at(10) });
    const old = await listing({ acr: 'phr', auth_time: at(301) });
    const untold = await listing({ acr: 'phr' });
    const good = await listing({ acr: 'phr', auth_time: at(299) });

    expect([weak.status, old.status, untold.status, good.status]).toEqual([401, 401, 401, 200]);
    expect(weak.body.code).toBe('RTA_SERVER_ADMIN_STEP_UP');
    expect(weak.headers.get('WWW-Authenticate')).toBe(
      'Bearer error="insufficient_user_authentication", acr_values="phr phrh", max_age="300"',
    );
  });

  test('a permit under a condition that nobody here fulfils is a denial [I1]', async () => {
    await using odd = await startAdminServer({
      idp,
      adminPolicy: [{ id: 'odd', effect: 'permit', obligations: [{ type: 'watermark' }] }],
    });
    expect((await odd.ask('/admin/v1/sessions')).status).toBe(403);
  });

  test('a PDP that fails denies [I1]', async () => {
    const pdp = createStaticPdp({ rules: ADMIN_POLICY });
    await using failing = await startAdminServer({ idp, admin: { audience: ADMIN_AUDIENCE, pdp } });
    await pdp.close();

    expect((await failing.ask('/admin/v1/sessions')).status).toBe(403);
  });

  test('the audience of agents is no audience of administrators', async () => {
    const admin = { audience: ISSUER, pdp: t.pdp };
    await expect(startTestServer({ idp, issuers: [trustedIdp(idp)], admin })).rejects.toThrow(TypeError);
  });

  test('without administrators there is no admin API, no introspection and no global revocation', async () => {
    await using plain = await startTestServer({ idp });
    const status = async (path: string, method: string): Promise<number> =>
      (await plain.server.http.request(`${ISSUER}${path}`, { method })).status;

    expect(await status('/admin/v1/whoami', 'GET')).toBe(404);
    expect(await status('/oauth/introspect', 'POST')).toBe(404);
    expect(await status('/oauth/global-token-revocation', 'POST')).toBe(404);
  });
});

test('the policies of the guide do what it says', async () => {
  const guide = await readFile(new URL('../../../docs/guides/admin-api.md', import.meta.url), 'utf8');
  const [, policies = ''] = /```cedar\n([^`]+)```/.exec(guide) ?? [];
  await using pdp = await createCedarPdp({ source: cedarText({ 'guide.cedar': policies }) });
  await using guided = await startAdminServer({ idp, admin: { audience: ADMIN_AUDIENCE, pdp } });
  const nowS = Math.floor(guided.clock.now() / 1_000);
  const suspend = async (claims: JsonObject): Promise<number> =>
    (
      await guided.ask('/admin/v1/changes', {
        body: { action: 'suspend', target: { type: 'agent', id: 'a' }, reason: 'r' },
        token: guided.adminToken(claims),
      })
    ).status;

  expect(await suspend({ auth_time: nowS - 60 })).toBe(202);
  expect(await suspend({ auth_time: nowS - 901 })).toBe(401);
  expect(await suspend({ auth_time: nowS, groups: ['support'] })).toBe(403);
  expect(await suspend({ auth_time: nowS, groups: 'security' })).toBe(403);
  expect((await guided.ask('/admin/v1/sessions')).status).toBe(403);
});

describe('a token that is bound to a key', () => {
  const url = `${ISSUER}/admin/v1/whoami`;
  const key = generateAgentKey();
  const proofFor = (accessToken: string, nonce: string | null, method = 'GET') =>
    createDpopProof({
      ...key,
      method,
      url,
      accessToken,
      now: t.clock.now(),
      jti: crypto.randomUUID(),
      ...(nonce === null ? {} : { nonce }),
    });
  const boundToken = async (): Promise<string> => {
    return t.adminToken({ cnf: { jkt: await calculateJwkThumbprint({ ...key.publicJwk }) } });
  };

  test('is good with a proof by that key, for that token', async () => {
    const token = await boundToken();
    const { status, body } = await withProof(token, await proofFor(token, await freshNonce()));

    expect([status, body.sub]).toEqual([200, 'sam']);
  });

  test('is refused without a nonce, with the proof for another token, and with a proof that was used', async () => {
    const token = await boundToken();
    const unnonced = await withProof(token, await proofFor(token, null));
    const foreign = await withProof(token, await proofFor(t.adminToken(), await freshNonce()));
    const proof = await proofFor(token, await freshNonce());
    await withProof(token, proof);
    const replayed = await withProof(token, proof);

    expect([unnonced, foreign, replayed].map(({ status, body }) => [status, body.code])).toEqual([
      [401, 'RTA_IDP_DPOP_NONCE_MISSING'],
      [401, 'RTA_IDP_DPOP_TOKEN'],
      [401, 'RTA_IDP_DPOP_REPLAY'],
    ]);
    expect(unnonced.headers.get('WWW-Authenticate')).toBe(
      'DPoP algs="Ed25519 EdDSA", error="use_dpop_nonce"',
    );
    expect(unnonced.headers.get('DPoP-Nonce')).toMatch(/^[\w-]{75}$/);
  });
});

describe('a request that is none', () => {
  const target = { type: 'agent', id: 'a' };
  test.each([
    ['an action that nobody knows', { action: 'delete', target, reason: 'r' }],
    ['no reason', { action: 'end', target }],
    ['a reason of several lines', { action: 'end', target, reason: 'a\nb' }],
    ['a member that nobody knows', { action: 'end', target, reason: 'r', dryrun: true }],
    ['a target of two kinds', { action: 'end', target: { ...target, sub: 'x' }, reason: 'r' }],
    ['a person of two names', { action: 'end', target: { type: 'user', sub: 'x', email: 'y' }, reason: 'r' }],
    ['a session that is none', { action: 'end', target: { type: 'session', id: 'x' }, reason: 'r' }],
    ['a limit without a scope', { action: 'limit', target, reason: 'r' }],
    ['an end with a scope', { action: 'end', target, reason: 'r', scope: [] }],
    [
      'a session that stays away',
      { action: 'end', target: { type: 'session', id: 'A'.repeat(22) }, reason: 'r', keepOut: true },
    ],
    ['a name without end', { action: 'end', target: { type: 'agent', id: 'a'.repeat(513) }, reason: 'r' }],
    [
      'a name that shows another one',
      { action: 'end', target: { type: 'agent', id: '\u202eabc' }, reason: 'r' },
    ],
    ['no JSON', '{'],
    ['a list', []],
  ])('is refused: %s', async (_, body) => {
    const answer = await t.ask('/admin/v1/changes', { body });

    expect([answer.status, answer.body.code]).toEqual([400, 'RTA_SERVER_ADMIN_REQUEST']);
    expect(answer.body.members.length).toBeGreaterThan(0);
  });

  test('is refused where a browser could be made to send it', async () => {
    const { status, body } = await t.ask('/admin/v1/changes', {
      body: END_EVERYONE,
      headers: { 'Content-Type': 'text/plain' },
    });
    expect([status, body.code]).toEqual([400, 'RTA_SERVER_ADMIN_REQUEST']);
  });

  test('is refused where a pattern makes no sense, by the code of the authority', async () => {
    const { status, body } = await t.ask('/admin/v1/changes', {
      body: { action: 'limit', target, reason: 'r', scope: ['a*b'] },
    });
    expect([status, body.code]).toEqual([400, 'RTA_AUTHORITY_PATTERN']);
  });

  test('is refused where it is not said whose user is meant, or where it is nobody here', async () => {
    const unsaid = await endUser({});
    const unknown = await endUser({ issuer: 'https://login.typo.example' });

    expect([unsaid.body.code, unknown.body.code]).toEqual([
      'RTA_SERVER_ADMIN_ISSUER',
      'RTA_SERVER_ADMIN_ISSUER',
    ]);
  });

  test('is refused where it is too long, and where there is nothing', async () => {
    const long = await t.ask('/admin/v1/changes', { body: { ...END_EVERYONE, reason: 'x'.repeat(70_000) } });
    const nothing = await t.ask('/admin/v1/nothing');

    expect(long.status).toBe(413);
    expect([nothing.status, nothing.body.code]).toEqual([404, 'RTA_SERVER_ADMIN_UNKNOWN']);
  });

  test('shows nothing of a token, in whatever log', async () => {
    const token = t.adminToken();
    await t.ask('/admin/v1/whoami', { token: `${token}x` });
    await t.ask('/admin/v1/sessions', { token });

    expect(JSON.stringify(await t.audit())).not.toContain(token.split('.')[2]);
  });
});

describe('the list of sessions', () => {
  test('has whom they act for, through which agents, and no key or token', async () => {
    await using u = await startAdminServer({ idp });
    const { session, bound } = await u.agent('alice', 'agent-1', 'files.read');
    const { status, body } = await u.ask(`/admin/v1/sessions/${session}`);

    expect([status, body]).toEqual([
      200,
      {
        node: 'test-node',
        session,
        depth: 0,
        user: {
          issuer: idp.issuer,
          sub: 'alice',
          email: 'alice@example.com',
          signedInAtMs: expect.any(Number),
        },
        agents: [{ id: 'agent-1' }],
        state: 'active',
        connected: true,
        generation: 1,
        scope: ['files.read'],
        attributes: {},
        suspensions: [],
        createdAtMs: expect.any(Number),
        expiresAtMs: bound.expiresAtMs,
        belowCount: 0,
        below: [],
      },
    ]);
  });

  test('is narrowed, and comes in pages that miss nobody', async () => {
    await using u = await startAdminServer({ idp });
    const agents = [
      await u.agent('alice', 'a'),
      await u.agent('alice', 'b'),
      await u.agent('bob', 'a'),
      await u.agent('bob', 'b'),
      await u.agent('bob', 'c'),
    ];
    await u.order({ action: 'suspend', target: { type: 'agent', id: 'c' } });
    const list = async (query: string) => (await u.ask(`/admin/v1/sessions?${query}`)).body;
    const count = async (query: string): Promise<number> => (await list(query)).sessions.length;
    const issuer = encodeURIComponent(idp.issuer);

    const seen: string[] = [];
    for (let after = ''; ; ) {
      const { sessions, next } = await list(`limit=2${after === '' ? '' : `&after=${after}`}`);
      seen.push(...sessions.map(({ session }) => session));
      if (next === undefined) break;
      after = next;
    }

    expect(seen).toEqual(agents.map(({ session }) => session as string).sort());
    expect(await count(`user=alice&issuer=${issuer}`)).toBe(2);
    expect(await count('agent=a')).toBe(2);
    expect(await count(`agent=a&user=bob&issuer=${issuer}`)).toBe(1);
    expect(await count('state=suspended')).toBe(1);
    expect(await count('agent=nobody')).toBe(0);
  });

  test.each(['limit=0', 'limit=201', 'limit=1e2', 'state=ended', 'after=x', 'user=', 'order=up'])(
    'is not made for %s',
    async (query) => {
      expect((await t.ask(`/admin/v1/sessions?${query}`)).status).toBe(400);
    },
  );

  test('has no session that ended, and none of another name', async () => {
    expect((await t.ask(`/admin/v1/sessions/${'A'.repeat(22)}`)).status).toBe(404);
    expect((await t.ask('/admin/v1/sessions/x')).status).toBe(400);
  });
});
