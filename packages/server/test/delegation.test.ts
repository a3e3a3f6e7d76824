import { decodeMessage } from '@rta/protocol';
import { generateAgentKey } from '@rta/sdk';
import { describe, expect, test } from 'vitest';
import {
  bindMessage,
  openLane,
  type RawSession,
  READ,
  rawHello,
  rawSession,
  receivePushes,
} from './raw-agent.ts';
import { startTestIdp, startTestServer, type TestServer } from './test-server.ts';

const idp = await startTestIdp();

async function startParent(t: TestServer, scope = 'files.read files.write'): Promise<RawSession> {
  return rawSession(t.rawConnect(), (await t.signIn()).accessToken, { scope });
}

/** A delegation that is good, with changes. */
function request(parent: Pick<RawSession, 'bound'>, key = generateAgentKey()) {
  return {
    token: parent.bound.token,
    agent: { id: 'child-1' },
    scope: ['files.read'],
    key: key.publicKey,
  };
}

/** Delegates, and binds the child on a connection of its own. */
async function startChild(
  t: TestServer,
  parent: Pick<RawSession, 'ask' | 'bound'>,
  scope: readonly string[] | 'all' = ['files.read'],
  id = 'child-1',
) {
  const key = generateAgentKey();
  const { scope: _scope, ...rest } = { ...request(parent, key), agent: { id } };
  const asked = scope === 'all' ? rest : { ...rest, scope };
  const delegated = await parent.ask('delegate', asked, 'delegated');
  const connection = t.rawConnect();
  const pushes = receivePushes(connection);
  const control = await rawHello(connection);
  const session = delegated.session as RawSession['session'];
  const message = bindMessage(connection, control.welcome.challenge, session, key);
  const bound = await control.ask('bind', message, 'bound');
  return { ...control, connection, pushes, session, bound, lane: openLane(connection), delegated, key };
}

describe('a delegated session', () => {
  test('is bound by its own key, and acts for the same user under both names [I7]', async () => {
    await using t = await startTestServer({ idp });
    const parent = await startParent(t);
    const child = await startChild(t, parent);

    expect(await child.lane(child.bound.token)).toMatchObject({ effect: 'permit' });

    const who = {
      session: child.session,
      parent: parent.session,
      subject: { issuer: idp.issuer, sub: 'alice' },
      actors: ['agent-1', 'child-1'],
    };
    const audited = await t.audit();
    expect(audited).toContainEqual(expect.objectContaining({ kind: 'delegation', outcome: 'ok', ...who }));
    expect(audited).toContainEqual(expect.objectContaining({ kind: 'decision', outcome: 'permit', ...who }));
  });

  test("has its parent's rights where it asks for none, and no more [I6]", async () => {
    await using t = await startTestServer({ idp, policy: [{ id: 'all', effect: 'permit' }] });
    const parent = await startParent(t, 'files.read');
    const child = await startChild(t, parent, 'all');

    expect(child.delegated.scope).toEqual(['files.read']);
    expect(await child.lane(child.bound.token)).toMatchObject({ effect: 'permit' });
    expect(await child.lane(child.bound.token, 'files.write')).toMatchObject({
      effect: 'deny',
      cause: 'not-granted',
    });
  });

  test('lives no longer than its parent', async () => {
    await using t = await startTestServer({ idp });
    const parent = await startParent(t);
    const ask = (lifetimeMs: number) =>
      parent.ask('delegate', { ...request(parent), lifetimeMs }, 'delegated');

    expect((await ask(30 * 86_400_000)).expiresAtMs).toBe(parent.bound.expiresAtMs);
    expect((await ask(60_000)).expiresAtMs).toBe(t.clock.now() + 60_000);
  });

  test('is not bound by the key of its parent [I5]', async () => {
    await using t = await startTestServer({ idp });
    const parent = await startParent(t);
    const { session } = await parent.ask('delegate', request(parent), 'delegated');
    const message = bindMessage(
      parent.connection,
      parent.welcome.challenge,
      session as RawSession['session'],
      parent.key,
    );

    expect(await parent.refusal('bind', message)).toMatchObject({ code: 'RTA_AUTHORITY_PROOF' });
  });

  test('ends with its parent, and hears of it [I6]', async () => {
    await using t = await startTestServer({ idp });
    const parent = await startParent(t);
    const child = await startChild(t, parent);
    const { session: bystander } = await t.openSession();

    await parent.ask('end', { token: parent.bound.token }, 'ended');

    const { frame } = await child.pushes.next();
    expect(decodeMessage('revoked', frame)).toEqual({
      session: child.session,
      generation: 2,
      cause: { kind: 'ended', change: expect.any(String), reason: 'ended by its agent' },
    });
    expect(await child.lane(child.bound.token)).toMatchObject({ effect: 'deny', cause: 'session-ended' });
    expect(await bystander.authorize(READ)).toMatchObject({ permitted: true, generation: 1 });
    expect(t.server.openSessions).toBe(1);
  });

  test('ends without its parent', async () => {
    await using t = await startTestServer({ idp });
    const parent = await startParent(t);
    const child = await startChild(t, parent);

    await child.ask('end', { token: child.bound.token }, 'ended');

    expect(await parent.lane(parent.bound.token)).toMatchObject({ effect: 'permit' });
  });

  test('goes on while its parent is away', async () => {
    await using t = await startTestServer({ idp });
    const parent = await startParent(t);
    const child = await startChild(t, parent);

    await parent.connection.close();
    await expect.poll(() => t.server.openConnections).toBe(1);

    expect(await child.lane(child.bound.token)).toMatchObject({ effect: 'permit' });
  });

  test("hears of its user's risk, like its parent", async () => {
    await using t = await startTestServer({ idp });
    const parent = await startParent(t);
    const child = await startChild(t, parent);

    await t.changeRisk('alice', 'HIGH');

    const told = [await parent.pushes.next(), await child.pushes.next()].map(
      ({ frame }) => decodeMessage('context', frame).attributes,
    );
    expect(told).toEqual([{ riskLevel: 'HIGH' }, { riskLevel: 'HIGH' }]);
  });
});

