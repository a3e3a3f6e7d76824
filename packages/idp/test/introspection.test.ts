import type { ServerResponse } from 'node:http';
import { createFakeClock, type FakeClock } from '@rta/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  createIdpRegistry,
  type IdpRegistry,
  type IssuerOptions,
  TOKEN_TYPE,
  type VerifiedSubject,
} from '../src/index.ts';
import {
  type IssuerKey,
  json,
  type LoopbackIdp,
  makeIssuerKey,
  signToken,
  startLoopbackIdp,
} from './loopback-idp.ts';

const NOW_S = 1_767_225_600;
const AUDIENCE = 'https://rta.example';

let idp: LoopbackIdp;
let key: IssuerKey;
let clock: FakeClock;
const open: AsyncDisposable[] = [];

beforeEach(async () => {
  idp = await startIdp();
  key = await makeIssuerKey('ES256', 'k1');
  idp.publishKeys(key);
  clock = createFakeClock(NOW_S * 1000);
});

afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each[Symbol.asyncDispose]();
});

async function startIdp(): Promise<LoopbackIdp> {
  const started = await startLoopbackIdp();
  started.publishMetadata();
  open.push(started);
  return started;
}

function issuerAt({ issuer }: LoopbackIdp, changes: Partial<IssuerOptions> = {}): IssuerOptions {
  return {
    issuer,
    audiences: [AUDIENCE],
    introspection: { clientId: 'rta', clientSecret: 'secret' },
    allowInsecureHttp: true,
    ...changes,
  };
}

function registryOf(...issuers: readonly IssuerOptions[]): IdpRegistry {
  const registry = createIdpRegistry({ issuers, clock });
  open.push(registry);
  return registry;
}

async function subjectOf(registry: IdpRegistry, token = 'opaque-token'): Promise<VerifiedSubject> {
  return await registry.verifySubjectToken({ token, tokenType: TOKEN_TYPE.accessToken });
}

async function outcome(registry: IdpRegistry, token?: string): Promise<unknown> {
  return await subjectOf(registry, token).then(
    ({ sub }) => sub,
    (error: { code?: unknown }) => error.code ?? error,
  );
}

function active(changes: object = {}): object {
  return {
    active: true,
    sub: 'alice',
    aud: AUDIENCE,
    exp: NOW_S + 600,
    iat: NOW_S,
    token_type: 'Bearer',
    ...changes,
  };
}

const jsonType = { 'content-type': 'application/json' };

test('an opaque token that its issuer calls active names its subject', async () => {
  idp.introspects(active({ client_id: 'copilot', scope: 'a b', username: 'ignored' }));
  expect(await subjectOf(registryOf(issuerAt(idp)))).toEqual({
    issuer: idp.issuer,
    sub: 'alice',
    clientId: 'copilot',
    issuedAtMs: 1_767_225_600_000,
    expiresAtMs: 1_767_226_200_000,
    scope: ['a', 'b'],
    actors: [],
    tokenType: 'urn:ietf:params:oauth:token-type:access_token',
  });
});

test('client and token are sent as RFC 7662 and RFC 6749 say, with HTTP Basic by default', async () => {
  idp.introspects(active());
  const introspection = { clientId: 'rta:1', clientSecret: 'pä ss%' };
  await subjectOf(registryOf(issuerAt(idp, { introspection })), 'a+b/c==');
  const request = idp.seen.find(({ path }) => path === '/introspect');
  // base64 of rta%3A1:p%C3%A4+ss%25
  expect(request?.headers.authorization).toBe('Basic cnRhJTNBMTpwJUMzJUE0K3NzJTI1');
  expect(request?.body).toBe('token=a%2Bb%2Fc%3D%3D&token_type_hint=access_token');
  expect(request?.headers['content-type']).toMatch(/^application\/x-www-form-urlencoded/);
});

test('client_secret_post puts id and secret into the body only', async () => {
  idp.introspects(active());
  const introspection = { clientId: 'rta', clientSecret: 's&', authMethod: 'client_secret_post' } as const;
  await subjectOf(registryOf(issuerAt(idp, { introspection })));
  const request = idp.seen.find(({ path }) => path === '/introspect');
  expect(request?.headers.authorization).toBeUndefined();
  expect(request?.body).toBe(
    'token=opaque-token&token_type_hint=access_token&client_id=rta&client_secret=s%26',
  );
});

