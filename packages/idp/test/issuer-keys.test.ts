import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ServerResponse } from 'node:http';
import { createFakeClock, type FakeClock } from '@rta/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createIdpRegistry, type IdpRegistry, type JwksOptions, TOKEN_TYPE } from '../src/index.ts';
import {
  type IssuerKey,
  json,
  type LoopbackIdp,
  makeIssuerKey,
  OAUTH_PATH,
  OIDC_PATH,
  signToken,
  startLoopbackIdp,
} from './loopback-idp.ts';

const NOW_S = 1_767_225_600;

let idp: LoopbackIdp;
let key: IssuerKey;
let token: string;
let clock: FakeClock;
let registry: IdpRegistry;

beforeEach(async () => {
  idp = await startLoopbackIdp();
  key = await makeIssuerKey('ES256', 'k1');
  clock = createFakeClock(NOW_S * 1000);
  idp.publishMetadata();
  idp.publishKeys(key);
  token = await tokenBy(key);
  registry = registryOf();
});

afterEach(async () => {
  await registry.close();
  await idp[Symbol.asyncDispose]();
});

function registryOf(jwks: JwksOptions = {}, issuer = idp.issuer): IdpRegistry {
  return createIdpRegistry({
    issuers: [{ issuer, audiences: ['https://rta.example'], jwks, allowInsecureHttp: true }],
    clock,
  });
}

async function tokenBy(signer: IssuerKey, issuer = idp.issuer): Promise<string> {
  return await signToken(signer, {
    iss: issuer,
    sub: 'alice',
    aud: 'https://rta.example',
    iat: NOW_S,
    exp: NOW_S + 86_400,
  });
}

async function outcome(presented = token, signal?: AbortSignal): Promise<unknown> {
  return await registry
    .verifySubjectToken({
      token: presented,
      tokenType: TOKEN_TYPE.accessToken,
      ...(signal === undefined ? {} : { signal }),
    })
    .then(
      ({ sub }) => sub,
      (error: { code?: unknown }) => error.code ?? error,
    );
}

/** A route that never answers; `arrived` resolves when somebody asked. */
function silence(): { route: () => void; arrived: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { route: () => resolve(), arrived: promise };
}

test('metadata and keys are fetched once, for many tokens at a time and one after the other', async () => {
  expect(idp.seen).toEqual([]);
  await Promise.all(Array.from({ length: 20 }, () => outcome()));
  expect(await outcome()).toBe('alice');
  expect(idp.seen.map(({ path }) => path)).toEqual([OIDC_PATH, '/jwks']);
});

test('a configured jwks_uri makes metadata unnecessary', async () => {
  await registry.close();
  registry = registryOf({ uri: `${idp.issuer}/jwks` });
  expect(await outcome()).toBe('alice');
  expect(idp.seen.map(({ path }) => path)).toEqual(['/jwks']);
});

test('metadata are looked for where RFC 8414 puts them as well', async () => {
  idp.route(OIDC_PATH, json({ error: 'not found' }, 404));
  idp.route(OAUTH_PATH, json({ issuer: idp.issuer, jwks_uri: `${idp.issuer}/jwks` }));
  expect(await outcome()).toBe('alice');
});

test('an issuer with a path has its metadata below it, or after the well-known part', async () => {
  const issuer = `${idp.issuer}/tenants/7`;
  await registry.close();
  registry = registryOf({}, issuer);
  idp.route(`${OAUTH_PATH}/tenants/7`, json({ issuer, jwks_uri: `${idp.issuer}/jwks` }));
  expect(await outcome(await tokenBy(key, issuer))).toBe('alice');
  expect(idp.seen.map(({ path }) => path)).toEqual([
    '/tenants/7/.well-known/openid-configuration',
    '/.well-known/oauth-authorization-server/tenants/7',
    '/jwks',
  ]);
});

test('metadata of another issuer are refused, and not looked for elsewhere', async () => {
  for (const issuer of ['https://evil.example', `${idp.issuer}/`, idp.issuer.toUpperCase()]) {
    idp.publishMetadata({ issuer });
    clock.advance(1_000);
    expect(await outcome()).toBe('RTA_IDP_METADATA');
  }
  expect(idp.hits(OAUTH_PATH)).toBe(0);
  expect(idp.hits('/jwks')).toBe(0);
});

