import { toBase64Url } from '@rta/core';
import { generateAgentKey } from '@rta/sdk';
import { createMemoryStore } from '@rta/store';
import { afterAll, describe, expect, test } from 'vitest';
import { type AdminServer, formToken, postForm, startAdminServer, startUsersIdp } from './admin-fixture.ts';
import { proofOf } from './raw-agent.ts';
import { ISSUER } from './test-server.ts';

const idp = await startUsersIdp();
const t = await startAdminServer({ idp });
afterAll(() => t[Symbol.asyncDispose]());
const URL = `${ISSUER}/oauth/revoke`;

async function revoke(server: AdminServer, token: string, key = generateAgentKey(), url = URL) {
  const { headers } = await postForm(server, '/oauth/revoke', {});
  const nonce = headers.get('DPoP-Nonce') ?? '';
  const proof = await proofOf(key, url, nonce, { now: server.clock.now() });
  return postForm(server, '/oauth/revoke', { token, token_type_hint: 'access_token' }, { DPoP: proof });
}
const status = async (server: AdminServer, session: string): Promise<number> =>
  (await server.ask(`/admin/v1/sessions/${session}`)).status;

describe('the revocation of a token', () => {
  test('ends its session and all below it, by the key of the session', async () => {
    const agent = await t.agent();
    const { session: child } = await agent.ask(
      'delegate',
      {
        token: agent.bound.token,
        agent: { id: 'child' },
        scope: ['files.read'],
        key: generateAgentKey().publicKey,
      },
      'delegated',
    );

    const answer = await revoke(t, formToken(agent.bound.token), agent.key);

    expect([answer.status, answer.text]).toEqual([200, '']);
    expect([await status(t, agent.session), await status(t, child)]).toEqual([404, 404]);
    expect((await agent.lane(agent.bound.token)).effect).toBe('deny');
  });

  test('takes an older token of the session for it: tokens change under the hands of their agents', async () => {
    const agent = await t.agent('bob');
    await t.changeRisk('bob', 'MEDIUM');

    expect((await revoke(t, formToken(agent.bound.token), agent.key)).status).toBe(200);
    expect(await status(t, agent.session)).toBe(404);
  });

  test('is refused by any other key, which is written down [I5]', async () => {
    const agent = await t.agent();
    const answer = await revoke(t, formToken(agent.bound.token));

    expect([answer.status, answer.body.error]).toEqual([400, 'unauthorized_client']);
    expect(await status(t, agent.session)).toBe(200);
    expect(await t.audit()).toContainEqual(
      expect.objectContaining({ kind: 'refusal', cause: 'not-its-key', session: agent.session }),
    );
  });

  test('does nothing about what is not valid any more, or never was, and says 200 (RFC 7009 §2.2)', async () => {
    const agent = await t.agent();
    const token = formToken(agent.bound.token);
    await revoke(t, token, agent.key);
    const other = await t.agent('bob');
    const forged = Uint8Array.from(other.bound.token);
    forged[90] = (forged[90] ?? 0) ^ 1;

    expect((await revoke(t, token, agent.key)).status).toBe(200);
    expect((await revoke(t, toBase64Url(forged), other.key)).status).toBe(200);
    expect((await revoke(t, toBase64Url(new Uint8Array(96)), other.key)).status).toBe(200);
    expect(await status(t, other.session)).toBe(200);
  });

  test('does not take tokens of others for its own', async () => {
    const { status: code, body } = await revoke(t, 'eyJhbGciOiJub25lIn0.e30.x');
    expect([code, body.error]).toEqual([400, 'unsupported_token_type']);
  });

  test('needs a proof, for this endpoint', async () => {
    const agent = await t.agent();
    const token = formToken(agent.bound.token);
    const unproved = await postForm(t, '/oauth/revoke', { token });
    const elsewhere = await revoke(t, token, agent.key, `${ISSUER}/oauth/token`);
    const empty = await postForm(t, '/oauth/revoke', {});

    expect([unproved.status, unproved.body.error]).toEqual([401, 'invalid_dpop_proof']);
    expect([elsewhere.status, elsewhere.body.error]).toEqual([401, 'invalid_dpop_proof']);
    expect([empty.status, empty.body.error]).toEqual([400, 'invalid_request']);
    expect(await status(t, agent.session)).toBe(200);
  });

  test('is for administrators as well, where the policies permit it', async () => {
    const agent = await t.agent();
    const by = (claims: object) =>
      postForm(
        t,
        '/oauth/revoke',
        { token: formToken(agent.bound.token) },
        { Authorization: `Bearer ${t.adminToken({ ...claims })}` },
      );

    expect((await by({ groups: [] })).status).toBe(403);
    expect(await status(t, agent.session)).toBe(200);
    expect((await by({})).status).toBe(200);
    await expect.poll(() => status(t, agent.session)).toBe(404);
  });

  test('reaches a session that another node serves, where they share a store', async () => {
    await using a = await startAdminServer({ idp });
    const agent = await a.agent();
    // The other node shares sessions and subjects, and has a log of its own; it started before there was this session.
    const own = createMemoryStore({ clock: a.clock });
    const sessions = { ...a.store.sessions, entries: own.sessions.entries };
    const features = { durable: true, shared: true };
    const store = { ...a.store, audit: own.audit, sessions, features };
    await using b = await startAdminServer({ idp, clock: a.clock, store });
    const raised = async () => (await b.audit()).filter(({ kind }) => kind === 'signal');
    const token = formToken(agent.bound.token);

    const foreign = await revoke(b, token);
    const before = await raised();
    const itself = await revoke(b, token, agent.key);

    expect([foreign.status, before.length, itself.status]).toEqual([400, 0, 200]);
    expect(await raised()).toEqual([
      expect.objectContaining({ cause: 'session-revoked', change: `${agent.session}:revoked` }),
    ]);
  });
});

