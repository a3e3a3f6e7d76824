import { createMemoryBroker } from '@rta/events';
import { decodeMessage } from '@rta/protocol';
import { generateAgentKey } from '@rta/sdk';
import { afterAll, describe, expect, test } from 'vitest';
import { type AdminServer, formToken, postForm, startAdminServer, startUsersIdp } from './admin-fixture.ts';
import { bindMessage, type RawSession, rawHello } from './raw-agent.ts';
import { ISSUER } from './test-server.ts';

const idp = await startUsersIdp();
const t = await startAdminServer({ idp });
afterAll(() => t[Symbol.asyncDispose]());

const introspect = (server: AdminServer, token: string, claims: object = {}) =>
  postForm(
    server,
    '/oauth/introspect',
    { token },
    { Authorization: `Bearer ${server.adminToken({ sub: 'backend', groups: [], ...claims })}` },
  );

async function delegate(server: AdminServer, parent: Pick<RawSession, 'ask' | 'bound'>, id: string) {
  const key = generateAgentKey();
  const delegated = await parent.ask(
    'delegate',
    {
      token: parent.bound.token,
      agent: { id },
      scope: ['files.read'],
      authorizationDetails: [{ type: 'rta_action', actions: ['files.*'], locations: ['reports/*'] }],
      key: key.publicKey,
    },
    'delegated',
  );
  const connection = server.rawConnect();
  const control = await rawHello(connection);
  const session = delegated.session as RawSession['session'];
  const message = bindMessage(connection, control.welcome.challenge, session, key);
  return { ...control, session, key, bound: await control.ask('bind', message, 'bound') };
}

describe('introspection', () => {
  test('tells a backend all of a chain of three: who acts, for whom, with what rights and which key', async () => {
    const root = await t.agent('alice', 'co-pilot');
    const child = await delegate(t, root, 'researcher');
    const leaf = await delegate(t, child, 'reader');

    const { status, headers, body } = await introspect(t, formToken(leaf.bound.token));

    expect([status, headers.get('Cache-Control')]).toEqual([200, 'no-store']);
    expect(body).toEqual({
      active: true,
      iss: ISSUER,
      sub: 'alice',
      act: { sub: 'reader', act: { sub: 'researcher', act: { sub: 'co-pilot' } } },
      client_id: 'reader',
      scope: 'files.read',
      authorization_details: [{ type: 'rta_action', actions: ['files.*'], locations: ['reports/*'] }],
      iat: expect.any(Number),
      exp: Math.floor(leaf.bound.expiresAtMs / 1_000),
      cnf: { jkt: expect.stringMatching(/^[\w-]{43}$/) },
      rta_session: leaf.session,
      rta_generation: 1,
      rta_subject_issuer: idp.issuer,
      rta_attributes: {},
    });
  });

  test('knows the current token only: the one before is dead [I4]', async () => {
    const agent = await t.agent('bob');
    const before = formToken(agent.bound.token);
    await t.changeRisk('bob', 'MEDIUM');
    const { token } = decodeMessage('context', (await agent.pushes.next()).frame);

    expect((await introspect(t, before)).body).toEqual({ active: false });
    expect((await introspect(t, formToken(token))).body).toMatchObject({
      active: true,
      rta_generation: 2,
      rta_attributes: { riskLevel: 'MEDIUM' },
    });
  });

  test('says of a suspended session only that it is not active', async () => {
    await using u = await startAdminServer({ idp });
    const agent = await u.agent();
    await u.order({ action: 'suspend', target: { type: 'session', id: agent.session } });
    const { token } = decodeMessage('context', (await agent.pushes.next()).frame);

    expect((await introspect(u, formToken(token))).body).toEqual({ active: false });
  });

  test('says so of a session that has ended, and of whatever is no token', async () => {
    await using u = await startAdminServer({ idp });
    const agent = await u.agent();
    const token = formToken(agent.bound.token);
    await u.order({ action: 'end', target: { type: 'session', id: agent.session } });
    await agent.pushes.next();

    for (const text of [token, 'x', 'a.b.c', 'A'.repeat(128), `${token.slice(0, -2)}AA`]) {
      expect((await introspect(u, text)).body).toEqual({ active: false });
    }
  });

  test('says nothing on a node that cannot know whether it is up to date [I2]', async () => {
    const inner = createMemoryBroker();
    let up = true;
    await using stale = await startAdminServer({
      idp,
      broker: {
        ...inner,
        publish: (event) => (up ? inner.publish(event) : Promise.reject(new Error('down'))),
      },
    });
    const token = formToken((await stale.agent()).bound.token);
    const fresh = await introspect(stale, token);
    up = false;
    stale.clock.advance(6_001);

    expect(fresh.body.active).toBe(true);
    expect((await introspect(stale, token)).body).toEqual({ active: false });
  });

  test('says nothing where it cannot be written down [I7]', async () => {
    await using full = await startAdminServer({ idp });
    const token = formToken((await full.agent()).bound.token);
    full.store.audit.append = () => Promise.reject(new Error('disk full'));
    await introspect(full, 'x');

    await expect.poll(async () => (await introspect(full, token)).body).toEqual({ active: false });
  });

  test('needs a token of its own, and a policy that permits it', async () => {
    const token = formToken((await t.agent()).bound.token);
    const unauthenticated = await postForm(t, '/oauth/introspect', { token });
    const nobody = await introspect(t, token, { sub: 'nobody' });
    const agent = await introspect(t, token, { act: { sub: 'agent-1' } });

    expect([unauthenticated.status, unauthenticated.body.error]).toEqual([401, 'invalid_token']);
    // RFC 7662 §2.2: a token that they may not know of is not active to them.
    expect([nobody.status, nobody.body]).toEqual([200, { active: false }]);
    expect([agent.status, agent.body.error]).toEqual([403, 'access_denied']);
  });

  test('takes one token, in a form', async () => {
    const none = await postForm(t, '/oauth/introspect', {}, { Authorization: `Bearer ${t.adminToken()}` });
    const json = await t.ask('/oauth/introspect', { body: { token: 'x' } });

    expect([none.status, none.body.error]).toEqual([400, 'invalid_request']);
    expect(json.status).toBe(400);
  });

  test('is written down with who asked about which session, and never the token [I7] [I10]', async () => {
    const agent = await t.agent();
    const token = formToken(agent.bound.token);
    await introspect(t, token);
    const audited = await t.audit();

    expect(audited).toContainEqual(
      expect.objectContaining({
        kind: 'admin',
        action: 'admin:introspect',
        outcome: 'ok',
        cause: 'active',
        subject: { issuer: t.signing.trusted.issuer, sub: 'backend' },
        session: agent.session,
      }),
    );
    expect(JSON.stringify(audited)).not.toContain(token);
  });
});