test('metadata without a safe jwks_uri are refused', async () => {
  for (const jwks_uri of [
    undefined,
    'http://idp.example/jwks',
    'file:///etc/passwd',
    'http://127.0.0.1@evil/x',
  ]) {
    idp.publishMetadata({ jwks_uri });
    await registry.close();
    registry = registryOf();
    expect(await outcome()).toBe('RTA_IDP_METADATA');
  }
});

test.each<[string, (response: ServerResponse) => void, string]>([
  ['HTML', (r) => r.writeHead(200, { 'content-type': 'text/html' }).end('<html>'), 'RTA_IDP_RESPONSE'],
  [
    'JSON that is called HTML',
    (r) =>
      r
        .writeHead(200, { 'content-type': 'text/html' })
        .end(JSON.stringify({ issuer: idp.issuer, jwks_uri: `${idp.issuer}/jwks`, keys: [key.jwk] })),
    'RTA_IDP_RESPONSE',
  ],
  ['no content type', (r) => r.writeHead(200).end('{}'), 'RTA_IDP_RESPONSE'],
  ['text that is not JSON', (r) => r.writeHead(200, jsonType).end('{'), 'RTA_IDP_RESPONSE'],
  ['JSON of another kind', (r) => r.writeHead(200, jsonType).end('[]'), 'RTA_IDP_RESPONSE'],
  ['no body', (r) => r.writeHead(204).end(), 'RTA_IDP_RESPONSE'],
  ['an error of the server', (r) => r.writeHead(500, jsonType).end('{}'), 'RTA_IDP_UNAVAILABLE'],
  ['too many requests', (r) => r.writeHead(429, jsonType).end('{}'), 'RTA_IDP_UNAVAILABLE'],
  ['a broken connection', (r) => r.destroy(), 'RTA_IDP_UNAVAILABLE'],
  [
    'a body that is too large',
    (r) => r.writeHead(200, jsonType).end(`{"x":"${'x'.repeat(262_144)}"}`),
    'RTA_IDP_RESPONSE',
  ],
  ['a redirect', (r) => r.writeHead(302, { location: '/elsewhere' }).end(), 'RTA_IDP_RESPONSE'],
])('an issuer that answers with %s is refused', async (_what, answer, code) => {
  idp.route('/elsewhere', json({ issuer: idp.issuer, keys: [key.jwk], jwks_uri: `${idp.issuer}/jwks` }));
  idp.route('/jwks', (_request, response) => answer(response));
  expect(await outcome()).toBe(code);
  idp.route(OIDC_PATH, (_request, response) => answer(response));
  await registry.close();
  registry = registryOf();
  expect(await outcome()).toBe(code);
  expect(idp.hits('/elsewhere')).toBe(0);
});
const jsonType = { 'content-type': 'application/json' };

test('a body without end is cut off at the limit', async () => {
  const { promise: hungUp, resolve } = Promise.withResolvers<string>();
  idp.route('/jwks', (_request, response) => {
    response.writeHead(200, jsonType);
    const more = (): void => {
      while (!response.destroyed && response.write(' '.repeat(16_384)));
    };
    response.on('drain', more);
    response.on('close', () => resolve('hung up'));
    more();
  });
  expect(await outcome()).toBe('RTA_IDP_RESPONSE');
  expect(await hungUp).toBe('hung up');
});

test('a key set of more than 100 keys is refused', async () => {
  idp.publishKeys(...Array.from({ length: 101 }, () => key));
  expect(await outcome()).toBe('RTA_IDP_RESPONSE');
});

test('an issuer that does not answer in 5 s is given up', async () => {
  const { route, arrived } = silence();
  idp.route('/jwks', route);
  const pending = outcome();
  await arrived;
  clock.advance(5_000);
  expect(await pending).toBe('RTA_IDP_UNAVAILABLE');
  expect(clock.pendingTimers).toBe(0);
});

test('an issuer that stops in the middle of its answer is given up', async () => {
  const { promise: started, resolve } = Promise.withResolvers<void>();
  idp.route('/jwks', (_request, response) => {
    response.writeHead(200, jsonType).write('{"keys":', () => resolve());
  });
  const pending = outcome();
  await started;
  clock.advance(5_000);
  expect(await pending).toBe('RTA_IDP_UNAVAILABLE');
});

