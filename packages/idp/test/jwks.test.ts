import { createHmac, generateKeyPairSync } from 'node:crypto';
import { fc } from '@fast-check/vitest';
import { createFakeClock, type FakeClock } from '@rta/testkit';
import { exportJWK, type JWTPayload, SignJWT } from 'jose';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createIdpRegistry, type IdpRegistry, type IssuerOptions, TOKEN_TYPE } from '../src/index.ts';
import {
  type IssuerKey,
  type LoopbackIdp,
  makeIssuerKey,
  signToken,
  startLoopbackIdp,
} from './loopback-idp.ts';

const NOW_S = 1_767_225_600;
const AUDIENCE = 'https://rta.example';
const CLIENT = 'copilot';

let idp: LoopbackIdp;
let key: IssuerKey;
let clock: FakeClock;
const open: IdpRegistry[] = [];

beforeEach(async () => {
  idp = await startLoopbackIdp();
  key = await makeIssuerKey('ES256', 'k1');
  clock = createFakeClock(NOW_S * 1000);
  idp.publishMetadata();
  idp.publishKeys(key);
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((registry) => registry.close()));
  await idp[Symbol.asyncDispose]();
});

function registryWith(changes: Partial<IssuerOptions> = {}): IdpRegistry {
  const registry = createIdpRegistry({
    issuers: [
      {
        issuer: idp.issuer,
        audiences: [AUDIENCE],
        clientIds: [CLIENT],
        jwks: {},
        allowInsecureHttp: true,
        ...changes,
      },
    ],
    clock,
  });
  open.push(registry);
  return registry;
}

function accessClaims(changes: JWTPayload = {}): JWTPayload {
  return {
    iss: idp.issuer,
    sub: 'alice',
    aud: AUDIENCE,
    exp: NOW_S + 600,
    iat: NOW_S - 10,
    client_id: CLIENT,
    ...changes,
  };
}

function without(claims: JWTPayload, name: string): JWTPayload {
  return Object.fromEntries(Object.entries(claims).filter(([claim]) => claim !== name));
}

