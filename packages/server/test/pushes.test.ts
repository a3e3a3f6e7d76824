import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { decodeMessage, encodeMessage } from '@rta/protocol';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type EnforcementDiagnostics, enforcementChannel } from '../src/index.ts';
import { openBound, type RawPush, type RawSession, READ, rawSession } from './raw-agent.ts';
import { codeOfReturn, comeBack } from './restart-fixture.ts';
import { nextAuditRecord, startTestIdp, startTestServer, type TestServer } from './test-server.ts';

const idp = await startTestIdp();
const alices =
  (t: TestServer) =>
  async (connection = t.rawConnect()) =>
    rawSession(connection, (await t.signIn()).accessToken);

/** What is measured from here on. */
function measured(): EnforcementDiagnostics[] {
  const messages: EnforcementDiagnostics[] = [];
  const listen = (message: unknown): void => {
    messages.push(message as EnforcementDiagnostics);
  };
  subscribe(enforcementChannel.name, listen);
  onTestFinished(() => {
    unsubscribe(enforcementChannel.name, listen);
  });
  return messages;
}

const contextOf = ({ frame }: RawPush) => decodeMessage('context', frame);

/** An agent that has lost its connection because it did not acknowledge a change in time. */
async function cutOff(t: TestServer): Promise<RawSession> {
  const agent = await alices(t)();
  await t.changeRisk('alice', 'HIGH');
  await agent.pushes.next();
  t.clock.advance(6_000);
  await agent.connection.closed;
  return agent;
}

describe('a change of context', () => {
  test('is pushed with the token that replaces, what is in force, and why', async () => {
    await using t = await startTestServer({ idp });
    const agent = await alices(t)();

    const change = await t.changeRisk('alice', 'HIGH');

    const pushed = contextOf(await agent.pushes.next());
    expect(pushed).toEqual({
      session: agent.session,
      generation: 2,
      token: expect.any(Uint8Array),
      state: 'active',
      scope: ['files.read', 'files.write'],
      gained: [],
      lost: [],
      attributes: { riskLevel: 'HIGH' },
      cause: { kind: 'risk-level-change', change },
    });
    expect(await agent.lane(agent.bound.token)).toMatchObject({ cause: 'stale-token' });
    expect(await agent.lane(pushed.token)).toMatchObject({ effect: 'permit', generation: 2 });
    expect(await t.audit()).toContainEqual(
      expect.objectContaining({ kind: 'change', session: agent.session, cause: 'risk-level-change', change }),
    );
  });

  test('comes in the order of generations, on one stream [P-7.1]', async () => {
    await using t = await startTestServer({ idp });
    const agent = await alices(t)();

    await t.changeRisk('alice', 'HIGH');
    await t.changeRisk('alice', 'MEDIUM');
    await t.changeRisk('alice', 'LOW');

    const pushes = [await agent.pushes.next(), await agent.pushes.next(), await agent.pushes.next()];
    expect(pushes.map(contextOf).map(({ generation, attributes }) => [generation, attributes])).toEqual([
      [2, { riskLevel: 'HIGH' }],
      [3, { riskLevel: 'MEDIUM' }],
      [4, { riskLevel: 'LOW' }],
    ]);
    expect(new Set(pushes.map(({ stream }) => stream)).size).toBe(1);
  });

  test('that changes nothing is not pushed', async () => {
    await using t = await startTestServer({ idp });
    const agent = await alices(t)();
    await t.changeRisk('alice', 'HIGH');
    await agent.pushes.next();

    await t.changeRisk('alice', 'HIGH');

    expect(await agent.lane(agent.bound.token)).toMatchObject({ generation: 2 });
    expect(agent.pushes.waiting).toBe(0);
  });

  test('of one user reaches no session of another one', async () => {
    await using t = await startTestServer({ idp });
    const agent = await alices(t)();
    const bob = await rawSession(t.rawConnect(), (await t.signIn('bob')).accessToken);

    await t.changeRisk('alice', 'HIGH');
    await agent.pushes.next();

    expect(await bob.lane(bob.bound.token)).toMatchObject({ effect: 'permit', generation: 1 });
    expect(bob.pushes.waiting).toBe(0);
  });

  test('of policies brings a new token to every session [I4]', async () => {
    await using t = await startTestServer({ idp });
    const agent = await alices(t)();
    const bob = await rawSession(t.rawConnect(), (await t.signIn('bob')).accessToken);

    t.pdp.replace([]);

    for (const one of [agent, bob]) {
      const pushed = contextOf(await one.pushes.next());
      expect(pushed).toMatchObject({
        session: one.session,
        generation: 2,
        cause: { kind: 'policy-change', change: 'static:2' },
      });
      expect(await one.lane(one.bound.token)).toMatchObject({ cause: 'stale-token' });
      expect(await one.lane(pushed.token)).toMatchObject({ effect: 'deny', cause: 'default' });
    }
    expect(await t.audit()).toContainEqual(
      expect.objectContaining({ kind: 'policy', outcome: 'ok', policyRevision: 'static:2' }),
    );
  });
});

