import { createMemoryBroker } from '@rta/events';
import { createStaticPdp } from '@rta/pdp';
import { generateAgentKey } from '@rta/sdk';
import { afterAll, describe, expect, test } from 'vitest';
import { HTTPS, postToken, TOKEN_URL } from './exchange-doors.ts';
import { exchangeParameters, proofOf, READ } from './raw-agent.ts';
import { ISSUER, POLICY, startTestIdp, startTestServer } from './test-server.ts';

const idp = await startTestIdp();
const t = await startTestServer({ idp, agentEndpoint: 'rta.example:4433' });
afterAll(() => t[Symbol.asyncDispose]());
const get = async (path: string): Promise<Response> => t.server.http.request(`${ISSUER}${path}`);
const NONCE = expect.stringMatching(/^[\w-]{75}$/);

describe('the token endpoint', () => {
  test('answers as RFC 8693 says, and tells where to go with the session', async () => {
    const { accessToken } = await t.signIn();
    const proof = await proofOf(generateAgentKey(), TOKEN_URL, await HTTPS.nonce(t), { now: t.clock.now() });

    const response = await postToken(t, exchangeParameters(accessToken, { scope: 'files.read' }), {
      DPoP: proof,
    });

    expect(response.status).toBe(200);
    expect(response.headers.get('Content-Type')).toBe('application/json');
    expect(await response.json()).toEqual({
      access_token: expect.stringMatching(/^[\w-]{128}$/),
      issued_token_type: 'urn:ietf:params:oauth:token-type:rta_token',
      token_type: 'N_A',
      // The clock of this test stands still, and that of the IdP goes on.
      expires_in: expect.toSatisfy((seconds: number) => seconds > 3_000 && seconds <= 3_660),
      scope: 'files.read',
      session_id: expect.stringMatching(/^[\w-]{22}$/),
      generation: 1,
      agent_endpoint: 'rta.example:4433',
    });
  });

  test('serves a session that an agent then binds to its connection', async () => {
    const { accessToken } = await t.signIn();
    const key = generateAgentKey();
    const proof = await proofOf(key, TOKEN_URL, await HTTPS.nonce(t), { now: t.clock.now() });
    const outcome = await HTTPS.exchange(t, { parameters: exchangeParameters(accessToken), proof });
    if (!outcome.ok) throw new Error(outcome.code);

    const client = await t.connect();
    const session = await client.bind({ session: outcome.session, key });

    expect(await session.authorize(READ)).toMatchObject({ permitted: true });
  });

  test('puts a fresh nonce and no-store on every answer', async () => {
    const { accessToken } = await t.signIn();
    const proof = await proofOf(generateAgentKey(), TOKEN_URL, await HTTPS.nonce(t), { now: t.clock.now() });
    const answers = [
      await postToken(t, exchangeParameters(accessToken), { DPoP: proof }),
      await postToken(t, exchangeParameters(accessToken), { DPoP: proof }),
      await postToken(t, exchangeParameters(accessToken)),
      await postToken(t, []),
      await postToken(t, [['agent', 'x'.repeat(65_536)]]),
    ];

    expect(answers.map(({ status }) => status)).toEqual([200, 400, 400, 400, 413]);
    const nonces = answers.map(({ headers }) => headers.get('DPoP-Nonce'));
    expect(nonces).toEqual([NONCE, NONCE, NONCE, NONCE, NONCE]);
    expect(new Set(nonces).size).toBe(5);
    expect(answers.map(({ headers }) => headers.get('Cache-Control'))).toEqual(Array(5).fill('no-store'));
  });

  test('asks for a proof where there is none, and for a nonce where the proof has none', async () => {
    const { accessToken } = await t.signIn();
    const unproved = await postToken(t, exchangeParameters(accessToken));
    const proof = await proofOf(generateAgentKey(), TOKEN_URL, undefined, { now: t.clock.now() });
    const unnonced = await postToken(t, exchangeParameters(accessToken), { DPoP: proof });

    expect([unproved.status, await unproved.json()]).toEqual([
      400,
      { error: 'invalid_dpop_proof', error_description: expect.stringMatching(/^RTA_IDP_DPOP_MISSING: /) },
    ]);
    expect([unnonced.status, await unnonced.json()]).toEqual([
      400,
      { error: 'use_dpop_nonce', error_description: expect.stringMatching(/^RTA_IDP_DPOP_NONCE_MISSING: /) },
    ]);
  });

  test.each([
    ['unsupported_grant_type', { grant_type: 'password' }],
    ['invalid_request', { agent: '' }],
    ['invalid_scope', { scope: 'files.delete' }],
    ['invalid_target', { resource: 'https://other.example' }],
    ['invalid_authorization_details', { authorization_details: '{}' }],
  ])('says %s in the words of OAuth', async (error, changes: Record<string, string>) => {
    const { accessToken } = await t.signIn();
    const proof = await proofOf(generateAgentKey(), TOKEN_URL, await HTTPS.nonce(t), { now: t.clock.now() });

    const response = await postToken(t, exchangeParameters(accessToken, changes), { DPoP: proof });

    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error });
  });

  test('reads forms only', async () => {
    const { accessToken } = await t.signIn();
    const body = new URLSearchParams(exchangeParameters(accessToken)).toString();
    const post = async (type: string): Promise<unknown> => {
      const headers = { 'Content-Type': type };
      return (await t.server.http.request(TOKEN_URL, { method: 'POST', headers, body })).json();
    };

    expect(await post('application/json')).toMatchObject({
      error: 'invalid_request',
      error_description: expect.stringMatching(/^RTA_IDP_PARAMETER: /),
    });
    // The form is read, and so the proof is missed first.
    expect(await post('Application/X-WWW-Form-URLEncoded; charset=utf-8')).toMatchObject({
      error: 'invalid_dpop_proof',
    });
  });

  test('reads no body beyond its limit, even where its length is not told', async () => {
    let chunks = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        chunks += 1;
        controller.enqueue(new Uint8Array(16_384).fill(97));
      },
    });
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const init: RequestInit = { method: 'POST', headers, body: endless };

    const response = await t.server.http.request(TOKEN_URL, Object.assign(init, { duplex: 'half' }));

    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ error: 'invalid_request' });
    expect(chunks).toBeLessThan(8);
  });
});

