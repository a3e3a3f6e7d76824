import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { SecurityEvent } from '@rta/devkit';
import { createMemoryBroker, type EventBroker } from '@rta/events';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { auditChannel } from '../src/index.ts';
import { READ } from './raw-agent.ts';
import {
  ISSUER,
  nextAuditRecord,
  PUSH_SECRET,
  startTestIdp,
  startTestServer,
  type TestServer,
} from './test-server.ts';

const CAEP = 'https://schemas.openid.net/secevent/caep/event-type/';
const idp = await startTestIdp();
// Sets are signed for this audience, and carried by hand.
beforeAll(() => idp.deliverTo({ endpointUrl: 'http://127.0.0.1:9/ssf/events', audience: ISSUER }));
const t = await startTestServer({ idp });
afterAll(() => t[Symbol.asyncDispose]());

const alice = { format: 'iss_sub', iss: idp.issuer, sub: 'alice' };
const sessionRevoked = (
  subject: SecurityEvent['subject'],
  event: SecurityEvent['event'] = {},
): SecurityEvent => ({
  type: `${CAEP}session-revoked`,
  subject,
  event,
});
const riskChange = (subject: SecurityEvent['subject'], current: string): SecurityEvent => ({
  type: `${CAEP}risk-level-change`,
  subject,
  event: { principal: 'USER', current_level: current },
});

/** Pushes a set as RFC 8935 says. */
async function push(
  server: TestServer,
  set: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: string; retryAfter: string | null }> {
  const response = await server.server.http.request(`${ISSUER}/ssf/events`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/secevent+jwt', Authorization: PUSH_SECRET, ...headers },
    body: set,
  });
  const retryAfter = response.headers.get('Retry-After');
  return { status: response.status, body: await response.text(), retryAfter };
}

/** Signs and pushes one; resolves when it is in force. */
async function deliver(server: TestServer, event: SecurityEvent): Promise<Record<string, unknown>> {
  const { set } = await idp.signEvent(event);
  const applied = nextAuditRecord(({ kind }) => kind === 'signal');
  expect(await push(server, set)).toEqual({ status: 202, body: '', retryAfter: null });
  return applied;
}

/** Signals that were applied while the test ran. */
function countSignals(): () => number {
  let count = 0;
  const listen = (row: unknown): void => {
    if ((row as { line: string }).line.includes('"kind":"signal"')) count += 1;
  };
  subscribe(auditChannel.name, listen);
  onTestFinished(() => {
    unsubscribe(auditChannel.name, listen);
  });
  return () => count;
}

describe('a session-revoked of the IdP', () => {
  test('is accepted with 202 and nothing else, ends the session, and fires its signal [I2]', async () => {
    await using own = await startTestServer({ idp });
    const { session } = await own.openSession();
    const { session: bystander } = await own.openSession({
      subjectToken: (await own.signIn('bob')).accessToken,
    });
    const fired = new Promise((resolve) => {
      session.signal.addEventListener('abort', resolve);
    });

    const audited = await deliver(own, {
      ...sessionRevoked(alice, { reason_admin: { en: 'laptop lost' } }),
      txn: 'txn-7',
    });

    await fired;
    expect(session.signal.reason).toMatchObject({
      code: 'RTA_SDK_REVOKED',
      details: { kind: 'session-revoked', change: audited['change'] },
    });
    expect(await bystander.authorize(READ)).toMatchObject({ permitted: true, generation: 1 });
    const records = await own.audit();
    expect(records).toContainEqual(
      expect.objectContaining({
        kind: 'signal',
        cause: 'session-revoked',
        txn: 'txn-7',
        detail: { source: idp.issuer, sessions: 1 },
      }),
    );
    expect(records).toContainEqual(
      expect.objectContaining({
        kind: 'end',
        session: session.id,
        txn: 'txn-7',
        detail: { reason: 'laptop lost' },
      }),
    );
    expect(own.server.openSessions).toBe(1);
  });

  test('comes in time for an agent that is away', async () => {
    await using own = await startTestServer({ idp });
    const { client } = await own.openSession();
    await client.close();
    await expect.poll(() => own.server.openConnections).toBe(0);

    await deliver(own, sessionRevoked(alice));

    expect(own.server.openSessions).toBe(0);
  });

  test('has no second effect when it comes again', async () => {
    await using own = await startTestServer({ idp });
    const { session } = await own.openSession();
    const count = countSignals();
    const { set } = await idp.signEvent(riskChange(alice, 'HIGH'));
    const changed = nextAuditRecord(({ kind }) => kind === 'change');
    expect(await push(own, set)).toMatchObject({ status: 202 });
    await changed;

    expect(await push(own, set)).toEqual({ status: 202, body: '', retryAfter: null });

    expect(await session.authorize(READ)).toMatchObject({ permitted: true, generation: 2 });
    expect(count()).toBe(1);
  });
});