function idClaims(changes: JWTPayload = {}): JWTPayload {
  return { ...without(accessClaims(), 'client_id'), aud: CLIENT, ...changes };
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

async function refusal(
  token: string,
  tokenType: string = TOKEN_TYPE.accessToken,
  registry = registryWith(),
): Promise<unknown> {
  return await registry.verifySubjectToken({ token, tokenType }).then(
    () => 'accepted',
    (error: { code?: unknown }) => error.code,
  );
}

test('an access token by RFC 9068 names its subject', async () => {
  const token = await signToken(
    key,
    accessClaims({
      scope: 'files.read files.write',
      email: 'Alice@Example.com',
      email_verified: true,
      sid: 's-1',
      acr: 'urn:mfa',
      amr: ['pwd', 'otp'],
      auth_time: NOW_S - 60,
      act: { sub: 'copilot-7', act: { sub: 'gateway', iss: 'https://other.example' } },
      groups: ['security'],
      roles: ['responder'],
      tid: 'acme',
      nickname: 'ignored',
    }),
  );
  expect(await registryWith().verifySubjectToken({ token, tokenType: TOKEN_TYPE.accessToken })).toEqual({
    issuer: idp.issuer,
    sub: 'alice',
    clientId: 'copilot',
    email: 'alice@example.com',
    idpSessionId: 's-1',
    acr: 'urn:mfa',
    amr: ['pwd', 'otp'],
    authTimeMs: 1_767_225_540_000,
    issuedAtMs: 1_767_225_590_000,
    expiresAtMs: 1_767_226_200_000,
    scope: ['files.read', 'files.write'],
    groups: ['security'],
    roles: ['responder'],
    actors: [{ sub: 'copilot-7' }, { sub: 'gateway', issuer: 'https://other.example' }],
    tokenType: 'urn:ietf:params:oauth:token-type:access_token',
  });
});

test('the claim that names the organization is the one that the issuer is configured with', async () => {
  const registry = registryWith({ claims: { tenant: 'tid' } });
  const tenantOf = async (claims: JWTPayload): Promise<unknown> => {
    const token = await signToken(key, accessClaims(claims));
    return (await registry.verifySubjectToken({ token, tokenType: TOKEN_TYPE.accessToken })).tenantId;
  };
  expect(await tenantOf({ tid: 'acme', org_id: 'other' })).toBe('acme');
  expect(await tenantOf({ org_id: 'other' })).toBeUndefined();
  expect(await refusal(await signToken(key, accessClaims({ tid: ['acme'] })), undefined, registry)).toBe(
    'RTA_IDP_TOKEN_CLAIMS',
  );
});

test.each([['security'], [[7]], [Array(513).fill('group')]])(
  'groups that make no sense (%j) are none, and the token is good for all else',
  async (groups) => {
    const token = await signToken(key, accessClaims({ groups }));
    const subject = await registryWith().verifySubjectToken({ token, tokenType: TOKEN_TYPE.accessToken });
    expect(subject).toMatchObject({ sub: 'alice' });
    expect(subject).not.toHaveProperty('groups');
  },
);

test('an ID token names its subject and has no scope', async () => {
  const token = await signToken(key, idClaims({ azp: CLIENT }), { typ: 'JWT' });
  expect(await registryWith().verifySubjectToken({ token, tokenType: TOKEN_TYPE.idToken })).toEqual({
    issuer: idp.issuer,
    sub: 'alice',
    clientId: 'copilot',
    issuedAtMs: 1_767_225_590_000,
    expiresAtMs: 1_767_226_200_000,
    scope: [],
    actors: [],
    tokenType: 'urn:ietf:params:oauth:token-type:id_token',
  });
});

test.each(['RS256', 'PS384', 'ES384', 'EdDSA', 'Ed25519'])(
  'a token signed with %s is accepted',
  async (alg) => {
    const other = await makeIssuerKey(alg, 'other');
    idp.publishKeys(key, other);
    expect(await refusal(await signToken(other, accessClaims()))).toBe('accepted');
  },
);

test('an e-mail address that is not verified is left out', async () => {
  const registry = registryWith();
  for (const email_verified of [false, 'false']) {
    const token = await signToken(key, accessClaims({ email: 'mallory@example.com', email_verified }));
    const subject = await registry.verifySubjectToken({ token, tokenType: TOKEN_TYPE.accessToken });
    expect(subject.email).toBeUndefined();
  }
});

test.each<[claims: Record<string, unknown>, phone: string | undefined, tokenId: string | undefined]>([
  [{ phone_number: '+1', phone_number_verified: true, jti: 'token-1' }, '+1', 'token-1'],
  [{ phone_number: '+1', phone_number_verified: 'true', jti: 7 }, '+1', undefined],
  [{ phone_number: '+1', phone_number_verified: 'no', jti: 'two\nlines' }, undefined, undefined],
  [{ phone_number: '+1' }, undefined, undefined],
])('by %j it is known: phone %s, where that is verified, token %s', async (claims, phone, tokenId) => {
  const token = await signToken(key, accessClaims(claims));
  const subject = await registryWith().verifySubjectToken({ token, tokenType: TOKEN_TYPE.accessToken });
  expect([subject.phone, subject.tokenId]).toEqual([phone, tokenId]);
});

test('scope is read from scp where an issuer writes it so', async () => {
  const registry = registryWith();
  for (const scp of ['a b', ['a', 'b']]) {
    const token = await signToken(key, accessClaims({ scp }));
    const subject = await registry.verifySubjectToken({ token, tokenType: TOKEN_TYPE.accessToken });
    expect(subject.scope).toEqual(['a', 'b']);
  }
});

test('an ID token is no access token, and the other way round', async () => {
  const idToken = await signToken(key, idClaims(), { typ: 'JWT' });
  const accessToken = await signToken(key, accessClaims());
  expect(await refusal(idToken, TOKEN_TYPE.accessToken)).toBe('RTA_IDP_TOKEN_KIND');
  expect(await refusal(accessToken, TOKEN_TYPE.idToken)).toBe('RTA_IDP_TOKEN_KIND');
});

test('the type jwt leaves it to the header what a token is held to be', async () => {
  const registry = registryWith();
  const typeOf = async (token: string): Promise<string> =>
    (await registry.verifySubjectToken({ token, tokenType: TOKEN_TYPE.jwt })).tokenType;
  expect(await typeOf(await signToken(key, idClaims(), { typ: undefined }))).toBe(TOKEN_TYPE.idToken);
  expect(await typeOf(await signToken(key, accessClaims(), { typ: 'application/AT+JWT' }))).toBe(
    TOKEN_TYPE.accessToken,
  );
  const accessAsId = await signToken(key, accessClaims(), { typ: 'JWT' });
  expect(await refusal(accessAsId, TOKEN_TYPE.jwt)).toBe('RTA_IDP_TOKEN_AUDIENCE');
});

test('tokens of other purposes, signed by the same key for the same audience, are refused', async () => {
  const logout = idClaims({
    sid: 's-1',
    events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
  });
  expect(await refusal(await signToken(key, logout, { typ: 'JWT' }), TOKEN_TYPE.idToken)).toBe(
    'RTA_IDP_TOKEN_KIND',
  );
  for (const typ of [
    'logout+jwt',
    'secevent+jwt',
    'dpop+jwt',
    'oauth-id-jag+jwt',
    'token-introspection+jwt',
  ]) {
    const token = await signToken(key, accessClaims(), { typ });
    expect(await refusal(token, TOKEN_TYPE.accessToken)).toBe('RTA_IDP_TOKEN_KIND');
    expect(await refusal(token, TOKEN_TYPE.idToken)).toBe('RTA_IDP_TOKEN_KIND');
  }
});

test('an issuer that does not follow RFC 9068 can be configured, and its ID tokens still are no access tokens', async () => {
  const registry = registryWith({ jwks: { accessTokenTyp: 'jwt' } });
  const plain = await signToken(key, accessClaims(), { typ: 'JWT' });
  expect(await refusal(plain, TOKEN_TYPE.accessToken, registry)).toBe('accepted');
  const untyped = await signToken(key, accessClaims(), { typ: undefined });
  expect(await refusal(untyped, TOKEN_TYPE.accessToken, registry)).toBe('accepted');
  const idToken = await signToken(key, idClaims(), { typ: 'JWT' });
  expect(await refusal(idToken, TOKEN_TYPE.accessToken, registry)).toBe('RTA_IDP_TOKEN_AUDIENCE');
  const hashed = await signToken(key, accessClaims({ at_hash: 'abc' }), { typ: 'JWT' });
  expect(await refusal(hashed, TOKEN_TYPE.accessToken, registry)).toBe('RTA_IDP_TOKEN_KIND');
});

test('a token for somebody else is refused', async () => {
  for (const aud of ['https://other.example', ['https://other.example', CLIENT], `${AUDIENCE}/`]) {
    expect(await refusal(await signToken(key, accessClaims({ aud })))).toBe('RTA_IDP_TOKEN_AUDIENCE');
  }
  const both = await signToken(key, accessClaims({ aud: ['https://other.example', AUDIENCE] }));
  expect(await refusal(both)).toBe('accepted');
});

test('an ID token that somebody untrusted may use as well is refused', async () => {
  const token = await signToken(key, idClaims({ aud: [CLIENT, 'stranger'] }), { typ: 'JWT' });
  expect(await refusal(token, TOKEN_TYPE.idToken)).toBe('RTA_IDP_TOKEN_AUDIENCE');
});

test('a kind of token that the issuer is not configured for is refused before any request', async () => {
  const accessOnly = registryWith({ clientIds: [] });
  const idToken = await signToken(key, idClaims(), { typ: 'JWT' });
  expect(await refusal(idToken, TOKEN_TYPE.idToken, accessOnly)).toBe('RTA_IDP_TOKEN_TYPE');
  const idOnly = registryWith({ audiences: [] });
  expect(await refusal(await signToken(key, accessClaims()), TOKEN_TYPE.accessToken, idOnly)).toBe(
    'RTA_IDP_TOKEN_TYPE',
  );
  expect(idp.seen).toEqual([]);
});

test('other types of token are refused', async () => {
  const token = await signToken(key, accessClaims());
  expect(await refusal(token, 'urn:ietf:params:oauth:token-type:refresh_token')).toBe('RTA_IDP_TOKEN_TYPE');
  expect(await refusal(token, 'access_token')).toBe('RTA_IDP_TOKEN_TYPE');
});

test('a token with an empty scope has none', async () => {
  const token = await signToken(key, accessClaims({ scope: '' }));
  const subject = await registryWith().verifySubjectToken({ token, tokenType: TOKEN_TYPE.accessToken });
  expect(subject.scope).toEqual([]);
});

test('an unknown issuer is refused before any request', async () => {
  for (const iss of [
    'https://evil.example',
    `${idp.issuer}/`,
    idp.issuer.toUpperCase(),
    [idp.issuer],
    undefined,
  ]) {
    const token = await signToken(key, { ...accessClaims(), iss: iss as string });
    expect(await refusal(token)).toBe('RTA_IDP_ISSUER_UNKNOWN');
  }
  expect(idp.seen).toEqual([]);
});

test('time is held to the second, with 30 s of clock skew', async () => {
  const registry = registryWith();
  const outcome = async (changes: JWTPayload): Promise<unknown> =>
    await refusal(await signToken(key, accessClaims(changes)), TOKEN_TYPE.accessToken, registry);
  expect(await outcome({ exp: NOW_S - 29 })).toBe('accepted');
  expect(await outcome({ exp: NOW_S - 30 })).toBe('RTA_IDP_TOKEN_EXPIRED');
  expect(await outcome({ iat: NOW_S + 30 })).toBe('accepted');
  expect(await outcome({ iat: NOW_S + 31 })).toBe('RTA_IDP_TOKEN_NOT_YET_VALID');
  expect(await outcome({ nbf: NOW_S + 31 })).toBe('RTA_IDP_TOKEN_NOT_YET_VALID');
  expect(await outcome({ auth_time: NOW_S + 31 })).toBe('RTA_IDP_TOKEN_NOT_YET_VALID');
});

test('the clock skew of an issuer can be set to none', async () => {
  const token = await signToken(key, accessClaims({ exp: NOW_S }));
  expect(await refusal(token, TOKEN_TYPE.accessToken, registryWith({ clockSkewMs: 0 }))).toBe(
    'RTA_IDP_TOKEN_EXPIRED',
  );
});

test.each(['sub', 'aud', 'exp', 'iat'])('a token without %s is refused', async (claim) => {
  const token = await signToken(key, without(accessClaims(), claim));
  await expect(
    registryWith().verifySubjectToken({ token, tokenType: TOKEN_TYPE.accessToken }),
  ).rejects.toMatchObject({ code: 'RTA_IDP_TOKEN_CLAIMS', details: { issuer: idp.issuer, claim } });
});

test.each([
  ['sub', ''],
  ['sub', 'a\nb'],
  ['sub', 'safe\u202Eevil'],
  ['sub', 'x'.repeat(513)],
  ['sub', 42],
  ['aud', []],
  ['exp', '1767226200'],
  ['exp', 1e300],
  ['iat', -1],
  ['scope', 'a  b'],
  ['scope', ['a']],
  ['email_verified', 'no'],
  ['act', { iss: 'https://nobody.example' }],
  ['cnf', 'jkt'],
])('a token with an unusable %s is refused: %j', async (claim, value) => {
  const token = await signToken(key, accessClaims({ [claim]: value }));
  await expect(
    registryWith().verifySubjectToken({ token, tokenType: TOKEN_TYPE.accessToken }),
  ).rejects.toMatchObject({ code: 'RTA_IDP_TOKEN_CLAIMS', details: { claim } });
});

test('a chain of more than ten actors is refused', async () => {
  const chain = (depth: number): object =>
    depth === 1 ? { sub: 'agent' } : { sub: 'agent', act: chain(depth - 1) };
  expect(await refusal(await signToken(key, accessClaims({ act: chain(10) })))).toBe('accepted');
  expect(await refusal(await signToken(key, accessClaims({ act: chain(11) })))).toBe('RTA_IDP_TOKEN_CLAIMS');
});

test('a token that is bound to a key needs proof of that key', async () => {
  const registry = registryWith();
  const outcome = async (cnf: object, dpopJkt?: string): Promise<unknown> => {
    const token = await signToken(key, accessClaims({ cnf }));
    return await registry
      .verifySubjectToken({
        token,
        tokenType: TOKEN_TYPE.accessToken,
        ...(dpopJkt === undefined ? {} : { dpopJkt }),
      })
      .then(
        ({ sub }) => sub,
        (error: { code: unknown }) => error.code,
      );
  };
  expect(await outcome({ jkt: 'key-1' }, 'key-1')).toBe('alice');
  expect(await outcome({ jkt: 'key-1' }, 'key-2')).toBe('RTA_IDP_TOKEN_BOUND');
  expect(await outcome({ jkt: 'key-1' })).toBe('RTA_IDP_TOKEN_BOUND');
  expect(await outcome({ 'x5t#S256': 'cert' }, 'key-1')).toBe('RTA_IDP_TOKEN_BOUND');
  expect(await outcome({ jkt: 'key-1', 'x5t#S256': 'cert' }, 'key-1')).toBe('RTA_IDP_TOKEN_BOUND');
  expect(await outcome({}, 'key-1')).toBe('RTA_IDP_TOKEN_BOUND');
  expect(await outcome({})).toBe('RTA_IDP_TOKEN_BOUND');
});

test('a token that names who may act is good for that agent only', async () => {
  const registry = registryWith();
  const outcome = async (may_act: object, agentId?: string): Promise<unknown> => {
    const token = await signToken(key, accessClaims({ may_act }));
    return await registry
      .verifySubjectToken({
        token,
        tokenType: TOKEN_TYPE.accessToken,
        ...(agentId === undefined ? {} : { agentId }),
      })
      .then(
        ({ sub }) => sub,
        (error: { code: unknown }) => error.code,
      );
  };
  expect(await outcome({ sub: 'agent-1' }, 'agent-1')).toBe('alice');
  expect(await outcome({ sub: 'agent-1', iss: idp.issuer }, 'agent-1')).toBe('alice');
  expect(await outcome({ sub: 'agent-1' }, 'agent-2')).toBe('RTA_IDP_TOKEN_ACTOR');
  expect(await outcome({ sub: 'agent-1' })).toBe('RTA_IDP_TOKEN_ACTOR');
  expect(await outcome({ sub: 'agent-1', iss: 'https://other.example' }, 'agent-1')).toBe(
    'RTA_IDP_TOKEN_ACTOR',
  );
  expect(await outcome({ client_id: 'agent-1' }, 'agent-1')).toBe('RTA_IDP_TOKEN_ACTOR');
  expect(await outcome({}, 'agent-1')).toBe('RTA_IDP_TOKEN_ACTOR');
  expect(await outcome({})).toBe('RTA_IDP_TOKEN_ACTOR');
});

test('an unsigned token is refused', async () => {
  for (const alg of ['none', 'None', 'NONE', '']) {
    const token = `${part({ alg, typ: 'at+jwt' })}.${part(accessClaims())}.`;
    expect(await refusal(token)).toBe('RTA_IDP_TOKEN_ALGORITHM');
  }
});

test('a token that takes the public key for an HMAC secret is refused', async () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwk = { ...rsa.publicKey.export({ format: 'jwk' }), kid: 'rsa' };
  idp.route('/jwks', (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ keys: [jwk] }));
  });
  const secret = rsa.publicKey.export({ format: 'pem', type: 'spki' });
  const token = await new SignJWT(accessClaims())
    .setProtectedHeader({ alg: 'HS256', kid: 'rsa', typ: 'at+jwt' })
    .sign(Buffer.from(secret));
  expect(await refusal(token)).toBe('RTA_IDP_TOKEN_ALGORITHM');
});