test('a broken issuer is asked again after a second, not with each token', async () => {
  idp.route('/jwks', json({}, 500));
  for (let i = 0; i < 10; i++) expect(await outcome()).toBe('RTA_IDP_UNAVAILABLE');
  expect(idp.hits('/jwks')).toBe(1);
  idp.publishKeys(key);
  clock.advance(999);
  expect(await outcome()).toBe('RTA_IDP_UNAVAILABLE');
  clock.advance(1);
  expect(await outcome()).toBe('alice');
});

test('a new key of the issuer is found when a token names it', async () => {
  expect(await outcome()).toBe('alice');
  const next = await makeIssuerKey('ES256', 'k2');
  idp.publishKeys(key, next);
  clock.advance(30_000);
  expect(await outcome(await tokenBy(next))).toBe('alice');
  expect(await outcome()).toBe('alice');
  expect(idp.hits('/jwks')).toBe(2);
});

test('a storm of unknown key ids makes one fetch in 30 s', async () => {
  expect(await outcome()).toBe('alice');
  const attacker = await makeIssuerKey('ES256', 'unknown');
  const storm = await Promise.all(
    Array.from({ length: 30 }, (_, i) => tokenBy({ ...attacker, kid: `unknown-${i}` })),
  );
  const weather = async (): Promise<unknown[]> => await Promise.all(storm.map((each) => outcome(each)));
  expect(new Set(await weather())).toEqual(new Set(['RTA_IDP_TOKEN_KEY']));
  expect(idp.hits('/jwks')).toBe(1);
  clock.advance(30_000);
  expect(new Set(await weather())).toEqual(new Set(['RTA_IDP_TOKEN_KEY']));
  for (const each of storm) expect(await outcome(each)).toBe('RTA_IDP_TOKEN_KEY');
  expect(idp.hits('/jwks')).toBe(2);
  expect(await outcome()).toBe('alice');
});

test('a key that the issuer withdrew is dead after ten minutes', async () => {
  expect(await outcome()).toBe('alice');
  idp.publishKeys(await makeIssuerKey('ES256', 'k2'));
  clock.advance(599_999);
  expect(await outcome()).toBe('alice');
  clock.advance(1);
  expect(await outcome()).toBe('RTA_IDP_TOKEN_KEY');
});

test('keys past their age are not used while the issuer is away', async () => {
  expect(await outcome()).toBe('alice');
  idp.route('/jwks', json({}, 503));
  clock.advance(600_000);
  expect(await outcome()).toBe('RTA_IDP_UNAVAILABLE');
});

test('a caller that leaves does not end the fetch for the others', async () => {
  const { promise: asked, resolve } = Promise.withResolvers<ServerResponse>();
  idp.route('/jwks', (_request, response) => resolve(response));
  const leaving = new AbortController();
  const first = outcome(token, leaving.signal);
  const second = outcome();
  const response = await asked;
  leaving.abort('left');
  expect(await first).toBe('left');
  response.writeHead(200, jsonType).end(JSON.stringify({ keys: [key.jwk] }));
  expect(await second).toBe('alice');
  expect(idp.hits('/jwks')).toBe(1);
});

test('closing ends the fetches that run', async () => {
  const { route, arrived } = silence();
  idp.route('/jwks', route);
  const pending = outcome();
  await arrived;
  await registry.close();
  expect(await pending).toBe('RTA_IDP_CLOSED');
});

test('each request to an issuer is published, without the token', async () => {
  const messages: unknown[] = [];
  const listen = (message: unknown): void => void messages.push(message);
  subscribe('rta:idp.fetch', listen);
  idp.route('/jwks', json({}, 500));
  await outcome();
  clock.advance(1_000);
  idp.route('/jwks', (_request, response) => response.destroy());
  await outcome();
  unsubscribe('rta:idp.fetch', listen);
  expect(messages).toEqual([
    { issuer: idp.issuer, request: 'metadata', outcome: 'ok', status: 200, durationMs: 0 },
    { issuer: idp.issuer, request: 'jwks', outcome: 'ok', status: 500, durationMs: 0 },
    { issuer: idp.issuer, request: 'jwks', outcome: 'RTA_IDP_UNAVAILABLE', durationMs: 0 },
  ]);
});