describe('a delegation is refused', () => {
  test('deeper than ten below the session of the user', async () => {
    await using t = await startTestServer({ idp });
    let last = await startChild(t, await startParent(t));
    for (let depth = 2; depth <= 10; depth++)
      last = await startChild(t, last, ['files.read'], `child-${depth}`);

    const refusal = await last.refusal('delegate', {
      token: last.bound.token,
      agent: { id: 'child-11' },
      scope: ['files.read'],
      key: generateAgentKey().publicKey,
    });

    expect(refusal).toMatchObject({ code: 'RTA_AUTHORITY_DEPTH', retryable: false });
    expect(await t.audit()).toContainEqual(
      expect.objectContaining({
        kind: 'delegation',
        outcome: 'refused',
        cause: 'RTA_AUTHORITY_DEPTH',
        session: last.session,
      }),
    );
    expect(t.server.openSessions).toBe(11);
  });

  test.each([
    ['a key for which anybody can sign', { key: new Uint8Array(32) }, 'RTA_AUTHORITY_PROOF'],
    [
      'something that the parent has not',
      { scope: ['files.read', 'files.delete'] },
      'RTA_AUTHORITY_WIDENING',
    ],
    ['a pattern that covers more than the parent has', { scope: ['*'] }, 'RTA_AUTHORITY_WIDENING'],
    ['no rights at all', { scope: [] }, 'RTA_AUTHORITY_GRANT_EMPTY'],
    ['a pattern that is none', { scope: ['files.*.read'] }, 'RTA_AUTHORITY_PATTERN'],
    [
      'more parts than a grant may have',
      {
        authorizationDetails: Array.from({ length: 128 }, () => ({
          type: 'rta_action' as const,
          actions: ['a', 'b'],
        })),
      },
      'RTA_AUTHORITY_GRANT_TOO_LARGE',
    ],
    ['an agent without a usable id', { agent: { id: 'x'.repeat(257) } }, 'RTA_IDP_AGENT'],
  ])('with %s', async (_, changes, code) => {
    await using t = await startTestServer({ idp });
    const parent = await startParent(t);

    expect(await parent.refusal('delegate', { ...request(parent), ...changes })).toMatchObject({ code });

    expect(t.server.openSessions).toBe(1);
    expect(await t.audit()).toContainEqual(
      expect.objectContaining({ kind: 'delegation', outcome: 'refused', cause: code }),
    );
    expect(await parent.lane(parent.bound.token)).toMatchObject({ effect: 'permit' });
  });

  test('with a token that was replaced [I4]', async () => {
    await using t = await startTestServer({ idp });
    const parent = await startParent(t);
    await t.changeRisk('alice', 'HIGH');

    expect(await parent.refusal('delegate', request(parent))).toMatchObject({
      code: 'RTA_SERVER_TOKEN_REFUSED',
    });
    expect(await t.audit()).toContainEqual(
      expect.objectContaining({ kind: 'refusal', cause: 'stale-token', session: parent.session }),
    );
  });

  test('with the token of a session that is bound elsewhere [I5]', async () => {
    await using t = await startTestServer({ idp });
    const parent = await startParent(t);
    const thief = await rawHello(t.rawConnect());

    expect(await thief.refusal('delegate', request(parent))).toMatchObject({
      code: 'RTA_SERVER_TOKEN_REFUSED',
    });
    expect(t.server.openSessions).toBe(1);
  });

  test('where the session could not be kept', async () => {
    await using t = await startTestServer({ idp });
    const parent = await startParent(t);
    t.store.sessions.put = () => Promise.reject(new Error('disk full'));

    expect(await parent.refusal('delegate', request(parent))).toMatchObject({
      code: 'RTA_SERVER_INTERNAL',
      message: 'the node failed to answer',
    });
    expect(t.server.openSessions).toBe(1);
  });
});