test('a symmetric key that an issuer publishes by mistake verifies nothing', async () => {
  const secret = Buffer.alloc(32, 7);
  idp.route('/jwks', (_request, response) => {
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ keys: [{ kty: 'oct', kid: 'k1', k: secret.toString('base64url') }] }));
  });
  const body = `${part({ alg: 'HS256', kid: 'k1', typ: 'at+jwt' })}.${part(accessClaims())}`;
  const token = `${body}.${createHmac('sha256', secret).update(body).digest('base64url')}`;
  expect(await refusal(token)).toBe('RTA_IDP_TOKEN_ALGORITHM');
  expect(await refusal(await signToken(key, accessClaims()))).toBe('RTA_IDP_TOKEN_KEY');
});

test('an algorithm outside the allow-list of the issuer is refused before any request', async () => {
  const registry = registryWith({ jwks: { algorithms: ['RS256'] } });
  expect(await refusal(await signToken(key, accessClaims()), TOKEN_TYPE.accessToken, registry)).toBe(
    'RTA_IDP_TOKEN_ALGORITHM',
  );
  expect(idp.seen).toEqual([]);
});

test('a key that the token brings along, or points to, is not used', async () => {
  const attacker = await makeIssuerKey('ES256', 'k1');
  const { d: _private, ...jwk } = await exportJWK(attacker.privateKey);
  for (const header of [{ jwk }, { jku: 'https://evil.example/jwks' }, { x5u: 'https://evil.example/x' }]) {
    expect(await refusal(await signToken(attacker, accessClaims(), header))).toBe('RTA_IDP_TOKEN_SIGNATURE');
  }
});

