import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { CAEP_EVENTS, createSetSigner, createTransmitter, type EventTransmitter } from '@rta/ssf';
import { createMemoryStore } from '@rta/store';
import { createFakeClock, type FakeClock } from '@rta/testkit';
import { exportJWK, generateKeyPair } from 'jose';
import { describe, expect, test, vi } from 'vitest';
import { startAdminServer, startUsersIdp } from './admin-fixture.ts';
import { ISSUER, nextAuditRecord } from './test-server.ts';

const idp = await startUsersIdp();
const pair = await generateKeyPair('RS256', { extractable: true });
const signer = await createSetSigner({ key: await exportJWK(pair.privateKey), keyId: 'key-1' });

/** A transmitter that is polled, on the loopback interface. */
async function serveTransmitter(
  clock: FakeClock,
): Promise<{ readonly issuer: string; readonly transmitter: EventTransmitter } & AsyncDisposable> {
  const server = createServer((incoming, response) => {
    void (async () => {
      const body = await text(incoming);
      const answer = await transmitter.handle(
        new Request(`${issuer}${incoming.url}`, {
          method: incoming.method ?? 'GET',
          headers: {
            authorization: incoming.headers.authorization ?? '',
            'content-type': 'application/json',
          },
          ...(body === '' ? {} : { body }),
        }),
      );
      response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text());
    })();
  });
  await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const store = createMemoryStore({ clock });
  const transmitter = await createTransmitter({
    issuer,
    signers: [signer],
    streams: store.streams,
    outbox: store.outbox,
    authorize: async (request) =>
      request.headers.get('authorization') === 'Bearer secret-token'
        ? { receiver: 'rta', scopes: ['ssf.manage'] }
        : undefined,
    eventsSupported: Object.values(CAEP_EVENTS),
    clock,
    isShared: false,
  });
  return {
    issuer,
    transmitter,
    async [Symbol.asyncDispose]() {
      await transmitter.close();
      server.closeAllConnections();
      await new Promise((done) => void server.close(done));
    },
  };
}

describe('a stream that the server keeps', () => {
  test('needs its issuer and a token; then what its transmitter says ends sessions [I2]', async () => {
    const clock = createFakeClock(Date.now());
    await using remote = await serveTransmitter(clock);
    await using t = await startAdminServer({
      idp,
      clock,
      transmitters: [
        {
          issuer: remote.issuer,
          subjectIssuers: [idp.issuer],
          allowInsecureHttp: true,
          stream: { delivery: 'poll', auth: { token: 'secret-token' } },
        },
      ],
    });
    const { session } = await t.openSession();
    const ended = new Promise((resolve) => {
      session.signal.addEventListener('abort', resolve);
    });
    const streams = async () => {
      const { text: said } = await t.ask('/admin/v1/streams');
      return (JSON.parse(said) as { streams: readonly Record<string, unknown>[] }).streams;
    };
    await vi.waitFor(async () => expect((await streams())[0]).toHaveProperty('lastVerificationAtMs'), {
      timeout: 15_000,
    });

    await remote.transmitter.emit({
      subject: { format: 'iss_sub', iss: idp.issuer, sub: 'alice' },
      type: CAEP_EVENTS.sessionRevoked,
      value: {},
    });
    await ended;
    expect(await streams()).toEqual([
      {
        direction: 'incoming',
        issuer: remote.issuer,
        streamId: remote.transmitter.streams()[0]?.id,
        status: 'enabled',
        lastEventAtMs: clock.now(),
        lastVerificationAtMs: clock.now(),
        lagMs: 0,
      },
    ]);

    const written = nextAuditRecord(
      ({ action, outcome }) => action === 'admin:verify-stream' && outcome === 'ok',
    );
    const verify = () => t.ask('/admin/v1/streams/verify', { body: { issuer: remote.issuer } });
    const tooSoon = await verify();
    expect([tooSoon.status, tooSoon.body.code]).toEqual([429, 'RTA_SERVER_STREAM_THROTTLED']);
    clock.advance(5_000);
    const verified = await verify();
    expect(verified.status).toBe(200);
    expect(JSON.parse(verified.text)).toEqual({ node: 'test-node', issuer: remote.issuer, lagMs: 0 });
    expect(await written).toMatchObject({
      outcome: 'ok',
      subject: { sub: 'sam' },
      resource: { type: 'Transmitter', id: remote.issuer },
    });
  });

  test('that cannot be had shows why, without secrets, and cannot be verified', async () => {
    const clock = createFakeClock(Date.now());
    await using remote = await serveTransmitter(clock);
    await using t = await startAdminServer({
      idp,
      clock,
      transmitters: [
        {
          issuer: remote.issuer,
          allowInsecureHttp: true,
          stream: { delivery: 'push', auth: { token: 'wrong-token' } },
        },
      ],
    });
    await vi.waitFor(
      async () => {
        const { text: said } = await t.ask('/admin/v1/streams');
        expect(JSON.parse(said)).toEqual({
          node: 'test-node',
          streams: [
            {
              direction: 'incoming',
              issuer: remote.issuer,
              lastError: 'RTA_SSF_STREAM_UNAUTHENTICATED',
            },
          ],
        });
      },
      { timeout: 15_000 },
    );
    const verified = await t.ask('/admin/v1/streams/verify', { body: { issuer: remote.issuer } });
    expect(verified.status).toBe(502);
    expect(verified.body.code).toBe('RTA_SERVER_STREAM_UNVERIFIED');
  });

  test('is for those to see and to verify whom the policies permit it, and only where there is one', async () => {
    await using t = await startAdminServer({ idp });
    const token = t.adminToken({ groups: [] });
    expect((await t.ask('/admin/v1/streams', { token })).status).toBe(403);
    const body = { issuer: 'https://idp.example' };
    expect((await t.ask('/admin/v1/streams/verify', { token, body })).status).toBe(403);
    expect((await t.ask('/admin/v1/streams/verify', { body })).status).toBe(404);
    expect((await t.ask('/admin/v1/streams/verify', { body: {} })).status).toBe(400);
    expect(JSON.parse((await t.ask('/admin/v1/streams')).text)).toEqual({ node: 'test-node', streams: [] });
  });
});