describe('the end of a session', () => {
  test('is pushed with its reason, and is the last that is said of it [P-7.4]', async () => {
    await using t = await startTestServer({ idp });
    const agent = await alices(t)();
    const change = await t.revoke('alice');

    const push = await agent.pushes.next();

    expect(decodeMessage('revoked', push.frame)).toEqual({
      session: agent.session,
      generation: 2,
      cause: { kind: 'session-revoked', change },
    });
    await push.ended;
    const acknowledged = nextAuditRecord(({ kind }) => kind === 'enforcement');
    push.acknowledge();
    expect(await acknowledged).toMatchObject({ outcome: 'acknowledged', session: agent.session });
    push.stream.end();
    // Lane and control stream are left, and so a connection has room for any number of sessions.
    await expect.poll(() => agent.connection.openStreams).toBe(2);
  });

  test('is pushed whatever words came with it [I2]', async () => {
    await using t = await startTestServer({ idp });
    const agent = await alices(t)();
    const nowMs = t.clock.now();

    await t.server.signal({
      id: 'a'.repeat(1_500),
      source: { issuer: 'test', id: 'x' },
      subject: { user: { by: 'iss-sub', issuer: idp.issuer, sub: 'alice' } },
      change: { kind: 'session-revoked' },
      occurredAtMs: nowMs,
      receivedAtMs: nowMs,
      reason: `\ud800${'ü'.repeat(5_000)}`,
    });

    const { frame } = await agent.pushes.next();
    expect(decodeMessage('revoked', frame)).toMatchObject({ session: agent.session, generation: 2 });
  });

  test('at its time is pushed as well', async () => {
    await using t = await startTestServer({ idp });
    const agent = await alices(t)();

    t.clock.advance(2 * 3_600_000);

    const { frame } = await agent.pushes.next();
    expect(decodeMessage('revoked', frame)).toMatchObject({ generation: 2, cause: { kind: 'expired' } });
    expect(t.server.openSessions).toBe(0);
  });
});

describe('an acknowledgement', () => {
  test('is measured from the arrival of the event, and audited [I8]', async () => {
    await using t = await startTestServer({ idp });
    const seen = measured();
    const agent = await alices(t)();
    const change = await t.changeRisk('alice', 'HIGH');
    const push = await agent.pushes.next();
    t.clock.advance(12);

    const audited = nextAuditRecord(({ kind }) => kind === 'enforcement');
    push.acknowledge();

    expect(await audited).toMatchObject({
      outcome: 'acknowledged',
      session: agent.session,
      actors: ['agent-1'],
      generation: 2,
      change,
      cause: 'risk-level-change',
      detail: { pushedAfterMs: 0, settledAfterMs: 12 },
    });
    expect(seen).toEqual([{ change, kind: 'risk-level-change', outcome: 'acknowledged', durationMs: 12 }]);
  });

  test('that does not come is missed after five seconds, and audited [I8]', async () => {
    await using t = await startTestServer({ idp });
    const seen = measured();
    const agent = await alices(t)();
    const change = await t.revoke('alice');
    await agent.pushes.next();

    t.clock.advance(4_000);
    expect(seen).toEqual([]);
    t.clock.advance(2_000);

    expect(seen).toMatchObject([{ change, kind: 'session-revoked', outcome: 'cut-off' }]);
    expect(await t.audit()).toContainEqual(
      expect.objectContaining({ kind: 'enforcement', outcome: 'cut-off', session: agent.session, change }),
    );
    // Who does not obey in time does not stay connected.
    expect(await agent.connection.closed).toMatchObject({ by: 'peer', code: 0x20 });
    expect(seen).toHaveLength(1);
  });

  test('counts for its own generation, session and connection only [I8]', async () => {
    await using t = await startTestServer({ idp });
    const seen = measured();
    const agent = await alices(t)();
    const other = await alices(t)();
    await t.changeRisk('alice', 'HIGH');
    const push = await agent.pushes.next();
    const others = await other.pushes.next();
    const ack = (session: string, generation: number): Uint8Array =>
      encodeMessage('ack', push.frame.requestId, { session, generation });

    push.stream.write(ack(agent.session, 1));
    push.stream.write(ack(agent.session, 3));
    push.stream.write(ack(other.session, 2));
    await agent.ask('ping', {}, 'pong');
    expect(seen).toEqual([]);

    push.acknowledge();
    push.acknowledge();
    others.acknowledge();
    await Promise.all([agent.ask('ping', {}, 'pong'), other.ask('ping', {}, 'pong')]);
    expect(seen.map(({ outcome }) => outcome)).toEqual(['acknowledged', 'acknowledged']);
  });
});

