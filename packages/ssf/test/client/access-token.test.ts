import { createFakeClock } from '@rta/testkit';
import { decodeProtectedHeader, exportJWK, generateKeyPair, jwtVerify } from 'jose';
import { describe, expect, test } from 'vitest';
import { type ClientAuthentication, createAccessTokens } from '../../src/client/access-token.ts';
import { createAuthorizedFetch } from '../../src/client/authorized-fetch.ts';
import { createGuardedFetch } from '../../src/index.ts';
import { openTransmitter, type ScriptedTransmitter } from './scripted-transmitter.ts';

const CLIENT = { clientId: 'rta', clientSecret: 'p:ss wörd' };

function open(transmitter: ScriptedTransmitter, authentication: ClientAuthentication = CLIENT) {
  const clock = createFakeClock();
  const fetch = createGuardedFetch({ clock, allowLoopbackHttp: true });
  const { issuer } = transmitter;
  const tokens = createAccessTokens({ issuer, authentication, fetch, clock, allowInsecureHttp: true });
  return { clock, tokens, authorized: createAuthorizedFetch({ fetch, tokens }) };
}

describe('an access token', () => {
  test('is had for id and secret, in the header by default', async () => {
    await using transmitter = await openTransmitter();
    expect(await open(transmitter).tokens.current()).toBe('token-1');
    expect(transmitter.seen).toEqual([
      expect.objectContaining({
        route: 'POST /token',
        body: { grant_type: 'client_credentials', scope: 'ssf.manage ssf.read' },
        // RFC 6749 §2.3.1: both are form-encoded before.
        authorization: `Basic ${Buffer.from('rta:p%3Ass+w%C3%B6rd').toString('base64')}`,
      }),
    ]);
  });

  test('is had with the secret in the body, at an endpoint that was configured', async () => {
    await using transmitter = await openTransmitter();
    transmitter.intercept = ({ route }) =>
      route === 'POST /oauth/token'
        ? { status: 200, json: { access_token: 'configured', token_type: 'bearer' } }
        : undefined;
    const { tokens } = open(transmitter, {
      ...CLIENT,
      secretIn: 'body',
      tokenEndpoint: `${transmitter.issuer}/oauth/token`,
      scope: '',
      resource: 'https://tr.example/ssf',
    });
    expect(await tokens.current()).toBe('configured');
    expect(transmitter.seen[0]).toMatchObject({
      authorization: undefined,
      body: {
        grant_type: 'client_credentials',
        client_id: 'rta',
        client_secret: 'p:ss wörd',
        resource: 'https://tr.example/ssf',
      },
    });
  });

  test('is had for what a private key signs', async () => {
    await using transmitter = await openTransmitter();
    const pair = await generateKeyPair('ES256', { extractable: true });
    const privateKey = { ...(await exportJWK(pair.privateKey)), alg: 'ES256', kid: 'client-1' };
    await open(transmitter, { clientId: 'rta', privateKey }).tokens.current();
    const form = transmitter.seen[0]?.body as { client_assertion: string };
    const assertion = form.client_assertion;
    expect(decodeProtectedHeader(assertion)).toMatchObject({ alg: 'ES256', kid: 'client-1' });
    const { payload } = await jwtVerify(assertion, pair.publicKey);
    expect(payload).toMatchObject({ iss: 'rta', sub: 'rta' });
  });

  test('is asked for once, by however many', async () => {
    await using transmitter = await openTransmitter();
    const { tokens } = open(transmitter);
    expect(await Promise.all([tokens.current(), tokens.current(), tokens.current()])).toEqual([
      'token-1',
      'token-1',
      'token-1',
    ]);
    expect(transmitter.count('POST /token')).toBe(1);
  });

  test('is used until shortly before it expires', async () => {
    await using transmitter = await openTransmitter();
    transmitter.tokenSeconds = 60;
    const { clock, tokens } = open(transmitter);
    await tokens.current();
    clock.advance(49_999);
    expect(await tokens.current()).toBe('token-1');
    clock.advance(1);
    expect(await tokens.current()).toBe('token-2');
  });

  test('that lives for 20 seconds is used for 15', async () => {
    await using transmitter = await openTransmitter();
    transmitter.tokenSeconds = 20;
    const { clock, tokens } = open(transmitter);
    await tokens.current();
    clock.advance(14_999);
    expect(await tokens.current()).toBe('token-1');
    clock.advance(1);
    expect(await tokens.current()).toBe('token-2');
  });

  test.each([
    [{ status: 401, json: { error: 'invalid_client' } }, 'RTA_SSF_TOKEN_REFUSED'],
    [{ status: 400, json: { error: 'invalid_scope' } }, 'RTA_SSF_TOKEN_REFUSED'],
    [{ status: 503 }, 'RTA_SSF_TOKEN_UNAVAILABLE'],
    [{ status: 200, json: { token_type: 'bearer' } }, 'RTA_SSF_TOKEN_UNAVAILABLE'],
    [{ status: 200, json: { access_token: 'a b\r\nc', token_type: 'bearer' } }, 'RTA_SSF_TOKEN_REFUSED'],
    [{ status: 307, headers: { location: 'https://elsewhere.example' } }, 'RTA_SSF_TOKEN_UNAVAILABLE'],
  ])('is not had for the answer %j: %s', async (answer, code) => {
    await using transmitter = await openTransmitter();
    transmitter.intercept = ({ route }) => (route === 'POST /token' ? answer : undefined);
    const failure = await open(transmitter)
      .tokens.current()
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code });
    expect(JSON.stringify(failure)).not.toContain('wörd');
  });

  test.each([{ token: 'a b' }, { token: '' }, { clientId: 'rta' }])('is not had with %j', async (wrong) => {
    await using transmitter = await openTransmitter();
    expect(() => open(transmitter, wrong)).toThrow(TypeError);
  });
});

describe('a request with an access token', () => {
  test('that is answered with 401 is made once more with a new one', async () => {
    await using transmitter = await openTransmitter();
    const { clock, tokens, authorized } = open(transmitter);
    await tokens.current();
    transmitter.goodTokens.clear();
    transmitter.goodTokens.add('token-2');
    clock.advance(5_000);
    const response = await authorized(`${transmitter.issuer}/streams`);
    expect(response.status).toBe(200);
    expect(transmitter.count('GET /streams')).toBe(2);
  });

  test('gives up at a transmitter that takes no token, without asking for token after token', async () => {
    await using transmitter = await openTransmitter();
    const { clock, authorized } = open(transmitter);
    transmitter.intercept = ({ route }) => (route === 'POST /token' ? undefined : { status: 401 });
    const ask = async (): Promise<number> => (await authorized(`${transmitter.issuer}/streams`)).status;
    expect(await Promise.all([ask(), ask(), ask()])).toEqual([401, 401, 401]);
    expect(transmitter.count('POST /token')).toBe(1);
    clock.advance(5_000);
    expect(await Promise.all([ask(), ask(), ask()])).toEqual([401, 401, 401]);
    expect(transmitter.count('POST /token')).toBe(2);
  });

  test('keeps a token that was configured', async () => {
    await using transmitter = await openTransmitter();
    const { authorized } = open(transmitter, { token: 'static' });
    transmitter.goodTokens.add('other');
    expect((await authorized(`${transmitter.issuer}/streams`)).status).toBe(401);
    expect(transmitter.seen.map(({ authorization }) => authorization)).toEqual(['Bearer static']);
  });
});