test('a configured endpoint makes metadata unnecessary', async () => {
  idp.introspects(active());
  const introspection = { endpoint: `${idp.issuer}/introspect`, clientId: 'rta', clientSecret: 's' };
  expect(await outcome(registryOf(issuerAt(idp, { introspection })))).toBe('alice');
  expect(idp.seen.map(({ path }) => path)).toEqual(['/introspect']);
});

test.each([200, 400, 401, 404, 500])('active: false is a refusal with status %i', async (status) => {
  idp.introspects({ active: false, sub: 'alice', aud: AUDIENCE }, status);
  expect(await outcome(registryOf(issuerAt(idp)))).toBe('RTA_IDP_TOKEN_INACTIVE');
});

test.each([
  [400, 'RTA_IDP_RESPONSE'],
  [401, 'RTA_IDP_CLIENT_AUTH'],
  [403, 'RTA_IDP_CLIENT_AUTH'],
  [500, 'RTA_IDP_UNAVAILABLE'],
  [201, 'RTA_IDP_RESPONSE'],
])('active: true counts with status 200 only, not with %i', async (status, code) => {
  idp.introspects(active(), status);
  expect(await outcome(registryOf(issuerAt(idp)))).toBe(code);
});

test.each([[{}], [{ active: 'true' }], [{ active: 1 }], [null], [[]], ['active']])(
  'an answer that is no introspection is refused: %j',
  async (answer) => {
    idp.introspects(answer);
    expect(await outcome(registryOf(issuerAt(idp)))).toBe('RTA_IDP_RESPONSE');
  },
);

test('no answer is used twice', async () => {
  const registry = registryOf(issuerAt(idp));
  idp.introspects(active());
  expect(await outcome(registry)).toBe('alice');
  idp.introspects({ active: false });
  expect(await outcome(registry)).toBe('RTA_IDP_TOKEN_INACTIVE');
});

test.each([
  [{ aud: 'https://other.example' }, 'RTA_IDP_TOKEN_AUDIENCE'],
  [{ aud: undefined }, 'RTA_IDP_TOKEN_CLAIMS'],
  [{ sub: undefined }, 'RTA_IDP_TOKEN_CLAIMS'],
  [{ exp: undefined }, 'RTA_IDP_TOKEN_CLAIMS'],
  [{ exp: NOW_S - 30 }, 'RTA_IDP_TOKEN_EXPIRED'],
  [{ nbf: NOW_S + 31 }, 'RTA_IDP_TOKEN_NOT_YET_VALID'],
  [{ iss: 'https://other.example' }, 'RTA_IDP_ISSUER_UNKNOWN'],
  [{ cnf: { jkt: 'key' } }, 'RTA_IDP_TOKEN_BOUND'],
  [{ may_act: { sub: 'agent' } }, 'RTA_IDP_TOKEN_ACTOR'],
  [{ token_type: 'refresh_token' }, 'RTA_IDP_TOKEN_KIND'],
  [{ token_type: 'Refresh' }, 'RTA_IDP_TOKEN_KIND'],
])('an active token must keep the rules as well: %j', async (changes, code) => {
  idp.introspects(active(changes));
  expect(await outcome(registryOf(issuerAt(idp)))).toBe(code);
});

test('a redirect does not lead the token and our secret elsewhere', async () => {
  idp.route('/introspect', (_request, response) => response.writeHead(307, { location: '/elsewhere' }).end());
  idp.route('/elsewhere', json(active()));
  expect(await outcome(registryOf(issuerAt(idp)))).toBe('RTA_IDP_RESPONSE');
  expect(idp.hits('/elsewhere')).toBe(0);
});

test('opaque tokens go to the issuers with introspection alone, in order, until one knows them', async () => {
  const [signedToo, stranger, knower, later] = [idp, await startIdp(), await startIdp(), await startIdp()];
  signedToo.introspects(active());
  stranger.introspects({ active: false });
  knower.introspects(active({ sub: 'bob' }));
  later.introspects(active({ sub: 'carol' }));
  const registry = registryOf(
    issuerAt(signedToo, { jwks: {} }),
    issuerAt(stranger),
    issuerAt(knower),
    issuerAt(later),
  );
  expect(await outcome(registry)).toBe('bob');
  expect([signedToo, stranger, knower, later].map((each) => each.hits('/introspect'))).toEqual([0, 1, 1, 0]);
});