describe('a stream to somebody else', () => {
  test('is listed with what waits, and tells what its receiver refused, without the token', async () => {
    const audience = `${ISSUER}/ssf`;
    await using t = await startAdminServer({
      idp,
      eventTransmitter: { audience, signers: [signer] },
    });
    const receive = async (path: string, body: object) => {
      const token = t.signing.sign(t.clock.now(), { aud: audience, client_id: 'siem', scope: 'ssf.manage' });
      const { text: said } = await t.ask(path, { token, body });
      return JSON.parse(said) as { stream_id: string; sets: Record<string, string> };
    };
    const { stream_id: id } = await receive('/ssf/streams', {});
    await t.openSession();
    const poll = (body: object) => receive(`/ssf/poll/${id}`, { returnImmediately: true, ...body });
    const jti = await vi.waitFor(async () => {
      const [first] = Object.keys((await poll({})).sets);
      if (first === undefined) throw new Error('nothing yet');
      return first;
    });
    const listed = await t.ask('/admin/v1/streams');
    expect(JSON.parse(listed.text)).toEqual({
      node: 'test-node',
      streams: [
        {
          direction: 'outgoing',
          id,
          receiver: expect.stringContaining('siem'),
          method: 'urn:ietf:rfc:8936',
          status: 'enabled',
          waitingCount: 1,
          createdAtMs: t.clock.now(),
          activeAtMs: t.clock.now(),
        },
      ],
    });
    await poll({ setErrs: { [jti]: { err: 'invalid_audience', description: 'not for us' } } });

    const refused = await t.ask(`/admin/v1/streams/${id}/refused`);
    expect([refused.status, JSON.parse(refused.text)]).toEqual([
      200,
      {
        node: 'test-node',
        stream: id,
        refused: [{ jti, err: 'invalid_audience', description: 'not for us', refusedAtMs: t.clock.now() }],
      },
    ]);
    expect((await t.ask('/admin/v1/streams/none/refused')).status).toBe(404);
    const token = t.adminToken({ groups: [] });
    expect((await t.ask(`/admin/v1/streams/${id}/refused`, { token })).status).toBe(403);
  });
});
