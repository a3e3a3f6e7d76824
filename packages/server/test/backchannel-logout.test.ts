import { type JsonObject, toBase64Url, utf8 } from '@rta/core';
import { createMemoryStore } from '@rta/store';
import { createFakeClock } from '@rta/testkit';
import { describe, expect, test } from 'vitest';
import { startSigningIssuer } from './signing-issuer.ts';
import {
  ISSUER,
  nextAuditRecord,
  startTestIdp,
  startTestServer,
  type TestServer,
  type TestServerOptions,
} from './test-server.ts';

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const idp = await startTestIdp();
const signing = await startSigningIssuer(ISSUER);
const issuer = signing.trusted.issuer;

function startServer(options: Partial<TestServerOptions> = {}): Promise<TestServer> {
  const issuers = [{ ...signing.trusted, clientIds: ['rta-client'] }];
  return startTestServer({ idp, issuers, transmitters: [], ...options });
}

/** A session of `carol`, with a session at the issuer. */
async function openSession(t: TestServer, sid: string, claims: JsonObject = {}) {
  const signedInAtS = Math.floor(t.clock.now() / 1_000);
  const subjectToken = signing.sign(t.clock.now(), { sid, auth_time: signedInAtS, ...claims });
  return (await t.openSession({ subjectToken })).session;
}

/** A logout token; claims replace or add to those of a good one, and undefined takes one out. */
function logoutToken(
  t: TestServer,
  claims: Readonly<Record<string, JsonObject[string] | undefined>> = {},
  header: JsonObject = { typ: 'logout+jwt' },
): string {
  const iat = Math.floor(t.clock.now() / 1_000);
  return signing.signAs(header, {
    iss: issuer,
    aud: 'rta-client',
    iat,
    exp: iat + 120,
    jti: crypto.randomUUID(),
    events: { [EVENT]: {} },
    ...claims,
  });
}

async function send(t: TestServer, body: string | URLSearchParams) {
  const response = await t.server.http.request(`${ISSUER}/oidc/backchannel-logout`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: String(body),
  });
  return {
    status: response.status,
    caching: response.headers.get('Cache-Control'),
    body: await response.text(),
  };
}

/** Sends a token that is taken; resolves when it is in force. */
async function logOut(t: TestServer, token: string): Promise<void> {
  const applied = nextAuditRecord(({ kind }) => kind === 'signal');
  const answer = await send(t, new URLSearchParams({ logout_token: token }));
  expect(answer).toEqual({ status: 200, caching: 'no-store', body: '' });
  await applied;
}