test('an issuer that cannot be asked does not hide the one that knows the token', async () => {
  const other = await startIdp();
  idp.introspects({}, 500);
  other.introspects(active({ sub: 'bob' }));
  expect(await outcome(registryOf(issuerAt(idp), issuerAt(other)))).toBe('bob');
  other.introspects({ active: false });
  expect(await outcome(registryOf(issuerAt(idp), issuerAt(other)))).toBe('RTA_IDP_UNAVAILABLE');
});

test('an opaque token is shown to four issuers at most', async () => {
  const idps = [idp, await startIdp(), await startIdp(), await startIdp(), await startIdp()];
  for (const each of idps.slice(0, 4)) each.introspects({ active: false });
  idps[4]?.introspects(active());
  expect(await outcome(registryOf(...idps.map((each) => issuerAt(each))))).toBe('RTA_IDP_TOKEN_INACTIVE');
  expect(idps.map((each) => each.hits('/introspect'))).toEqual([1, 1, 1, 1, 0]);
});

test('a JWT goes to the issuer that it names and to no other', async () => {
  const other = await startIdp();
  other.introspects(active({ sub: 'bob' }));
  idp.introspects(active());
  const token = await signToken(key, { iss: other.issuer, sub: 'whoever' });
  expect(await outcome(registryOf(issuerAt(idp), issuerAt(other)), token)).toBe('bob');
  expect(idp.hits('/introspect')).toBe(0);
});

function jwtClaims(changes: object = {}): Record<string, unknown> {
  return { iss: idp.issuer, sub: 'alice', aud: AUDIENCE, exp: NOW_S + 600, iat: NOW_S, ...changes };
}

test('with keys and introspection a token must pass both', async () => {
  const registry = registryOf(issuerAt(idp, { jwks: {} }));
  const token = await signToken(key, jwtClaims());
  idp.introspects({ active: false });
  expect(await outcome(registry, token)).toBe('RTA_IDP_TOKEN_INACTIVE');
  idp.introspects(active({ aud: 'https://other.example' }));
  expect(await outcome(registry, token)).toBe('RTA_IDP_TOKEN_AUDIENCE');
  idp.introspects(active());
  expect(await outcome(registry, token)).toBe('alice');
});

test('an ID token must pass both as well', async () => {
  const registry = registryOf(issuerAt(idp, { jwks: {}, clientIds: ['copilot'] }));
  const token = await signToken(key, jwtClaims({ aud: 'copilot' }), { typ: 'JWT' });
  const request = { token, tokenType: TOKEN_TYPE.idToken };
  idp.introspects({ active: true, sub: 'alice', aud: 'copilot', iat: NOW_S, exp: NOW_S + 600 });
  expect(await registry.verifySubjectToken(request)).toMatchObject({ sub: 'alice', scope: [] });
  expect(idp.seen.at(-1)?.body).toBe(`token=${token}&token_type_hint=id_token`);
  idp.introspects({ active: false });
  await expect(registry.verifySubjectToken(request)).rejects.toMatchObject({
    code: 'RTA_IDP_TOKEN_INACTIVE',
  });
});

test('the issuer is not asked about a token that its keys refuse', async () => {
  const registry = registryOf(issuerAt(idp, { jwks: {} }));
  idp.introspects(active());
  const forged = await signToken(await makeIssuerKey('ES256', 'k1'), jwtClaims());
  expect(await outcome(registry, forged)).toBe('RTA_IDP_TOKEN_SIGNATURE');
  const expired = await signToken(key, jwtClaims({ exp: NOW_S - 60 }));
  expect(await outcome(registry, expired)).toBe('RTA_IDP_TOKEN_EXPIRED');
  expect(idp.hits('/introspect')).toBe(0);
});

test.each<[string, object, object, string | undefined]>([
  ['the one that says so', { phone_number: '+1' }, { phone_number: '+2', phone_number_verified: true }, '+2'],
  [
    'none where either says that it is not',
    { phone_number: '+1', phone_number_verified: true },
    { phone_number_verified: false },
    undefined,
  ],
  ['none where nobody says so', { phone_number: '+1' }, { phone_number: '+1' }, undefined],
])('of two phone numbers of one token counts %s', async (_case, signed, introspected, phone) => {
  const registry = registryOf(issuerAt(idp, { jwks: {} }));
  idp.introspects(active({ client_id: 'copilot', ...introspected }));
  const subject = await subjectOf(registry, await signToken(key, jwtClaims(signed)));
  expect(subject).toMatchObject({ sub: 'alice' });
  expect((subject as { phone?: string }).phone).toBe(phone);
});