describe('a risk-level-change of the IdP', () => {
  test('is in the context of the session, where policies see it', async () => {
    await using own = await startTestServer({ idp });
    const { session } = await own.openSession();
    const write = { ...READ, action: 'files.write' };
    const attributes: unknown[] = [];
    session.on('context', (context) => attributes.push(context.attributes));
    expect(await session.authorize(write)).toMatchObject({ permitted: true });

    await deliver(own, riskChange(alice, 'HIGH'));

    expect(await session.authorize(write)).toMatchObject({
      permitted: false,
      cause: 'default',
      generation: 2,
    });
    await expect.poll(() => attributes).toEqual([{ riskLevel: 'HIGH' }]);
  });

  test('is known to sessions that are opened later', async () => {
    await using own = await startTestServer({ idp });
    await deliver(own, riskChange(alice, 'HIGH'));

    const { session } = await own.openSession();

    expect(await session.authorize({ ...READ, action: 'files.write' })).toMatchObject({ permitted: false });
  });
});

describe('an event finds its subject', () => {
  test.each([
    ['by email, whatever its case', () => ({ format: 'email', email: 'ALICE@example.com' })],
    ['by an opaque name', () => ({ format: 'opaque', id: 'alice' })],
    ['by issuer and subject', () => alice],
    ['by the user of a complex subject', () => ({ format: 'complex', user: alice })],
  ])('%s', async (_, subject) => {
    await using own = await startTestServer({ idp });
    await own.openSession({ subjectToken: (await own.signIn('bob')).accessToken });
    await own.openSession();

    const { detail } = await deliver(own, sessionRevoked(subject()));

    expect(detail).toMatchObject({ sessions: 1 });
    expect(own.server.openSessions).toBe(1);
  });

  test('and none of another issuer', async () => {
    await using own = await startTestServer({ idp });
    await own.openSession();
    const { set } = await idp.signEvent(
      sessionRevoked({ format: 'iss_sub', iss: 'https://other.example', sub: 'alice' }),
    );

    // Accepted, because the transmitter would only send it again; it is nobody's here.
    expect(await push(own, set)).toMatchObject({ status: 202 });

    expect(own.server.openSessions).toBe(1);
  });
});

/** Answered so, and without effect. */
const expectNothing = async (answered: unknown, expected: object): Promise<void> => {
  expect(answered).toMatchObject(expected);
  expect((await t.audit()).filter(({ kind }) => kind === 'signal')).toEqual([]);
};
const set = async (): Promise<string> => (await idp.signEvent(sessionRevoked(alice))).set;
/** A set with other parts; its signature is left as it is. */
const changed = (of: string, part: 0 | 1, members: object): string => {
  const parts = of.split('.');
  const value = JSON.parse(Buffer.from(parts[part] ?? '', 'base64url').toString()) as object;
  parts[part] = Buffer.from(JSON.stringify({ ...value, ...members })).toString('base64url');
  return parts.join('.');
};

describe('a set is refused', () => {
  test('without the agreed Authorization, by 401', async () => {
    await expectNothing(await push(t, await set(), { Authorization: 'Bearer guess' }), {
      status: 401,
      body: expect.stringContaining('"err":"authentication_failed"'),
    });
    await expectNothing(await push(t, await set(), { Authorization: '' }), { status: 401 });
  });

  test.each([
    ['whose claims were changed', (of: string) => changed(of, 1, { jti: 'another' }), 'invalid_key'],
    ['of no algorithm', (of: string) => changed(of, 0, { alg: 'none' }), 'invalid_key'],
    ['of another issuer', (of: string) => changed(of, 1, { iss: 'https://evil.example' }), 'invalid_issuer'],
    ['that is an ordinary JWT', (of: string) => changed(of, 0, { typ: 'JWT' }), 'invalid_request'],
    ['that is garbage', () => 'garbage', 'invalid_request'],
    ['that is empty', () => '', 'invalid_request'],
  ])('%s', async (_, change, err) => {
    const of = await set();
    const refused = await push(t, change(of));

    await expectNothing(refused, { status: 400, body: expect.stringContaining(`"err":"${err}"`) });
    expect(refused.body).not.toContain(of.split('.')[2]);
  });

  test('of a key that is not published, once its key set was read again', async () => {
    const unknown = changed(await set(), 0, { kid: 'another' });

    const refusal = { status: 400, body: expect.stringContaining('"err":"invalid_key"') };
    await expectNothing(await push(t, unknown), refusal);

    // The key may be new: until the key set may be asked for again, nobody can tell.
    for (let count = 0; count < 2; count += 1) await push(t, unknown);
    await expectNothing(await push(t, unknown), { status: 503, retryAfter: '5' });
    t.clock.advance(10_000);

    await expectNothing(await push(t, unknown), refusal);
  });

  test('that is meant for another receiver', async () => {
    idp.deliverTo({ endpointUrl: 'http://127.0.0.1:9/ssf/events', audience: 'https://other.example' });
    const foreign = await set();
    idp.deliverTo({ endpointUrl: 'http://127.0.0.1:9/ssf/events', audience: ISSUER });

    await expectNothing(await push(t, foreign), {
      status: 400,
      body: expect.stringContaining('"err":"invalid_audience"'),
    });
  });

  test('of another content type, by 415, and too large, by 413', async () => {
    await expectNothing(await push(t, await set(), { 'Content-Type': 'application/jwt' }), { status: 415 });
    await expectNothing(await push(t, 'a'.repeat(65_537)), { status: 413 });
  });
});

