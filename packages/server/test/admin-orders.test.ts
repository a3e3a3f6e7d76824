import { decodeMessage, FRAME } from '@rta/protocol';
import { generateAgentKey } from '@rta/sdk';
import { describe, expect, test } from 'vitest';
import { type AdminServer, startAdminServer, startUsersIdp } from './admin-fixture.ts';
import { bindMessage, openLane, type RawSession, rawHello, receivePushes } from './raw-agent.ts';

const idp = await startUsersIdp();

/** Delegates from an agent to another one, on a connection of its own. */
async function delegate(t: AdminServer, parent: Pick<RawSession, 'ask' | 'bound'>, id: string) {
  const key = generateAgentKey();
  const delegated = await parent.ask(
    'delegate',
    { token: parent.bound.token, agent: { id }, scope: ['files.read'], key: key.publicKey },
    'delegated',
  );
  const connection = t.rawConnect();
  const pushes = receivePushes(connection);
  const control = await rawHello(connection);
  const session = delegated.session as RawSession['session'];
  const bound = await control.ask(
    'bind',
    bindMessage(connection, control.welcome.challenge, session, key),
    'bound',
  );
  return { ...control, connection, pushes, session, bound, key, lane: openLane(connection) };
}

const preview = async (t: AdminServer, order: object): Promise<string[]> => {
  const { status, body } = await t.ask('/admin/v1/changes', {
    body: { reason: 'a test', dryRun: true, ...order },
  });
  expect(status).toBe(200);
  return body.sessions.map(({ session }: { session: string }) => session);
};
const isLive = async (t: AdminServer, session: string): Promise<boolean> =>
  (await t.ask(`/admin/v1/sessions/${session}`)).status === 200;