test('an RSA key of less than 2048 bits is not used', async () => {
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const jwk = { ...weak.publicKey.export({ format: 'jwk' }), kid: 'weak', alg: 'RS256' };
  idp.route('/jwks', (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ keys: [jwk] }));
  });
  const token = await signToken({ ...key, alg: 'ES256', kid: 'weak' }, accessClaims());
  const [, payload] = token.split('.');
  const header = Buffer.from(JSON.stringify({ alg: 'RS256', kid: 'weak', typ: 'at+jwt' })).toString(
    'base64url',
  );
  expect(await refusal(`${header}.${payload}.${'A'.repeat(171)}`)).toBe('RTA_IDP_TOKEN_KEY');
});

test('a token without kid is refused where several keys fit', async () => {
  idp.publishKeys(key, await makeIssuerKey('ES256', 'k2'));
  const token = await signToken(key, accessClaims(), { kid: undefined });
  expect(await refusal(token)).toBe('RTA_IDP_TOKEN_KEY');
});

test('a header that marks an extension as critical is refused', async () => {
  const { privateKey } = key;
  const token = await new SignJWT(accessClaims())
    .setProtectedHeader({ alg: 'ES256', kid: 'k1', typ: 'at+jwt', crit: ['x'], x: 1 })
    .sign(privateKey, { crit: { x: true } });
  expect(await refusal(token)).toBe('RTA_IDP_TOKEN_MALFORMED');
});