const all = (subId: object, token = t.adminToken()) =>
  t.ask('/oauth/global-token-revocation', { body: { sub_id: subId }, token });

describe('global token revocation', () => {
  test.each([
    ['iss_sub', () => ({ format: 'iss_sub', iss: idp.issuer, sub: 'alice' })],
    ['email', () => ({ format: 'email', email: 'ALICE@example.com' })],
    ['opaque', () => ({ format: 'opaque', id: 'alice' })],
  ])('ends everything that acts for a person, named by %s', async (_, subId) => {
    await using u = await startAdminServer({ idp });
    const alice = await u.agent('alice');
    const bob = await u.agent('bob');
    const answer = await u.ask('/oauth/global-token-revocation', { body: { sub_id: subId() } });

    expect([answer.status, answer.text]).toEqual([204, '']);
    await expect.poll(() => status(u, alice.session)).toBe(404);
    expect(await status(u, bob.session)).toBe(200);
  });

  test('holds for people who are not there: what it says is durable', async () => {
    expect((await all({ format: 'iss_sub', iss: idp.issuer, sub: 'nobody' })).status).toBe(204);
  });

  test.each([
    ['another format', { format: 'phone_number', phone_number: '+1' }, 400],
    ['a missing name', { format: 'iss_sub', iss: 'https://x.example' }, 400],
    ['an issuer that nobody trusts', { format: 'iss_sub', iss: 'https://x.example', sub: 'a' }, 400],
    ['no email', { format: 'email', email: 'alice' }, 400],
  ])('is refused for %s', async (_, subId, expected) => {
    expect((await all(subId)).status).toBe(expected);
  });

  test('is for those whom the policies permit it', async () => {
    const subId = { format: 'iss_sub', iss: idp.issuer, sub: 'alice' };
    expect((await all(subId, t.adminToken({ groups: [] }))).status).toBe(403);
    expect((await all(subId, '')).status).toBe(401);
  });
});

test('the metadata says where all this is, and how callers authenticate (RFC 8414)', async () => {
  const { body } = await t.ask('/.well-known/oauth-authorization-server', { token: '' });

  expect(body).toMatchObject({
    revocation_endpoint: 'https://rta.example/oauth/revoke',
    revocation_endpoint_auth_methods_supported: ['none'],
    introspection_endpoint: 'https://rta.example/oauth/introspect',
    introspection_endpoint_auth_methods_supported: ['Bearer', 'DPoP'],
    global_token_revocation_endpoint: 'https://rta.example/oauth/global-token-revocation',
    global_token_revocation_endpoint_auth_methods_supported: ['Bearer', 'DPoP'],
  });
});
