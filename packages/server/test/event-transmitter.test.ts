import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { JsonObject } from '@rta/core';
import { createSetSigner, type SetSigner } from '@rta/ssf';
import { createMemoryStore } from '@rta/store';
import { createFakeClock } from '@rta/testkit';
import { decodeJwt, exportJWK, generateKeyPair } from 'jose';
import { describe, expect, test } from 'vitest';
import { faultChannel } from '../src/diagnostics.ts';
import { READ } from './raw-agent.ts';
import { startSigningIssuer } from './signing-issuer.ts';
import { ISSUER, startTestIdp, startTestServer, type TestServer, trustedIdp } from './test-server.ts';

const AUDIENCE = `${ISSUER}/ssf`;
const CAEP = 'https://schemas.openid.net/secevent/caep/event-type/';
const idp = await startTestIdp();
const signing = await startSigningIssuer(ISSUER);
const pair = await generateKeyPair('ES256', { extractable: true });
const signer: SetSigner = await createSetSigner({
  key: await exportJWK(pair.privateKey),
  keyId: 'events-1',
  algorithm: 'ES256',
});

/** A server that tells others what happens. */
function startTransmitter(
  options: Partial<Parameters<typeof startTestServer>[0]> & { readonly sessionPresented?: boolean } = {},
): Promise<TestServer> {
  const { sessionPresented = false, ...rest } = options;
  return startTestServer({
    idp,
    issuers: [trustedIdp(idp), signing.trusted],
    eventTransmitter: { audience: AUDIENCE, signers: [signer], sessionPresented, allowLoopbackHttp: true },
    ...rest,
  });
}