describe('the kill switch', () => {
  test.each([
    ['one session', ({ child }: Forest) => ({ type: 'session', id: child.session }), ['child', 'grandchild']],
    [
      'an agent, for everybody',
      () => ({ type: 'agent', id: 'agent-1' }),
      ['root', 'child', 'grandchild', 'bobs'],
    ],
    ['an agent below another', () => ({ type: 'agent', id: 'child-1' }), ['child', 'grandchild']],
    [
      'a person by issuer and sub',
      () => ({ type: 'user', issuer: idp.issuer, sub: 'alice' }),
      ['root', 'child', 'grandchild'],
    ],
    [
      'a person by email, in any case',
      () => ({ type: 'user', issuer: idp.issuer, email: 'Alice@Example.com' }),
      ['root', 'child', 'grandchild'],
    ],
    [
      'a person by an opaque name',
      () => ({ type: 'user', issuer: idp.issuer, opaque: 'alice' }),
      ['root', 'child', 'grandchild'],
    ],
    ['everyone', () => ({ type: 'everyone' }), ['root', 'child', 'grandchild', 'bobs']],
  ] as const)('ends %s: those that a dry run names, and no others', async (_, targetOf, expected) => {
    await using t = await startAdminServer({ idp });
    const root = await t.agent('alice');
    const child = await delegate(t, root, 'child-1');
    const grandchild = await delegate(t, child, 'grandchild-1');
    const bobs = await t.agent('bob');
    const forest: Forest = { root, child, grandchild, bobs };
    const order = { action: 'end', target: targetOf(forest) };
    const ids = expected.map((name) => forest[name].session);

    const named = await preview(t, order);
    const before = await Promise.all(Object.values(forest).map(({ session }) => isLive(t, session)));
    await t.order(order);

    expect(named.toSorted()).toEqual(ids.toSorted());
    expect(before).toEqual([true, true, true, true]);
    for (const [name, { session, lane, bound }] of Object.entries(forest)) {
      const isHit = (expected as readonly string[]).includes(name);
      await expect.poll(() => isLive(t, session)).toBe(!isHit);
      expect((await lane(bound.token)).effect).toBe(isHit ? 'deny' : 'permit');
    }
  });

  test('is heard by agents on the connection that they hold, with its reason', async () => {
    await using t = await startAdminServer({ idp });
    const agent = await t.agent();

    const change = await t.order({
      action: 'end',
      target: { type: 'session', id: agent.session },
      reason: 'runs wild',
      txn: 'incident-7',
    });

    const { frame } = await agent.pushes.next();
    expect(frame.type).toBe(FRAME.revoked);
    expect(decodeMessage('revoked', frame)).toMatchObject({
      session: agent.session,
      cause: { kind: 'session-revoked', change, reason: 'runs wild', txn: 'incident-7' },
    });
  });

  test('keeps an agent away that exchanges again, until it is lifted', async () => {
    await using t = await startAdminServer({ idp });
    await t.agent('alice', 'agent-1');
    const target = { type: 'agent', id: 'agent-1' };
    await t.order({ action: 'end', target });
    t.clock.advance(1);

    await expect(t.agent('alice', 'agent-1')).rejects.toThrow('RTA_AUTHORITY_CEILING');
    await expect(t.agent('bob', 'agent-1')).rejects.toThrow('RTA_AUTHORITY_CEILING');
    const other = await t.agent('alice', 'agent-2');
    await t.order({ action: 'lift', target });
    t.clock.advance(1);
    const back = await t.agent('alice', 'agent-1');

    expect((await other.lane(other.bound.token)).effect).toBe('permit');
    expect((await back.lane(back.bound.token)).effect).toBe('permit');
  });

  test('lets an agent come back at once where the order says so', async () => {
    await using t = await startAdminServer({ idp });
    const agent = await t.agent();
    await t.order({ action: 'end', target: { type: 'agent', id: 'agent-1' }, keepOut: false });
    await expect.poll(() => isLive(t, agent.session)).toBe(false);
    t.clock.advance(1_000);

    const back = await t.agent();

    expect((await back.lane(back.bound.token)).effect).toBe('permit');
  });

  test('keeps a delegated agent away, whoever delegates to it', async () => {
    await using t = await startAdminServer({ idp });
    const root = await t.agent();
    await t.order({ action: 'end', target: { type: 'agent', id: 'child-1' } });
    t.clock.advance(1);

    await expect(delegate(t, root, 'child-1')).rejects.toThrow('RTA_AUTHORITY_CEILING');
  });

  test('ends a tenant, where the issuer says which organization its people belong to', async () => {
    await using t = await startAdminServer({ idp, tenantClaim: 'tid' });
    const open = (tid: string) =>
      t.openSession({ subjectToken: t.signing.sign(t.clock.now(), { tid, sub: `somebody of ${tid}` }) });
    const { session: hit } = await open('acme');
    const { session: other } = await open('umbrella');
    const ended = new Promise<void>((resolve) => {
      hit.signal.addEventListener('abort', () => resolve());
    });

    await t.order({
      action: 'end',
      target: { type: 'tenant', issuer: t.signing.trusted.issuer, id: 'acme' },
    });
    await ended;
    // By two clocks, so that a sign-in of the next moment does not count as newer.
    t.clock.advance(32_000);

    await expect(open('acme')).rejects.toThrow('RTA_AUTHORITY_CEILING');
    expect(other.signal.aborted).toBe(false);
  });

  test('suspends and resumes, also within one millisecond', async () => {
    await using t = await startAdminServer({ idp });
    const agent = await t.agent();
    const target = { type: 'user', issuer: idp.issuer, sub: 'alice' };
    const decide = async (): Promise<unknown> => {
      const { token, ...decision } = await agent.lane(agent.bound.token);
      return (token === undefined ? decision : await agent.lane(token)).effect;
    };

    await t.order({ action: 'suspend', target });
    const suspended = await decide();
    await t.order({ action: 'resume', target });

    expect(suspended).toBe('deny');
    await expect.poll(decide).toBe('permit');
  });

  test('recovers in steps: nothing, then reading, then everything', async () => {
    await using t = await startAdminServer({ idp });
    const agent = await t.agent();
    const target = { type: 'everyone' };
    let token = agent.bound.token;
    const may = async (action: string): Promise<string> => {
      let decision = await agent.lane(token, action);
      if (decision.token !== undefined) {
        token = decision.token;
        decision = await agent.lane(token, action);
      }
      return decision.effect;
    };
    const both = async (): Promise<readonly string[]> => [await may('files.read'), await may('files.write')];

    await t.order({ action: 'limit', target, scope: [] });
    await expect.poll(both).toEqual(['deny', 'deny']);
    await t.order({ action: 'limit', target, scope: ['files.read'] });
    await expect.poll(both).toEqual(['permit', 'deny']);
    await t.order({ action: 'lift', target });
    await expect.poll(both).toEqual(['permit', 'permit']);
  });

  test("takes back another administrator's word, and no transmitter's", async () => {
    await using t = await startAdminServer({ idp });
    const agent = await t.agent();
    const target = { type: 'user', issuer: idp.issuer, sub: 'alice' };
    await t.order({ action: 'suspend', target });
    await t.server.signal({
      id: 'from-the-idp',
      source: { issuer: idp.issuer, id: 'from-the-idp' },
      subject: { user: { by: 'iss-sub', issuer: idp.issuer, sub: 'alice' } },
      change: { kind: 'suspension', current: true },
      occurredAtMs: t.clock.now(),
      receivedAtMs: t.clock.now(),
    });
    await t.ask('/admin/v1/changes', {
      body: { action: 'resume', target, reason: 'all clear' },
      token: t.adminToken({ sub: 'another' }),
    });

    const { body } = await t.ask(`/admin/v1/sessions/${agent.session}`);
    expect(body).toMatchObject({
      state: 'suspended',
      suspensions: [{ kind: 'ordered', change: 'from-the-idp' }],
    });
  });

  test('is written down with who ordered it, and why', async () => {
    await using t = await startAdminServer({ idp });
    const agent = await t.agent();
    const change = await t.order({
      action: 'end',
      target: { type: 'session', id: agent.session },
      reason: 'runs wild',
      txn: 'incident-7',
    });

    expect(await t.audit()).toContainEqual(
      expect.objectContaining({
        kind: 'admin',
        outcome: 'ok',
        subject: { issuer: t.signing.trusted.issuer, sub: 'sam' },
        action: 'admin:end',
        resource: { type: 'Session', id: agent.session },
        policies: ['security'],
        change,
        txn: 'incident-7',
        detail: { reason: 'runs wild', dryRun: false },
      }),
    );
  });

  test('survives a restart: what an order said is in the store before it is answered [I2]', async () => {
    await using t = await startAdminServer({ idp });
    await t.order({ action: 'end', target: { type: 'agent', id: 'agent-1' } });
    await t.server.close();
    t.clock.advance(1);

    await using again = await startAdminServer({ idp, store: t.store, clock: t.clock });

    await expect(again.agent('alice', 'agent-1')).rejects.toThrow('RTA_AUTHORITY_CEILING');
  });
});

interface Forest {
  readonly root: RawSession;
  readonly child: Awaited<ReturnType<typeof delegate>>;
  readonly grandchild: Awaited<ReturnType<typeof delegate>>;
  readonly bobs: RawSession;
}