/** Posts JSON; with the secret of pushes, unless it is with something else. */
async function postJson(
  server: TestServer,
  path: string,
  body: string,
  authorization = PUSH_SECRET,
): Promise<Response> {
  return server.server.http.request(`${ISSUER}${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json; charset=utf-8', Authorization: authorization },
    body,
  });
}

/** Tokens that are none. */
function junk(count: number, characters: number): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`junk-${index}`, 'x'.repeat(characters)]),
  );
}

describe('several events in one request', () => {
  test('may have more than other requests: 500 KiB are taken, and what is good among them has its effect', async () => {
    await using own = await startTestServer({ idp });
    const { session } = await own.openSession();
    const { jti, set } = await idp.signEvent(sessionRevoked(alice));
    const ended = nextAuditRecord(({ kind }) => kind === 'end');
    const body = JSON.stringify({ sets: { ...junk(99, 5_172), [jti]: set } });
    expect(body.length).toBeGreaterThan(512_000);
    const response = await postJson(own, '/ssf/events', body);
    const answer = (await response.json()) as { ack: string[]; setErrs: object };
    expect([response.status, answer.ack, Object.keys(answer.setErrs).length]).toEqual([202, [jti], 99]);
    expect(await ended).toMatchObject({ session: session.id });
  });

  test('are refused by 413 where they are more than 1 MiB', async () => {
    const response = await postJson(t, '/ssf/events', JSON.stringify({ sets: junk(17, 65_536) }));
    expect([response.status, await response.json()]).toEqual([
      413,
      { error: 'invalid_request', error_description: 'body too large' },
    ]);
  });

  test('are read no further than others where nobody known sends them', async () => {
    const body = JSON.stringify({ sets: junk(20, 5_000) });
    for (const authorization of ['Bearer guessed', '']) {
      expect((await postJson(t, '/ssf/events', body, authorization)).status).toBe(413);
    }
    expect((await postJson(t, '/ssf/events', body)).status).toBe(202);
  });

  test.each(['/oauth/token', '/ssf/streams', '/ssf/events/', '/admin/v1/changes'])(
    'are nothing that makes other requests larger: %s',
    async (path) => {
      expect((await postJson(t, path, 'a'.repeat(65_537))).status).toBe(413);
    },
  );

  test('are nothing to a server that takes no events', async () => {
    await using quiet = await startTestServer({ idp, transmitters: [] });
    expect((await postJson(quiet, '/ssf/events', 'a'.repeat(65_537))).status).toBe(413);
  });
});

describe('an event that the broker does not take', () => {
  test('is not acknowledged, and has its effect when it comes again [I2]', async () => {
    const inner = createMemoryBroker();
    let down = false;
    const broker: EventBroker = {
      ...inner,
      publish: (event) => (down ? Promise.reject(new Error('down')) : inner.publish(event)),
    };
    await using own = await startTestServer({ idp, broker });
    const { session } = await own.openSession();
    const { set } = await idp.signEvent(sessionRevoked(alice));

    down = true;
    expect(await push(own, set)).toEqual({ status: 503, body: '', retryAfter: '5' });
    expect(await session.authorize(READ)).toMatchObject({ permitted: true });

    down = false;
    const ended = nextAuditRecord(({ kind }) => kind === 'end');
    expect(await push(own, set)).toMatchObject({ status: 202 });
    expect(await ended).toMatchObject({ session: session.id, cause: 'session-revoked' });
  });

  test('nor is one whose replay could not be remembered', async () => {
    await using own = await startTestServer({ idp });
    const { session } = await own.openSession();
    const { set } = await idp.signEvent(riskChange(alice, 'HIGH'));
    own.store.singleUse.claim = () => Promise.reject(new Error('disk full'));

    expect(await push(own, set)).toMatchObject({ status: 503 });

    // It had its effect already: coming again it changes nothing more.
    await expect.poll(async () => (await session.authorize(READ)).generation).toBe(2);
  });
});