/** One request of a receiver, with a token of the identity provider. */
async function ask(
  t: TestServer,
  method: string,
  path: string,
  body?: unknown,
  claims: JsonObject = {},
): Promise<{ readonly status: number; readonly body: JsonObject }> {
  const token = signing.sign(t.clock.now(), {
    aud: AUDIENCE,
    client_id: 'siem',
    scope: 'ssf.manage',
    ...claims,
  });
  const response = await t.server.http.request(`${ISSUER}${path}`, {
    method,
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const said = await response.text();
  return { status: response.status, body: said === '' ? {} : (JSON.parse(said) as JsonObject) };
}

async function makeStream(t: TestServer, body: JsonObject = {}): Promise<string> {
  const made = await ask(t, 'POST', '/ssf/streams', body);
  expect(made.status).toBe(201);
  const { stream_id: id } = made.body;
  if (typeof id !== 'string') throw new TypeError('the stream has no id');
  return id;
}

interface Told {
  readonly type: string;
  readonly value: JsonObject;
  readonly claims: JsonObject;
}

/** What a stream was told, in order, when it is as much as that. */
async function told(t: TestServer, stream: string, count: number): Promise<readonly Told[]> {
  for (;;) {
    const { body } = await ask(t, 'POST', `/ssf/poll/${stream}`, { returnImmediately: true });
    const sets = Object.values(body['sets'] as Record<string, string>);
    if (sets.length < count) continue;
    return sets.map((set) => {
      const claims = decodeJwt(set) as JsonObject;
      const [[type, value] = ['', {}]] = Object.entries(claims['events'] as Record<string, JsonObject>);
      return { type: type.replace(CAEP, ''), value, claims };
    });
  }
}

describe('a server that sends events', () => {
  test('tells of a session that is opened, of its risk, and of its end', async () => {
    await using t = await startTransmitter();
    const stream = await makeStream(t);
    const { session } = await t.openSession();
    await t.changeRisk('alice', 'HIGH');
    await t.revoke('alice');
    const events = await told(t, stream, 3);
    expect(events.map(({ type }) => type)).toEqual([
      'session-established',
      'risk-level-change',
      'session-revoked',
    ]);
    const subject = {
      format: 'complex',
      user: { format: 'iss_sub', iss: idp.issuer, sub: 'alice' },
      session: { format: 'opaque', id: session.id },
      agent: { format: 'opaque', id: 'agent-1' },
    };
    expect(events.map(({ claims }) => claims['sub_id'])).toEqual([subject, subject, subject]);
    expect(events[1]?.value).toMatchObject({
      principal: 'SESSION',
      current_level: 'HIGH',
      reason_admin: { en: 'risk-level-change' },
    });
    expect(events.map(({ claims }) => claims['txn'])).toEqual([session.id, 'test-signal-1', 'test-signal-2']);
  });

  test('carries the transaction of the event that caused one', async () => {
    await using t = await startTransmitter();
    const stream = await makeStream(t, { events_requested: [`${CAEP}session-revoked`] });
    await t.openSession();
    const nowMs = t.clock.now() + 1;
    await t.server.signal({
      id: 'signal-1',
      source: { issuer: idp.issuer, id: 'jti-1', txn: 'txn-of-the-idp' },
      subject: { user: { by: 'iss-sub', issuer: idp.issuer, sub: 'alice' } },
      change: { kind: 'session-revoked' },
      occurredAtMs: nowMs,
      receivedAtMs: nowMs,
      sourceTimeMs: Math.max(nowMs, Date.now()),
      reason: 'laptop lost',
    });
    const [event] = await told(t, stream, 1);
    expect(event?.claims['txn']).toBe('txn-of-the-idp');
    expect(event?.value['reason_admin']).toEqual({ en: 'laptop lost' });
  });

  test('tells what a session may do from now on, when that changes', async () => {
    await using t = await startTransmitter();
    const stream = await makeStream(t, { events_requested: [`${CAEP}token-claims-change`] });
    await t.openSession();
    const nowMs = t.clock.now() + 1;
    await t.server.signal({
      id: 'ceiling-1',
      source: { issuer: ISSUER, id: 'ceiling-1' },
      subject: { user: { by: 'iss-sub', issuer: idp.issuer, sub: 'alice' } },
      change: { kind: 'ceiling', grant: { scope: ['files.read'] } },
      occurredAtMs: nowMs,
      receivedAtMs: nowMs,
    });
    const [event] = await told(t, stream, 1);
    expect(event?.value['claims']).toEqual({ scope: 'files.read' });
  });

  test('tells of uses of a session only where that is asked for', async () => {
    await using quiet = await startTransmitter();
    await using telling = await startTransmitter({ sessionPresented: true });
    const streams = [await makeStream(quiet), await makeStream(telling)] as const;
    for (const t of [quiet, telling]) {
      const { session } = await t.openSession();
      await session.authorize(READ);
    }
    const events = await told(telling, streams[1], 2);
    expect(events.map(({ type }) => type)).toEqual(['session-established', 'session-presented']);
    expect((await told(quiet, streams[0], 1)).map(({ type }) => type)).toEqual(['session-established']);
    const { body } = await ask(quiet, 'GET', `/ssf/streams?stream_id=${streams[0]}`);
    expect(body['events_supported']).not.toContain(`${CAEP}session-presented`);
  });

  test('pushes to a receiver over HTTP', async () => {
    await using t = await startTransmitter();
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const arriving = once(server, 'request');
    await makeStream(t, {
      events_requested: [`${CAEP}session-revoked`],
      delivery: {
        method: 'urn:ietf:rfc:8935',
        endpoint_url: `http://127.0.0.1:${port}/`,
        authorization_header: 'Bearer push',
      },
    });
    await t.openSession();
    await t.revoke('alice');
    const [request, response] = (await arriving) as [IncomingMessage, ServerResponse];
    expect(request.headers.authorization).toBe('Bearer push');
    expect(decodeJwt(await text(request))).toMatchObject({ iss: ISSUER });
    response.writeHead(202).end();
    server.close();
    server.closeAllConnections();
  });

  test('goes on after a restart with streams and with what waits', async () => {
    const clock = createFakeClock(Date.now());
    await using store = createMemoryStore({ clock });
    let stream: string;
    {
      await using before = await startTransmitter({ store, clock });
      stream = await makeStream(before, { events_requested: [`${CAEP}session-established`] });
      await before.openSession();
    }
    await using after = await startTransmitter({ store, clock });
    expect((await told(after, stream, 1)).map(({ type }) => type)).toEqual(['session-established']);
  });

  test('revokes and decides though nothing can be kept for receivers, and says so', async () => {
    const clock = createFakeClock(Date.now());
    await using memory = createMemoryStore({ clock });
    const outbox = {
      ...memory.outbox,
      update: async () => {
        throw new Error('the outbox does not answer');
      },
    };
    const faults: string[] = [];
    const listen = (fault: unknown): void => void faults.push((fault as { area: string }).area);
    await using t = await startTransmitter({ clock, store: { ...memory, outbox } });
    await makeStream(t);
    subscribe(faultChannel.name, listen);
    const { session } = await t.openSession();
    expect(await session.authorize(READ)).toMatchObject({ permitted: true });
    await t.revoke('alice');
    await expect.poll(() => faults, { timeout: 15_000 }).toContain('events');
    expect(t.server.openSessions).toBe(0);
    unsubscribe(faultChannel.name, listen);
  });

  test('is found by its metadata, and publishes the key that signs', async () => {
    await using t = await startTransmitter();
    const metadata = await t.server.http.request(`${ISSUER}/.well-known/ssf-configuration`);
    expect(await metadata.json()).toMatchObject({ issuer: ISSUER, jwks_uri: `${ISSUER}/ssf/jwks.json` });
    const keys = await t.server.http.request(`${ISSUER}/ssf/jwks.json`);
    expect(await keys.json()).toMatchObject({ keys: [{ kid: 'events-1', alg: 'ES256', use: 'sig' }] });
  });

  test('is not there where it is not configured', async () => {
    await using t = await startTestServer({ idp });
    expect((await t.server.http.request(`${ISSUER}/.well-known/ssf-configuration`)).status).toBe(404);
    expect((await t.server.http.request(`${ISSUER}/ssf/streams`)).status).toBe(404);
  });
});

describe('receivers', () => {
  test.each([
    ["a token for agents' sessions", { aud: ISSUER }, 401],
    ['a token that has expired', { exp: 1_000 }, 401],
    ['a token that an agent holds for somebody', { act: { sub: 'agent-1' } }, 401],
    ['a token without the scope', { scope: 'openid' }, 403],
    ['a token that may read', { scope: 'ssf.read' }, 200],
  ])('%s', async (_what, claims, status) => {
    await using t = await startTransmitter();
    expect((await ask(t, 'GET', '/ssf/streams', undefined, claims)).status).toBe(status);
  });

  test('see their own streams alone', async () => {
    await using t = await startTransmitter();
    const stream = await makeStream(t);
    const other = { client_id: 'another' };
    expect((await ask(t, 'GET', '/ssf/streams', undefined, other)).body).toEqual([]);
    expect((await ask(t, 'GET', `/ssf/status?stream_id=${stream}`, undefined, other)).status).toBe(404);
  });

  test('cannot be let in by the tokens of agents', async () => {
    const eventTransmitter = { audience: ISSUER, signers: [signer] } as const;
    await expect(startTestServer({ idp, eventTransmitter })).rejects.toThrow(TypeError);
  });
});

describe('loops', () => {
  test('a server does not receive its own events', async () => {
    const transmitters = [{ issuer: ISSUER, audience: ISSUER, jwks: { keys: [] } }];
    await expect(startTransmitter({ transmitters })).rejects.toThrow(TypeError);
  });

  test('what comes back by way of another transmitter changes nothing, and is not told again', async () => {
    await using t = await startTransmitter();
    const stream = await makeStream(t, { events_requested: [`${CAEP}session-revoked`] });
    await t.openSession();
    await t.revoke('alice');
    await t.revoke('alice');
    const { session } = await t.openSession({ subjectToken: (await t.signIn('bob')).accessToken });
    await t.revoke('bob');
    const events = await told(t, stream, 2);
    expect(events.map(({ claims }) => claims['txn'])).toEqual(['test-signal-1', 'test-signal-3']);
    expect(events[1]?.claims['sub_id']).toMatchObject({ session: { id: session.id } });
  });
});