describe('the HTTP side', () => {
  test('describes the authorization server (RFC 8414)', async () => {
    const response = await get('/.well-known/oauth-authorization-server');

    expect(await response.json()).toEqual({
      issuer: 'https://rta.example',
      token_endpoint: 'https://rta.example/oauth/token',
      jwks_uri: 'https://rta.example/.well-known/jwks.json',
      revocation_endpoint: 'https://rta.example/oauth/revoke',
      revocation_endpoint_auth_methods_supported: ['none'],
      grant_types_supported: [
        'urn:ietf:params:oauth:grant-type:rta_token_exchange',
        'urn:ietf:params:oauth:grant-type:token-exchange',
      ],
      token_endpoint_auth_methods_supported: ['none'],
      dpop_signing_alg_values_supported: ['EdDSA', 'Ed25519'],
      authorization_details_types_supported: ['rta_action'],
      response_types_supported: [],
      rta_agent_endpoint: 'rta.example:4433',
    });
  });

  test('is healthy and ready', async () => {
    expect(await (await get('/healthz')).json()).toEqual({ status: 'up' });
    const ready = await get('/readyz');
    expect([ready.status, await ready.json()]).toEqual([200, { status: 'ready' }]);
  });

  test.each(['/', '/oauth', '/oauth/token', '/admin', '/.well-known/openid-configuration'])(
    'has nothing to get at %s',
    async (path) => {
      const response = await get(path);

      expect([response.status, await response.json()]).toMatchObject([404, { error: 'not_found' }]);
    },
  );

  test('has no receiver of events where nobody may send any', async () => {
    await using quiet = await startTestServer({ idp, transmitters: [] });
    const response = await quiet.server.http.request(`${ISSUER}/ssf/events`, { method: 'POST', body: 'x' });

    expect(response.status).toBe(404);
  });
});

describe('a node that is not ready', () => {
  test('says that its view is stale [I2]', async () => {
    const inner = createMemoryBroker();
    let up = true;
    await using stale = await startTestServer({
      idp,
      broker: {
        ...inner,
        publish: (event) => (up ? inner.publish(event) : Promise.reject(new Error('down'))),
      },
    });
    up = false;
    stale.clock.advance(6_001);

    const response = await stale.server.http.request(`${ISSUER}/readyz`);

    expect([response.status, await response.json()]).toEqual([
      503,
      { status: 'not ready', reasons: ['event broker: the view is stale'] },
    ]);
  });

  test('says that it cannot write its audit log, and tries again by itself [I7]', async () => {
    await using full = await startTestServer({ idp });
    const { append } = full.store.audit;
    const ready = async (): Promise<unknown> => (await full.server.http.request(`${ISSUER}/readyz`)).json();
    full.store.audit.append = () => Promise.reject(new Error('disk full'));
    await postToken(full, []);
    await expect
      .poll(ready)
      .toEqual({ status: 'not ready', reasons: ['audit log: records cannot be written'] });

    full.store.audit.append = append;
    // Nobody asks a node that is not ready for anything.
    full.clock.advance(1_000);

    await expect.poll(ready).toEqual({ status: 'ready' });
  });

  test('says that its PDP is down', async () => {
    const inner = createStaticPdp({ rules: POLICY });
    await using down = await startTestServer({
      idp,
      pdp: {
        ...inner,
        revision: inner.revision,
        health: () => Promise.resolve({ status: 'down', detail: 'policies are gone' }),
      },
    });

    const response = await down.server.http.request(`${ISSUER}/readyz`);

    expect([response.status, await response.json()]).toEqual([
      503,
      { status: 'not ready', reasons: ['policy decision point: policies are gone'] },
    ]);
  });
});