describe('a logout token', () => {
  test('with a session of the issuer ends what came from that session, and nothing else', async () => {
    await using t = await startServer();
    const [one, other] = [await openSession(t, 'sid-1'), await openSession(t, 'sid-2')];
    const fired = new Promise((resolve) => {
      one.signal.addEventListener('abort', resolve);
    });
    await logOut(t, logoutToken(t, { sid: 'sid-1', sub: 'carol' }));
    await fired;
    expect(one.signal.reason).toMatchObject({ details: { kind: 'session-revoked' } });
    expect(other.signal.aborted).toBe(false);
    expect(t.server.openSessions).toBe(1);
  });

  test('with a person alone ends all of their sessions, and those of nobody else', async () => {
    await using t = await startServer();
    await openSession(t, 'sid-1');
    await openSession(t, 'sid-2');
    await openSession(t, 'sid-3', { sub: 'dave' });
    t.clock.advance(1_000);
    await logOut(t, logoutToken(t, { sub: 'carol' }));
    expect(t.server.openSessions).toBe(1);
  });

  test('lets the person come back with a new sign-in', async () => {
    await using t = await startServer();
    await openSession(t, 'sid-1');
    t.clock.advance(1_000);
    await logOut(t, logoutToken(t, { sub: 'carol' }));
    t.clock.advance(2_000);
    await openSession(t, 'sid-2');
    expect(t.server.openSessions).toBe(1);
  });

  test('that comes again is taken, and has no second effect', async () => {
    await using t = await startServer();
    const token = logoutToken(t, { sid: 'sid-1' });
    await logOut(t, token);
    expect(await send(t, new URLSearchParams({ logout_token: token }))).toMatchObject({ status: 200 });
    const signals = (await t.audit()).filter(({ kind }) => kind === 'signal');
    expect(signals).toHaveLength(1);
  });

  test.each([
    ['without a type in particular', {}],
    ['of the type JWT', { typ: 'JWT' }],
    ['whose type is written out', { typ: 'application/logout+jwt' }],
  ])('%s is taken', async (_what, header) => {
    await using t = await startServer();
    await openSession(t, 'sid-1');
    await logOut(t, logoutToken(t, { sid: 'sid-1' }, header));
    expect(t.server.openSessions).toBe(0);
  });

  test.each<readonly [string, Readonly<Record<string, JsonObject[string] | undefined>>]>([
    ['of an issuer that nobody knows', { iss: 'https://other.example' }],
    ['for another client', { aud: 'another-client' }],
    ['for the audience of access tokens, not for a client', { aud: ISSUER }],
    ['without an audience', { aud: undefined }],
    ['without a time', { iat: undefined }],
    ['of the future', { iat: 4_000_000_000, exp: 4_000_000_100 }],
    ['without an end', { exp: undefined }],
    ['that has expired', { exp: 1_000_000_000 }],
    ['without an id', { jti: undefined }],
    ['without events', { events: undefined }],
    ['with another event', { events: { 'https://example.com/event': {} } }],
    ['whose event is no object', { events: { [EVENT]: true } }],
    ['without a session and a person', { sub: undefined, sid: undefined }],
    ['whose session is no text', { sid: 7 }],
    ['with a nonce', { nonce: 'n' }],
    ['with a nonce that says nothing', { nonce: null }],
  ])('%s is refused', async (_what, claims) => {
    await using t = await startServer();
    await openSession(t, 'sid-1');
    const token = logoutToken(t, { sid: 'sid-1', ...claims });
    const answer = await send(t, new URLSearchParams({ logout_token: token }));
    expect(answer).toMatchObject({ status: 400, caching: 'no-store' });
    expect(JSON.parse(answer.body)).toMatchObject({ error: 'invalid_request' });
    expect(t.server.openSessions).toBe(1);
    expect(await t.audit()).toContainEqual(expect.objectContaining({ kind: 'refusal', outcome: 'refused' }));
  });

  test.each([
    ['of the type of access tokens', { typ: 'at+jwt' }],
    ['of the type of security events', { typ: 'secevent+jwt' }],
    ['with something that must be understood', { typ: 'logout+jwt', crit: ['b64'] }],
    ['that names another key', { typ: 'logout+jwt', kid: 'key-2' }],
    ['that says it is signed with a secret', { typ: 'logout+jwt', alg: 'HS256' }],
  ])('%s is refused', async (_what, header) => {
    await using t = await startServer();
    await openSession(t, 'sid-1');
    const token = logoutToken(t, { sid: 'sid-1' }, header);
    expect(await send(t, new URLSearchParams({ logout_token: token }))).toMatchObject({ status: 400 });
    expect(t.server.openSessions).toBe(1);
  });

  test('that nobody signed is refused', async () => {
    await using t = await startServer();
    await openSession(t, 'sid-1');
    const [, payload] = logoutToken(t, { sid: 'sid-1' }).split('.');
    const header = toBase64Url(utf8('{"alg":"none","typ":"logout+jwt"}'));
    expect(await send(t, `logout_token=${header}.${payload}.`)).toMatchObject({ status: 400 });
    expect(t.server.openSessions).toBe(1);
  });

  test('whose signature is of other claims is refused', async () => {
    await using t = await startServer();
    await openSession(t, 'sid-1');
    const [header, , signature] = logoutToken(t, { sid: 'sid-2' }).split('.');
    const [, payload] = logoutToken(t, { sid: 'sid-1' }).split('.');
    expect(await send(t, `logout_token=${header}.${payload}.${signature}`)).toMatchObject({ status: 400 });
    expect(t.server.openSessions).toBe(1);
  });

  test('is no token that a session can be had for', async () => {
    await using t = await startServer();
    const subjectToken = logoutToken(
      t,
      { sub: 'carol', aud: ISSUER, scope: 'files.read' },
      { typ: 'at+jwt' },
    );
    await expect(t.openSession({ subjectToken })).rejects.toMatchObject({ name: 'RtaError' });
  });
});

describe('a request to log out', () => {
  test.each([
    ['without a token', ''],
    ['with two tokens', 'logout_token=a&logout_token=b'],
    ['with what is no token', 'logout_token=a'],
  ])('%s is refused', async (_what, body) => {
    await using t = await startServer();
    expect(await send(t, body)).toMatchObject({ status: 400, caching: 'no-store' });
  });

  test('is to come again while it cannot be kept, and then has its effect', async () => {
    const clock = createFakeClock(Date.now());
    await using memory = createMemoryStore({ clock });
    let isDown = false;
    const subjects = {
      ...memory.subjects,
      update: async (...update: Parameters<typeof memory.subjects.update>) => {
        if (isDown) throw new Error('the store does not answer');
        return memory.subjects.update(...update);
      },
    };
    await using t = await startServer({ clock, store: { ...memory, subjects } });
    await openSession(t, 'sid-1');
    const token = logoutToken(t, { sid: 'sid-1' });
    isDown = true;
    expect(await send(t, new URLSearchParams({ logout_token: token }))).toMatchObject({ status: 503 });
    isDown = false;
    await logOut(t, token);
    expect(t.server.openSessions).toBe(0);
  });
});