test('of two accounts of one token the narrower one counts', async () => {
  const registry = registryOf(issuerAt(idp, { jwks: {} }));
  const token = await signToken(
    key,
    jwtClaims({ scope: 'a b', email: 'alice@example.com', auth_time: NOW_S - 5, acr: 'mfa' }),
  );
  idp.introspects(
    active({
      scope: 'b c',
      exp: NOW_S + 60,
      email_verified: false,
      auth_time: NOW_S - 60,
      client_id: 'copilot',
      act: { sub: 'gateway' },
    }),
  );
  expect(await subjectOf(registry, token)).toEqual({
    issuer: idp.issuer,
    sub: 'alice',
    clientId: 'copilot',
    acr: 'mfa',
    authTimeMs: 1_767_225_540_000,
    issuedAtMs: 1_767_225_600_000,
    expiresAtMs: 1_767_225_660_000,
    scope: ['b'],
    actors: [{ sub: 'gateway' }],
    tokenType: 'urn:ietf:params:oauth:token-type:access_token',
  });
});

test('of two chains of actors the signed one counts', async () => {
  idp.introspects(active({ act: { sub: 'gateway' } }));
  const token = await signToken(key, jwtClaims({ act: { sub: 'copilot' } }));
  const subject = await subjectOf(registryOf(issuerAt(idp, { jwks: {} })), token);
  expect(subject.actors).toEqual([{ sub: 'copilot' }]);
});

test.each([[{ sub: 'bob' }], [{ client_id: 'other' }], [{ sid: 'other' }]])(
  'two accounts of one token that contradict each other are refused: %j',
  async (changes) => {
    idp.introspects(active(changes));
    const token = await signToken(key, jwtClaims({ client_id: 'copilot', sid: 's-1' }));
    expect(await outcome(registryOf(issuerAt(idp, { jwks: {} })), token)).toBe('RTA_IDP_TOKEN_CONFLICT');
  },
);

test('at most 64 tokens wait for one issuer at a time', async () => {
  const registry = registryOf(issuerAt(idp));
  const waiting: ServerResponse[] = [];
  const { promise: full, resolve } = Promise.withResolvers<void>();
  idp.route('/introspect', (_request, response) => {
    waiting.push(response);
    if (waiting.length === 64) resolve();
  });
  const pending = Array.from({ length: 64 }, (_, i) => outcome(registry, `token-${i}`));
  await full;
  expect(await outcome(registry, 'one-too-many')).toBe('RTA_IDP_BUSY');
  for (const response of waiting) response.writeHead(200, jsonType).end(JSON.stringify(active()));
  expect(new Set(await Promise.all(pending))).toEqual(new Set(['alice']));
  idp.introspects(active());
  expect(await outcome(registry, 'one-more')).toBe('alice');
});

test('a caller that leaves ends its introspection', async () => {
  const { promise: asked, resolve } = Promise.withResolvers<ServerResponse>();
  idp.route('/introspect', (_request, response) => resolve(response));
  const leaving = new AbortController();
  const pending = registryOf(issuerAt(idp)).verifySubjectToken({
    token: 'opaque-token',
    tokenType: TOKEN_TYPE.accessToken,
    signal: leaving.signal,
  });
  const response = await asked;
  const hungUp = new Promise((done) => response.on('close', () => done('hung up')));
  leaving.abort(new Error('left'));
  await expect(pending).rejects.toThrow('left');
  expect(await hungUp).toBe('hung up');
});

test('no error says what was in the token or which secret was sent', async () => {
  const secrets = ['opaque-token', 'secret', 'mallory@example.com'];
  const registry = registryOf(issuerAt(idp));
  const answers: readonly [object, number][] = [
    [{ active: false, email: 'mallory@example.com' }, 200],
    [active({ aud: 'mallory@example.com' }), 200],
    [active({ sub: '', email: 'mallory@example.com' }), 200],
    [{ error_description: 'opaque-token of mallory@example.com' }, 401],
    [{ error_description: 'opaque-token of mallory@example.com' }, 500],
  ];
  for (const [answer, status] of answers) {
    idp.introspects(answer, status);
    const error = await subjectOf(registry).then(
      () => undefined,
      (caught: Error & { code: unknown; details: unknown }) => caught,
    );
    const told = `${String(error?.code)} ${error?.stack} ${JSON.stringify(error?.details)} ${String(error?.cause)}`;
    expect(told).toContain('RTA_IDP_');
    for (const secret of secrets) expect(told).not.toContain(secret);
  }
});