test('texts that are no tokens are refused', async () => {
  const registry = registryWith();
  const jws = `${Buffer.from('{"alg":"ES256"}').toString('base64url')}.${Buffer.from('[]').toString('base64url')}.AA`;
  for (const token of ['', 'a b', 'tökén', `x${'y'.repeat(16_384)}`, 'a\u0000b', jws]) {
    expect(await refusal(token, TOKEN_TYPE.accessToken, registry)).toBe('RTA_IDP_TOKEN_MALFORMED');
  }
  expect(await refusal('opaque', TOKEN_TYPE.idToken, registry)).toBe('RTA_IDP_TOKEN_MALFORMED');
  expect(await refusal('opaque', TOKEN_TYPE.accessToken, registry)).toBe('RTA_IDP_ISSUER_UNKNOWN');
  expect(idp.seen).toEqual([]);
});

test('the closed registry verifies nothing', async () => {
  const token = await signToken(key, accessClaims());
  const registry = registryWith();
  await registry.close();
  await registry.close();
  expect(await refusal(token, TOKEN_TYPE.accessToken, registry)).toBe('RTA_IDP_CLOSED');
});

test('a token has one spelling: spare bits of base64url are not ours to ignore', async () => {
  const token = await signToken(key, accessClaims());
  // The last of 86 characters carries two bits of the signature and four spare ones, which are zero.
  const respelled = token.slice(0, -1) + String.fromCharCode(token.charCodeAt(token.length - 1) + 1);
  expect(Buffer.from(respelled.split('.')[2] ?? '', 'base64url')).toEqual(
    Buffer.from(token.split('.')[2] ?? '', 'base64url'),
  );
  expect(await refusal(respelled)).toBe('RTA_IDP_ISSUER_UNKNOWN');
});

test('a token that was changed anywhere never verifies', async () => {
  const registry = registryWith();
  const token = await signToken(key, accessClaims());
  expect(await refusal(token, TOKEN_TYPE.accessToken, registry)).toBe('accepted');
  const change = fc.record({
    at: fc.nat(token.length - 1),
    character: fc.constantFrom('A', 'z', '0', '-', '_', '.', '='),
    how: fc.constantFrom('replace', 'insert', 'remove'),
  });
  await fc.assert(
    fc.asyncProperty(change, async ({ at, character, how }) => {
      const rest = token.slice(how === 'insert' ? at : at + 1);
      const changed = token.slice(0, at) + (how === 'remove' ? '' : character) + rest;
      fc.pre(changed !== token);
      expect(await refusal(changed, TOKEN_TYPE.accessToken, registry)).toMatch(/^RTA_IDP_/);
    }),
    { numRuns: 200 },
  );
});