describe('an agent that does not take its pushes', () => {
  test.each([
    ['something else than an acknowledgement', encodeMessage('ping', 1, {}), 0x11],
    ['an acknowledgement that is none', encodeMessage('ack', 1, {} as never), 0x12],
    ['bytes that are no frame', new Uint8Array(8).fill(0xff), 0x10],
  ])('but answers with %s loses its connection', async (_, bytes, code) => {
    await using t = await startTestServer({ idp });
    const agent = await alices(t)();
    const { session: bystander } = await t.openSession({ subjectToken: (await t.signIn('bob')).accessToken });
    await t.changeRisk('alice', 'HIGH');
    const { stream } = await agent.pushes.next();

    stream.write(bytes);

    expect(await agent.connection.closed).toMatchObject({ by: 'peer', code });
    expect(await bystander.authorize(READ)).toMatchObject({ permitted: true, generation: 1 });
  });

  test('because it does not read loses its connection [I9] [P-7.5]', async () => {
    await using t = await startTestServer({ idp });
    const agent = await alices(t)(t.rawConnect({ maxBufferedBytes: 1_024, highWaterBytes: 512 }));
    const { session: bystander } = await t.openSession({ subjectToken: (await t.signIn('bob')).accessToken });
    await t.changeRisk('alice', 'HIGH');
    (await agent.pushes.next()).stream.pause();

    for (const level of ['LOW', 'HIGH', 'LOW', 'HIGH', 'LOW', 'HIGH'] as const) {
      await t.changeRisk('alice', level);
    }

    expect(await agent.connection.closed).toMatchObject({ by: 'peer', code: 0x15 });
    expect(await bystander.authorize(READ)).toMatchObject({ permitted: true, generation: 1 });
  });

  test('because it takes no more streams loses its connection [I9] [P-7.5]', async () => {
    await using t = await startTestServer({ idp });
    // Lanes and control stream count towards the server's limit, which is the same here.
    const agent = await alices(t)(t.rawConnect({ maxStreamCount: 2 }));
    const subjectToken = (await t.signIn()).accessToken;
    const second = await openBound(agent, subjectToken, { nonce: agent.nextNonce });
    await openBound(agent, subjectToken, { nonce: second.nextNonce });

    await t.changeRisk('alice', 'HIGH');

    expect(await agent.connection.closed).toMatchObject({ by: 'peer', code: 0x14 });
  });

  test('because it broke the push stream off is told on another one', async () => {
    await using t = await startTestServer({ idp });
    const agent = await alices(t)();
    await t.changeRisk('alice', 'HIGH');
    (await agent.pushes.next()).stream.reset(0);
    await agent.ask('ping', {}, 'pong');

    await t.changeRisk('alice', 'LOW');

    expect(contextOf(await agent.pushes.next())).toMatchObject({ generation: 3 });
    expect((await agent.lane(agent.bound.token)).cause).toBe('stale-token');
  });
});

describe('an agent that was cut off and comes back', () => {
  test('is told where its session stands now, and has no use for what it had before [I2, I4]', async () => {
    await using t = await startTestServer({ idp });
    const agent = await cutOff(t);
    await t.changeRisk('alice', 'LOW');
    await t.changeRisk('alice', 'MEDIUM');

    const back = await comeBack(t, agent);

    expect(back.bound).toMatchObject({ generation: 4, state: 'active' });
    expect(await back.lane(back.bound.token)).toMatchObject({ effect: 'permit', generation: 4 });
    expect(await back.lane(agent.bound.token)).toMatchObject({ cause: 'stale-token', generation: 4 });
  });

  test('is told of what happens from then on, and its word counts again [I2, I8]', async () => {
    await using t = await startTestServer({ idp });
    const back = await comeBack(t, await cutOff(t));
    const change = await t.changeRisk('alice', 'LOW');

    const push = await back.pushes.next();
    expect(contextOf(push)).toMatchObject({ generation: 3, attributes: { riskLevel: 'LOW' } });
    push.acknowledge();
    await back.ask('ping', {}, 'pong');

    expect(t.server.changes.get(change)).toMatchObject({ acknowledgedCount: 1, cutOffCount: 0 });
  });

  test('is refused when its session was revoked meanwhile [I2]', async () => {
    await using t = await startTestServer({ idp });
    const agent = await cutOff(t);
    await t.revoke('alice');

    expect(await codeOfReturn(t, agent)).toBe('RTA_AUTHORITY_SESSION_ENDED');
  });
});
